import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { ADMIN_TOKEN, startTestServer } from '../testing.js';
import { boundReceiveBuffer } from './receive-buffer.js';

const MIB = 1024 * 1024;
const TOTAL = 200 * MIB;

/** Another process that sends 200 MiB through a WebSocket, as fast as it can. */
const CLIENT = `
const message = Buffer.alloc(8 + 32768);
message.writeUInt32BE(0x82fe8000);
const block = Buffer.concat(Array(32).fill(message));
const socket = require('node:tls').connect({ port: process.argv[1], host: '127.0.0.1', rejectUnauthorized: false });
socket.write('GET /api/v1/namespaces/ns/pods/p/exec HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer ' + process.argv[2] +
  '\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n');
let left = ${TOTAL} / 32768;
const go = () => {
  while (left > 0) { left -= 32; if (!socket.write(block)) return socket.once('drain', go); }
};
socket.once('data', go);
`;

test.skipIf(process.platform !== 'linux')(
  'a client that sends faster than is read does not hold up others',
  async () => {
    let received = 0;
    let inTurn = 0;
    let most = 0;
    let done: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (done = resolve));
    const server = await startTestServer(0, () => ({
      status: 101,
      contentType: '',
      protocol: '',
      accept: (socket) =>
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
        }),
    }));
    await boundReceiveBuffer(server.port);
    const client = spawn(process.execPath, ['-e', CLIENT, String(server.port), ADMIN_TOKEN]);
    await all;
    expect(most).toBeLessThan(MIB);
    client.kill();
    await server.close();
  },
);
