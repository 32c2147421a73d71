import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPaths } from './paths.js';
import { JANE_TOKEN, startTestServer, type TestServer } from './testing.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer(0, () => ({ status: 200, contentType: 'application/json', body: '{}' }));
});
afterAll(() => server.close());

interface CallFrame {
  readonly functionName: string;
}
interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
}

/** Keeps the processor busy in a function that a profile must show, until `over`. */
async function busyUntil(over: Promise<unknown>): Promise<void> {
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  const spinAround = (): number => {
    let sum = 0;
    for (let i = 0; i < 3e6; i++) sum += Math.sqrt(i);
    return sum;
  };
  while (!isOver) {
    spinAround();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a profile of the processor is what the tools of a browser read, of the time that was asked for', async () => {
  const asked = server.call('/debug/pprof/profile?seconds=1');
  await busyUntil(asked);
  const { status, headers, body } = await asked;
  expect(status).toBe(200);
  expect(headers['content-disposition']).toBe('attachment; filename="profile.cpuprofile"');
  const profile = JSON.parse(body) as CpuProfile;
  expect(profile.endTime - profile.startTime).toBeGreaterThan(900_000);
  expect(profile.samples.length).toBeGreaterThan(0);
  expect(profile.nodes.map((node) => node.callFrame.functionName)).toContain('spinAround');
});

test('a profile of the heap tells what was allocated', async () => {
  const { status, headers, body } = await server.call('/debug/pprof/heap?seconds=1');
  expect(status).toBe(200);
  expect(headers['content-disposition']).toBe('attachment; filename="heap.heapprofile"');
  expect(JSON.parse(body)).toHaveProperty('head.callFrame');
});

test('one is taken at a time, and not for too long', async () => {
  const both = await Promise.all([1, 2].map(() => server.call('/debug/pprof/profile?seconds=1')));
  const [taken, refused] = both.toSorted((a, b) => a.status - b.status);
  expect([taken?.status, refused?.status]).toEqual([200, 500]);
  expect(refused?.body).toBe('Could not enable profiling: profile profiling already in use\n');
  expect(await server.call('/debug/pprof/profile?seconds=1')).toMatchObject({ status: 200 });
  expect(await server.call('/debug/pprof/profile?seconds=121')).toMatchObject({
    status: 400,
    body: 'profile duration exceeds 120 seconds\n',
  });
});

test.each([
  ['the longest that there is', 120],
  ['one of no time, which is one of the usual time', 0],
])('a client that goes away ends its profile, and another one may be taken: %s', async (_what, seconds) => {
  const gone = new AbortController();
  const broken = server.call(`/debug/pprof/heap?seconds=${seconds}`, { signal: gone.signal });
  const taking = async (): Promise<number> => (await server.call('/debug/pprof/heap?seconds=1')).status;
  await expect.poll(taking, { timeout: 20_000 }).toBe(500);
  gone.abort();
  await expect(broken).rejects.toThrow();
  await expect.poll(taking, { timeout: 20_000 }).toBe(200);
});

test('the pages around them, and what is not there', async () => {
  expect(await server.call('/debug/pprof')).toMatchObject({ status: 302, headers: { location: '/debug/pprof/' } });
  const index = await server.call('/debug/pprof/');
  expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(index.body).toContain(
    '<li><a href="profile">profile</a>: What the processor worked on for ?seconds=30 (at most 120)',
  );
  expect(index.body).toContain(
    '</li>\n<li><a href="heap">heap</a>: What was allocated in ?seconds=30 and is still held',
  );
  expect(await server.call('/debug/pproff/profile')).toMatchObject({ status: 404, body: '404 page not found\n' });
  expect((await server.call('/debug/pprof/cmdline')).body).toContain(process.argv[0]);
  expect(await server.call('/debug/pprof/goroutine')).toMatchObject({
    status: 404,
    body: 'Unknown profile\n',
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', 'x-go-pprof': '1' },
  });
});

test('only who may sees them', async () => {
  expect((await server.call('/debug/pprof/profile?seconds=1', { token: JANE_TOKEN })).status).toBe(403);
});

test('without --profiling there is nothing', async () => {
  const none = (): undefined => undefined;
  const paths = createPaths({
    health: {
      ready: () => true,
      started: { checks: [], failure: none },
      storeFailure: none,
      shuttingDown: () => false,
    },
    openId: { issuer: '', jwksUri: '', keys: [] },
    discovery: none,
    openApi: none,
    profiling: false,
    flags: new Map(),
    groupPaths: () => [],
  } as unknown as Parameters<typeof createPaths>[0]);
  const request = { method: 'GET', path: '/debug/pprof/', query: new URLSearchParams() };
  expect(await paths(request as Parameters<typeof paths>[0])).toMatchObject({ status: 404 });
});
