import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ADMIN_TOKEN, startTestServer } from '../testing.js';
import { boundReceiveBuffer } from './receive-buffer.js';

const MIB = 1024 * 1024;
const TOTAL = 100 * MIB;

/**
 * Another process that sends 100 MiB through a WebSocket, as fast as it can, to the port that it is told, and a ping with
 * every message.
 */
const CLIENT = `
const message = Buffer.alloc(8 + 32768 + 6);
message.writeUInt32BE(0x82fe8000);
message.writeUInt16BE(0x8980, 8 + 32768);
const block = Buffer.concat(Array(32).fill(message));
process.stdout.write('ready');
process.stdin.once('data', (port) => {
  const socket = require('node:tls').connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
  socket.write('GET /api/v1/namespaces/ns/pods/p/exec HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer ' + process.argv[1] +
    '\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n');
  let left = ${TOTAL} / 32768;
  const go = () => {
    while (left > 0) { left -= 32; if (!socket.write(block)) return socket.once('drain', go); }
  };
  socket.once('data', () => { socket.resume(); go(); });
  socket.on('error', (error) => process.stderr.write(String(error)));
});
`;

test.skipIf(process.platform !== 'linux').for([
  ['when the port is bounded', false],
  ['before the port is bounded', true],
] as const)(
  'a client that sends faster than is read does not hold up others, nor lose anything, connected %s',
  async ([, isEarly]) => {
    let received = 0;
    let inTurn = 0;
    let most = 0;
    let done: (closed?: Error) => void = () => undefined;
    const all = new Promise<Error | undefined>((resolve) => (done = resolve));
    let bounded: Promise<void> | undefined;
    const client = spawn(process.execPath, ['-e', CLIENT, ADMIN_TOKEN], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(client.stdout, 'data');
    const server = await startTestServer(0, async () => {
      await bounded;
      return {
        status: 101,
        contentType: '',
        protocol: '',
        accept: (socket) => {
          socket.onClose((code) => done(new Error(`closed with ${code} after ${received} bytes`)));
          socket.onMessage((message) => {
            if (inTurn === 0) {
              setImmediate(() => {
                most = Math.max(most, inTurn);
                inTurn = 0;
              });
            }
            inTurn += message.length;
            received += message.length;
            if (received === TOTAL) done();
          });
        },
      };
    });
    const connect = (): void => void client.stdin.write(String(server.port));
    if (isEarly) {
      // It takes a moment to make a connection, and many to start the helper.
      connect();
      while (server.listener.connections() === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await (bounded = boundReceiveBuffer(server.port));
    if (!isEarly) connect();
    expect(await all).toBeUndefined();
    expect(most).toBeLessThan(MIB);
    client.kill();
    await server.close();
  },
);
