import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
const LISTENING = '0A';

/**
 * Node sets no such option of a TCP socket; of a UDP socket it does, and the kernel makes no difference. In another process,
 * where the socket is a copy that is closed when it ends: nothing of this one is touched.
 */
const HELPER = `
const { UDP } = process.binding('udp_wrap');
const handle = new UDP();
const failed = handle.open(3);
if (failed === 0) handle.bufferSize(${RECEIVE_BUFFER_BYTES}, true, {});
process.exit(failed === 0 ? 0 : 1);
`;

/**
 * Bounds what the kernel receives ahead on connections to this port of ours that are made from now on. uWebSockets.js reads
 * as long as a read fills 512 KiB: a client that sends faster than TLS is decrypted would hold up everybody else, and
 * could not be held back. The price is the speed of long uploads over far connections: about 300 KiB for each round trip.
 * Where it cannot be done (no Linux, no /proc) nothing changes, and the log says so, unless the port `isClosed` meanwhile.
 */
export async function boundReceiveBuffer(port: number, isClosed: () => boolean = () => false): Promise<void> {
  try {
    const sockets = await listeningSockets(port);
    for (const fd of sockets) await inHelper(fd);
    if (sockets.length === 0) throw new Error('its socket was not found');
  } catch (error) {
    if (isClosed()) return;
    log.warn(
      `fast uploads to port ${port} may hold up others, for receive buffers are not bounded: ${errorText(error)}`,
    );
  }
}

/** Descriptors of this process that listen on a port. */
async function listeningSockets(port: number): Promise<number[]> {
  const inodes = new Set<string>();
  for (const file of ['/proc/self/net/tcp', '/proc/self/net/tcp6']) {
    for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n')) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state === LISTENING && Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) === port)
        inodes.add(inode);
    }
  }
  const found: number[] = [];
  for (const fd of await readdir('/proc/self/fd')) {
    // A descriptor may have been closed meanwhile.
    const link = await readlink(`/proc/self/fd/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (inode !== undefined && inodes.has(inode)) found.push(Number(fd));
  }
  return found;
}

async function inHelper(fd: number): Promise<void> {
  const helper = spawn(process.execPath, ['-e', HELPER], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: HELPER_MS,
  });
  const [code] = (await once(helper, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the helper ended with ${code}`);
}
