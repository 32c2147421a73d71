import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { until } from '../testing/until.js';
import { Arrivals, type ArrivalsOptions } from './arrivals.js';

let arrivals: Arrivals | undefined;
const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  arrivals?.close();
});

async function listening(options: Pick<ArrivalsOptions, 'take'> & Partial<ArrivalsOptions>): Promise<number> {
  arrivals = new Arrivals({ silentMs: 60_000, mostSilent: 100, ...options });
  arrivals.server.listen(0, '127.0.0.1');
  await once(arrivals.server, 'listening');
  return (arrivals.server.address() as AddressInfo).port;
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

test('of clients that speak at the same moment only some are taken in one turn, and all in the end', async () => {
  const inTurns: number[] = [];
  let taken = 0;
  const port = await listening({
    take: (socket) => {
      if (taken === 0 || inTurns.length === 0) inTurns.push(0);
      if (inTurns.at(-1) === 0) setImmediate(() => inTurns.push(0));
      inTurns[inTurns.length - 1] = (inTurns.at(-1) ?? 0) + 1;
      taken++;
      for (const end = performance.now() + 2; performance.now() < end; );
      socket.destroy();
    },
  });
  const all = await Promise.all(Array.from({ length: 40 }, () => client(port)));
  for (const socket of all) socket.write('hello');
  await until(() => taken === 40);
  // Those of what is read, and those of the turns that follow.
  expect(Math.max(...inTurns)).toBeLessThanOrEqual(6);
});

test('a client is taken when it has said something, which is still to be read', async () => {
  const taken: Socket[] = [];
  const port = await listening({ take: (socket) => void taken.push(socket) });
  const silent = await client(port);
  (await client(port)).write('hello');
  await until(() => taken.length === 1);
  expect(String(taken[0]?.read())).toBe('hello');
  silent.write('I too');
  await until(() => taken.length === 2);
  expect(String(taken[1]?.read())).toBe('I too');
});

test('a client that goes away before it says anything is not taken', async () => {
  let taken = 0;
  const port = await listening({ take: () => taken++ });
  const gone = await client(port);
  gone.end();
  await once(gone, 'close');
  expect(taken).toBe(0);
});

test('a client that is silent for too long is closed, and with too many the oldest', async () => {
  const port = await listening({ take: () => undefined, mostSilent: 2 });
  const all = [await client(port), await client(port), await client(port)];
  await once(all[0] as Socket, 'close');
  expect(all.map(({ closed }) => closed)).toEqual([true, false, false]);
  arrivals?.close();
  await until(() => all.every(({ closed }) => closed));
  const other = await listening({ take: () => undefined, silentMs: 20 });
  await once(await client(other), 'close');
});
