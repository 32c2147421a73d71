import { Session } from 'node:inspector/promises';
import type { ApiRequest, BytesReply, Reply } from '../rest/types.js';

/** Where it is that kube-apiserver has Go's profiles. */
const BASE = '/debug/pprof';
/** How long a profile is taken where nobody says, and at most, in seconds. */
const DEFAULT_SECONDS = 30;
const MAX_SECONDS = 120;
/** A sample each 10 ms, as Go takes them: the end of a profile holds the event loop for as long as it has samples. */
const CPU_INTERVAL_US = 10_000;
/** Allocations are sampled each so many bytes on average, as Go does. */
const HEAP_INTERVAL_BYTES = 512 * 1024;

interface Profile {
  readonly name: string;
  readonly shows: string;
  /** The file's ending, by which tools know it. */
  readonly ending: string;
  /** Starts it; what is returned ends it, and gives it as JSON. */
  start(session: Session): Promise<() => Promise<object>>;
}

const PROFILES: readonly Profile[] = [
  {
    name: 'profile',
    shows: `What the processor worked on for ?seconds=${DEFAULT_SECONDS} (at most ${MAX_SECONDS}), for the performance tools of a browser.`,
    ending: 'cpuprofile',
    async start(session) {
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
      await session.post('Profiler.start');
      return async () => (await session.post('Profiler.stop')).profile;
    },
  },
  {
    name: 'heap',
    shows: `What was allocated in ?seconds=${DEFAULT_SECONDS} and is still held, for the memory tools of a browser.`,
    ending: 'heapprofile',
    async start(session) {
      await session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_INTERVAL_BYTES });
      return async () => (await session.post('HeapProfiler.stopSampling')).profile;
    },
  },
];

/** Profiles that are being taken. */
const running = new Set<string>();

/**
 * `/debug/pprof/` and the profiles below it, authorized like every other path; undefined for other paths. They are V8's
 * (`.cpuprofile`, `.heapprofile`), not Go's. One of each is taken at a time; another one is refused with 500, as Go does.
 * To begin one holds the event loop for some 0.1 s: V8 looks at all code first.
 */
export function handleProfiling(request: ApiRequest): Reply | Promise<Reply> | undefined {
  const { path } = request;
  if (path === BASE) return { ...text(302, ''), headers: { Location: `${BASE}/` } };
  if (!path.startsWith(`${BASE}/`)) return undefined;
  const name = path.slice(BASE.length + 1);
  if (name === '') return { status: 200, contentType: 'text/html; charset=utf-8', body: index() };
  if (name === 'cmdline') return text(200, process.argv.join('\0'));
  const profile = PROFILES.find((p) => p.name === name);
  if (profile === undefined) return text(404, 'Unknown profile\n');
  const seconds = secondsOf(request);
  if (seconds > MAX_SECONDS) return text(400, `profile duration exceeds ${MAX_SECONDS} seconds\n`);
  if (running.has(name)) return text(500, `Could not enable profiling: ${name} profiling already in use\n`);
  return taken(profile, seconds, request);
}

async function taken(profile: Profile, seconds: number, request: ApiRequest): Promise<Reply> {
  running.add(profile.name);
  const session = new Session();
  try {
    session.connect();
    const end = await profile.start(session);
    await passed(seconds, request);
    const body = JSON.stringify(await end());
    const file = `attachment; filename="${profile.name}.${profile.ending}"`;
    return { status: 200, contentType: 'application/json', headers: { ...HEADERS, 'Content-Disposition': file }, body };
  } finally {
    session.disconnect();
    running.delete(profile.name);
  }
}

/** Resolves after so many seconds, or when the client is gone. The process may end before. */
function passed(seconds: number, request: ApiRequest): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000).unref();
    request.onAborted?.(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** As Go reads it: what is no positive number is the default. */
function secondsOf({ query }: ApiRequest): number {
  const text = query.get('seconds') ?? '';
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : DEFAULT_SECONDS;
}

const HEADERS = { 'X-Content-Type-Options': 'nosniff', 'X-Go-Pprof': '1' };
const text = (status: number, body: string): BytesReply => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  headers: HEADERS,
  body,
});

function index(): string {
  const rows = PROFILES.map(({ name, shows }) => `<li><a href="${name}">${name}</a>: ${shows}</li>`);
  return `<html><head><title>${BASE}/</title></head><body>
<p>${BASE}/</p>
<p>Profiles of this process, as V8 makes them:</p>
<ul>
${rows.join('\n')}
<li><a href="cmdline">cmdline</a>: The command line of this process.</li>
</ul>
</body></html>
`;
}
