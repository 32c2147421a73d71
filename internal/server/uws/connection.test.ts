import { expect, test } from 'vitest';
import type { WebSocketConnection } from '../../rest/web-socket.js';
import type { UWS } from './native.js';
import { Crumbs } from './crumbs.js';
import { UwsWebSocket, webSocketBehavior } from './web-socket.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A WebSocket whose client is the test, in place of uWebSockets.js. */
function opened(accept: (socket: WebSocketConnection) => void = () => undefined, cannotPause = false) {
  const seen: unknown[] = [];
  /** What `send` of uWebSockets.js says; then that it is sent. */
  const sends: number[] = [];
  let corked = false;
  const ws = {
    cork: (action: () => void) => {
      corked = true;
      action();
      corked = false;
    },
    send: (message: Buffer | string, isBinary: boolean) => {
      seen.push(['send', String(message), isBinary, corked]);
      return sends.shift() ?? 1;
    },
    end: (code: number, reason: string) => seen.push(['end', code, reason]),
  };
  const flow = (what: string) =>
    function (this: unknown) {
      seen.push(this === ws ? what : `${what} on something else`);
      if (cannotPause) throw new Error('it is no response');
    };
  const crumbs = new Crumbs();
  const connection = new UwsWebSocket('v1', accept, { pause: flow('pause'), resume: flow('resume') }, crumbs);
  const socket = ws as unknown as UWS.WebSocket<{ connection: UwsWebSocket }>;
  return { connection, seen, sends, socket, open: () => connection.opened(socket) };
}
const message = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes);

test('Every WebSocket has its bounds: 1 MiB a message, 16 MiB unsent, 120 s without a word, no compression', () => {
  expect(webSocketBehavior).toMatchObject({
    maxPayloadLength: MIB,
    maxBackpressure: 16 * MIB,
    closeOnBackpressureLimit: true,
    idleTimeout: 120,
    sendPingsAutomatically: true,
    compression: 0,
  });
});

test('It is handed to who takes it, and each event to it', () => {
  const taken: WebSocketConnection[] = [];
  const { connection, socket, seen } = opened((given) => taken.push(given));
  const ws = { ...socket, getUserData: () => ({ connection }) } as unknown as typeof socket;
  connection.onMessage((bytes, isBinary) => void seen.push([bytes.toString(), isBinary]));
  connection.onDrain(() => seen.push('drain'));
  connection.onClose((code) => seen.push(`closed ${code}`));
  connection.onClose(() => seen.push('everybody is told'));
  expect(connection.protocol).toBe('v1');
  const text = new TextEncoder().encode('hello').buffer;
  void webSocketBehavior.open?.(ws);
  expect(taken).toEqual([connection]);
  void webSocketBehavior.message?.(ws, text, true);
  void webSocketBehavior.message?.(ws, text, false);
  webSocketBehavior.drain?.(ws);
  expect(connection.closed).toBe(false);
  webSocketBehavior.close?.(ws, 1001, new ArrayBuffer(0));
  expect(connection.closed).toBe(true);
  webSocketBehavior.close?.(ws, 1002, new ArrayBuffer(0));
  expect(seen).toEqual([['hello', true], ['hello', false], 'drain', 'closed 1001', 'everybody is told']);
});

test('What is sent is text or bytes, in a cork; it flows where it was sent whole', () => {
  const { connection, seen, sends, open } = opened();
  expect(connection.send('early')).toBe(true);
  open();
  connection.drained();
  sends.push(1, 0, 2);
  expect([connection.send('a'), connection.send(Buffer.from('b')), connection.send('c')]).toEqual([true, false, false]);
  expect(seen).toEqual([
    ['send', 'a', false, true],
    ['send', 'b', true, true],
    ['send', 'c', false, true],
  ]);
  connection.ended(1000);
  expect(connection.send('d')).toBe(false);
  expect(seen).toHaveLength(3);
});

test('It is closed with what is said, and once it is closed not again', () => {
  const { connection, seen, open } = opened();
  connection.close();
  open();
  connection.close();
  connection.close(1008, 'no');
  connection.ended(1000);
  connection.close();
  expect(seen).toEqual([
    ['end', 1000, ''],
    ['end', 1008, 'no'],
  ]);
});

test('Who does not take it, or fails at a message, has it closed with 1011', () => {
  const untaken = opened(() => {
    throw new Error('no');
  });
  untaken.open();
  expect(untaken.seen).toEqual([['end', 1011, '']]);
  const failing = opened();
  failing.open();
  failing.connection.onMessage(() => {
    throw new Error('no');
  });
  failing.connection.receive(message(1), true);
  expect(failing.seen).toEqual([['end', 1011, '']]);
});

test('Its client is held back while more than 1 MiB waits, until it is less than 256 KiB', async () => {
  const { connection, seen, open } = opened();
  open();
  connection.receive(message(MIB - 256), true);
  expect(seen).toEqual([]);
  connection.receive(message(0), true);
  expect(seen).toEqual([]);
  connection.receive(message(1), true);
  connection.receive(message(256 * KIB - 384), true);
  connection.receive(message(0), true);
  connection.receive(message(0), true);
  expect(seen).toEqual(['pause']);
  const ends: (() => void)[] = [];
  connection.onMessage(() => new Promise<void>((resolve) => ends.push(resolve)));
  const next = async (): Promise<unknown[]> => {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    return seen.slice(1);
  };
  expect(await next()).toEqual([]);
  expect(await next()).toEqual([]);
  // 256 KiB wait: not less.
  expect(await next()).toEqual(['resume']);
  await next();
  expect(seen).toEqual(['pause', 'resume']);
});

test('It is read again when it is to be closed, for the answer of its client', () => {
  const { connection, seen, open } = opened();
  open();
  connection.receive(message(MIB), true);
  connection.close();
  expect(seen).toEqual(['pause', 'resume', ['end', 1000, '']]);
});

// The process remembers it: nothing that is held back may come after this.
test('Where its client cannot be held back, it is closed when more than 16 MiB wait', () => {
  const { connection, seen, open } = opened(undefined, true);
  open();
  connection.receive(message(8 * MIB), true);
  connection.receive(message(8 * MIB - 256), true);
  expect(seen).toEqual(['pause']);
  connection.receive(message(0), true);
  expect(seen.slice(1)).toEqual([['end', 1013, 'messages come faster than they are passed on']]);
  // That is known from now on.
  const next = opened();
  next.open();
  next.connection.receive(message(2 * MIB), true);
  expect(next.seen).toEqual([]);
});
