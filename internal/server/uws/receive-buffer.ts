import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { errorText, logger } from '../../machinery/log.js';

const log = logger('receive-buffer.ts');
/**
 * What the kernel keeps of a connection is twice this, bytes, and a packet: less than the 512 KiB behind which
 * uWebSockets.js reads on without a turn of the event loop. It is also what Linux allows without asking (net.core.rmem_max).
 */
const RECEIVE_BUFFER_BYTES = 208 * 1024;
/** How long the helper may take. */
const HELPER_MS = 30_000;
/** So many connections that were made before the port was bounded are bounded too. */
const MAX_EARLY = 1024;
const ESTABLISHED = '01';
const LISTENING = '0A';
/** Its standard streams come before. */
const FIRST_FD = 3;

/**
 * Node sets no such option of a TCP socket; of a UDP socket it does, and the kernel makes no difference. In another process,
 * where the socket is a copy that is closed when it ends: nothing of this one is touched.
 */
const HELPER = `
const { UDP } = process.binding('udp_wrap');
let failed = 0;
for (let fd = ${FIRST_FD}; fd < ${FIRST_FD} + Number(process.argv[1]); fd++) {
  const handle = new UDP();
  failed ||= handle.open(fd);
  if (failed === 0) handle.bufferSize(${RECEIVE_BUFFER_BYTES}, true, {});
}
process.exit(failed === 0 ? 0 : 1);
`;

/**
 * Bounds what the kernel receives ahead on connections to this port of ours. uWebSockets.js reads as long as a read fills
 * 512 KiB: a client that sends faster than TLS is decrypted would hold up everybody else, and could not be held back; and
 * where a read fills that, the answer to a ping in it breaks a WebSocket (see `Turn`). The price is the speed of long
 * uploads over far connections: about 300 KiB for each round trip. Connections take the bound over from the port; those that
 * were made before it had it, up to 1,024, are given it afterwards, but for those in `bounded`, which `connectionsOf` told.
 * Where it cannot be done (no Linux, no /proc) nothing changes, and the log says so, unless the port `isClosed` meanwhile.
 */
export async function boundReceiveBuffer(
  port: number,
  isClosed: () => boolean = () => false,
  bounded: ReadonlySet<string> = new Set(),
): Promise<void> {
  try {
    if ((await inHelper(await sockets(port, LISTENING))) === 0) throw new Error('its socket was not found');
    const early = (await sockets(port, ESTABLISHED)).filter(({ link }) => !bounded.has(link));
    await inHelper(early.slice(0, MAX_EARLY));
  } catch (error) {
    if (isClosed()) return;
    log.warn(
      `fast uploads to port ${port} may hold up others, for receive buffers are not bounded: ${errorText(error)}`,
    );
  }
}

/** The connections to this port of ours that there are; none where it cannot be told. */
export async function connectionsOf(port: number): Promise<ReadonlySet<string>> {
  const there = await sockets(port, ESTABLISHED).catch(() => []);
  return new Set(there.map(({ link }) => link));
}

/** A descriptor of this process, and what it stood for. */
interface Descriptor {
  readonly fd: number;
  readonly link: string;
}

/** Sockets of this process with this local port, in this state. */
async function sockets(port: number, state: string): Promise<Descriptor[]> {
  const links = new Set<string>();
  const ours = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const file of ['/proc/self/net/tcp', '/proc/self/net/tcp6']) {
    for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n')) {
      // There may be tens of thousands, of which few are looked at closely.
      if (!line.includes(ours)) continue;
      const [, local, , itsState, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (itsState === state && local?.endsWith(ours)) links.add(`socket:[${inode}]`);
    }
  }
  const found: Descriptor[] = [];
  if (links.size === 0) return found;
  for (const name of await readdir('/proc/self/fd')) {
    // A descriptor may have been closed meanwhile.
    const link = await readlink(`/proc/self/fd/${name}`).catch(() => '');
    if (links.has(link)) found.push({ fd: Number(name), link });
  }
  return found;
}

/** Returns how many it was done for: the descriptors that still are what they were. */
async function inHelper(descriptors: readonly Descriptor[]): Promise<number> {
  // Until `spawn` returns nothing else is opened or closed.
  const fds = descriptors.filter(isStill).map(({ fd }) => fd);
  if (fds.length === 0) return 0;
  const helper = spawn(process.execPath, ['-e', HELPER, String(fds.length)], {
    stdio: ['ignore', 'ignore', 'ignore', ...fds],
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: HELPER_MS,
  });
  const [code] = (await once(helper, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the helper ended with ${code}`);
  return fds.length;
}

function isStill({ fd, link }: Descriptor): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === link;
  } catch {
    return false; // It was closed.
  }
}
