import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Arrivals } from '../machinery/arrivals.js';
import { splitAddress } from './address.js';

/** How long a connection may be silent, milliseconds: a member speaks at once. */
const SILENT_MS = 10_000;
/** Connections over which nothing has come yet. */
const MAX_SILENT = 1_024;

/** Takes connections of other members in. */
export interface Door {
  /** Takes no more, and ends those over which nothing has come. */
  close(): void;
}

/**
 * Listens on host:port, on all addresses that a name has, and hands on each connection over which something has come.
 * Rejects where none of the addresses can be had, or another program has one of them.
 */
export async function openDoor(listen: string, take: (socket: Socket) => void): Promise<Door> {
  const { host, port } = splitAddress(listen);
  const open: Arrivals[] = [];
  let failure: NodeJS.ErrnoException | undefined;
  for (const { address } of await lookup(host, { all: true })) {
    const arrivals = new Arrivals({ take, silentMs: SILENT_MS, mostSilent: MAX_SILENT });
    arrivals.server.listen(port, address);
    try {
      await once(arrivals.server, 'listening');
      // Its port is open; what fails later is one connection.
      arrivals.server.on('error', () => undefined);
      open.push(arrivals);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
      if (failure.code === 'EADDRINUSE') break;
    }
  }
  const close = (): void => {
    for (const arrivals of open) arrivals.close();
  };
  if (failure !== undefined && (open.length === 0 || failure.code === 'EADDRINUSE')) {
    close();
    throw failure;
  }
  return { close };
}
