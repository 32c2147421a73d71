import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_TOKEN, startTestServer, type TestServer } from '../testing.js';
import type { RequestHandler } from '../http-listener.js';
import { listen } from './listener.js';

const BYTES = 24 * 1024 * 1024;
const body = Buffer.alloc(BYTES, 'abcdefghijklmnopqrstuvwxyz');

let files: TestServer;
let port = 0;
let close: (graceMs: number) => Promise<void>;
/** Requests that are not over. */
let open = 0;
let changed: (() => void)[] = [];
beforeAll(async () => {
  // For its certificates.
  files = await startTestServer(0, () => ({ status: 200, contentType: 'text/plain', body: '' }));
  const handler: RequestHandler = {
    serve: ({ rawPath }) => {
      if (rawPath !== '/large')
        return { reply: { status: 200, contentType: 'text/plain', body: 'small' }, auditId: '' };
      open++;
      const finished = (): void => {
        open--;
        for (const resolve of changed.splice(0)) resolve();
      };
      return { reply: { status: 200, contentType: 'text/plain', body }, auditId: '', finished };
    },
  };
  const certFile = `${files.dir}/apiserver.crt`;
  const keyFile = `${files.dir}/apiserver.key`;
  const listener = await listen({ host: '127.0.0.1', port: 0, certFile, keyFile, clientCaFile: undefined }, handler);
  port = listener.port;
  close = (graceMs) => listener.close(graceMs);
});
afterAll(async () => {
  await close(100);
  await files.close();
});

const isOver = (): Promise<void> =>
  open === 0 ? Promise.resolve() : new Promise((resolve) => changed.push(() => resolve()));

/** A client that has asked for the long answer and reads when it is told to. */
function client() {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  const ask = (path: string): void => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
  };
  const chunks: Buffer[] = [];
  let length = 0;
  const until = (bytes: number): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= bytes) resolve();
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed')));
    });
  return { socket, ask, until, text: () => Buffer.concat(chunks) };
}

test('a long answer is over when its client has read it, whole, and the connection goes on', async () => {
  const { socket, ask, until, text } = client();
  await new Promise<void>((resolve) => socket.once('secureConnect', resolve));
  ask('/large');
  // The first bytes are there, the rest waits for the client.
  await new Promise<void>((resolve) => socket.once('readable', resolve));
  expect(open).toBe(1);
  const read = until(BYTES);
  await read;
  await isOver();
  const first = text();
  const start = first.indexOf('\r\n\r\n') + 4;
  expect(first.subarray(0, start).toString()).toContain(`Content-Length: ${BYTES}`);
  const more = until(1);
  if (first.length < start + BYTES) await more;
  ask('/small');
  while (
    !text()
      .subarray(start + BYTES)
      .toString()
      .includes('small')
  )
    await until(1);
  expect(
    text()
      .subarray(start, start + BYTES)
      .equals(body),
  ).toBe(true);
  socket.destroy();
});

test('it is over, too, when its client goes away', async () => {
  const { socket, ask } = client();
  await new Promise<void>((resolve) => socket.once('secureConnect', resolve));
  ask('/large');
  await new Promise<void>((resolve) => socket.once('readable', resolve));
  expect(open).toBe(1);
  socket.destroy();
  await isOver();
  expect(open).toBe(0);
});
