import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { tokenFileAuthenticator } from '../../auth/token-file.js';
import type { ApiRequest, HandlerReply } from '../../rest/types.js';
import type { WebSocketConnection } from '../../rest/web-socket.js';
import { until } from '../../testing/until.js';
import { ADMIN_TOKEN, JANE_TOKEN, startTestServer, type TestServer } from '../testing.js';
import { Crumbs } from './crumbs.js';
import { UwsWebSocket } from './web-socket.js';

const POD = '/api/v1/namespaces/ns/pods/p';
const MIB = 1024 * 1024;
let server: TestServer;
let accepted: (socket: WebSocketConnection) => void = () => undefined;

function resources(request: ApiRequest): HandlerReply | Promise<HandlerReply> {
  const { info } = request;
  if (info.subresource === 'exec') {
    return { status: 101, contentType: '', protocol: 'v5.channel.k8s.io', accept: (socket) => accepted(socket) };
  }
  if (info.subresource === 'proxy') return hashed(request);
  return { status: 200, contentType: 'text/plain', body: 'plain' };
}

/** The hash of a body that is never held whole. */
async function hashed(request: ApiRequest): Promise<HandlerReply> {
  const hash = createHash('sha256');
  let largest = 0;
  for await (const chunk of request.openBody?.() ?? []) {
    largest = Math.max(largest, (chunk as Buffer).length);
    hash.update(chunk as Buffer);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return {
    status: 200,
    contentType: 'text/plain',
    headers: { 'X-Largest': String(largest) },
    body: hash.digest('hex'),
  };
}

beforeAll(async () => {
  server = await startTestServer(0, resources);
});
afterAll(() => server.close());

function connect(path: string, token: string, port = server.port): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${port}${path}`, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], {
    rejectUnauthorized: false,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
  });
}
const opened = (client: WebSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    client.once('open', () => resolve());
    client.once('error', reject);
  });
const refused = (client: WebSocket): Promise<number> =>
  new Promise((resolve) => {
    client.on('error', () => undefined);
    client.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
  });
const closed = (client: WebSocket): Promise<number> =>
  new Promise((resolve) => {
    client.once('close', (code) => resolve(code));
  });

describe('a WebSocket', () => {
  test('is handed to its handler after authentication and authorization', async () => {
    expect(await refused(connect(`${POD}/exec`, 'nobody'))).toBe(401);
    expect(await refused(connect(`${POD}/exec`, JANE_TOKEN))).toBe(403);
    const messages: [string, boolean][] = [];
    accepted = (socket) => {
      expect(socket.protocol).toBe('v5.channel.k8s.io');
      socket.onMessage((message, isBinary) => {
        messages.push([message.toString(), isBinary]);
        socket.send(isBinary ? message : `echo ${message.toString()}`);
      });
    };
    const client = connect(`${POD}/exec`, ADMIN_TOKEN);
    await opened(client);
    expect(client.protocol).toBe('v5.channel.k8s.io');
    const answers: [string, boolean][] = [];
    const two = new Promise<void>((resolve) => {
      client.on('message', (data: Buffer, isBinary) => {
        answers.push([data.toString(), isBinary]);
        if (answers.length === 2) resolve();
      });
    });
    client.send('text');
    client.send(Buffer.from('bytes'));
    await two;
    expect(messages).toEqual([
      ['text', false],
      ['bytes', true],
    ]);
    expect(answers).toEqual([
      ['echo text', false],
      ['bytes', true],
    ]);
    client.close();
  });

  test('is not what every answer is: a plain one comes as it is', async () => {
    expect(await refused(connect(POD, ADMIN_TOKEN))).toBe(200);
    const plain = await server.call(`${POD}/exec`);
    expect(plain.status).toBe(400);
  });

  test('tells both sides of its end', async () => {
    const ended = new Promise<number>((resolve) => {
      accepted = (socket) => socket.onClose(resolve);
    });
    const client = connect(`${POD}/exec`, ADMIN_TOKEN);
    await opened(client);
    client.close(4000);
    expect(await ended).toBe(4000);
    accepted = (socket) => socket.close(4001, 'enough');
    expect(await closed(connect(`${POD}/exec`, ADMIN_TOKEN))).toBe(4001);
  });

  test('ends with the token that let it in', async () => {
    const exp = Math.floor(Date.now() / 1000) + 1;
    const token = `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.c2ln`;
    const timely = await startTestServer(0, resources, undefined, {
      authenticator: tokenFileAuthenticator(`${token},admin,admin,"system:masters"\n`, 'tokens.csv'),
    });
    try {
      accepted = (socket) => socket.send('welcome');
      const client = connect(`${POD}/exec`, token, timely.port);
      const end = closed(client);
      await opened(client);
      expect(await end).toBe(1008);
      expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
    } finally {
      await timely.close();
    }
  });

  test('may bring its token as a subprotocol, which the handler does not see', async () => {
    let offered = '';
    accepted = (socket) => socket.close(4002);
    const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(ADMIN_TOKEN).toString('base64url')}`;
    const handler = (request: ApiRequest): HandlerReply | Promise<HandlerReply> => {
      offered = request.header('sec-websocket-protocol');
      return resources(request);
    };
    const seeing = await startTestServer(0, handler);
    try {
      const url = `wss://127.0.0.1:${seeing.port}${POD}/exec`;
      const client = new WebSocket(url, ['v5.channel.k8s.io', bearer], { rejectUnauthorized: false });
      expect(await closed(client)).toBe(4002);
      expect(client.protocol).toBe('v5.channel.k8s.io');
      expect(offered).toBe('v5.channel.k8s.io');
      expect(await refused(new WebSocket(url, [bearer], { rejectUnauthorized: false }))).toBe(401);
    } finally {
      await seeing.close();
    }
  });

  // Whether uWS took the memory of an upgraded connection for a response's, and closed it, was a matter of luck.
  test('stays open however many there were', { timeout: 30_000 }, async () => {
    accepted = (socket) => {
      socket.send('welcome');
      socket.onMessage((message) => socket.close(4000 + message.length));
    };
    for (let round = 0; round < 20; round++) {
      const ends = Array.from({ length: 10 }, () => {
        const client = connect(`${POD}/exec`, ADMIN_TOKEN);
        client.once('message', () => client.send('x'.repeat(round)));
        return closed(client);
      });
      expect(new Set(await Promise.all(ends))).toEqual(new Set([4000 + round]));
    }
  });

  test('holds its handler back while the client does not read, and goes on afterwards', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    accepted = (socket) => {
      const go = (): void => {
        while (sent < 32 * MIB) {
          sent += chunk.length;
          if (!socket.send(chunk)) return;
        }
      };
      socket.onDrain(go);
      go();
    };
    const client = connect(`${POD}/exec`, ADMIN_TOKEN);
    let received = 0;
    const all = new Promise<void>((resolve) => {
      client.on('message', (data: Buffer) => {
        received += data.length;
        if (received === 32 * MIB) resolve();
      });
    });
    await opened(client);
    client.pause();
    // Nobody reads: the buffers between the two are full when the handler has not sent for so many turns.
    let [before, still] = [sent, 0];
    await until(() => {
      still = sent === before ? still + 1 : 0;
      before = sent;
      return still >= 20;
    });
    expect(sent).toBeLessThan(24 * MIB);
    client.resume();
    await all;
    client.close();
  });

  test('passes messages on one after the other, and holds back a client that sends faster than its handler takes', async () => {
    const numbers: number[] = [];
    let goOn: () => void = () => undefined;
    let held: WebSocketConnection | undefined;
    accepted = (socket) => {
      held = socket;
      socket.onMessage((message) => {
        numbers.push(message.readUInt32LE());
        // Also where each has to be waited for.
        return numbers.length === 1
          ? new Promise<void>((resolve) => (goOn = resolve))
          : new Promise<void>((resolve) => setImmediate(resolve));
      });
    };
    const client = connect(`${POD}/exec`, ADMIN_TOKEN);
    await opened(client);
    const count = 200;
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const message = Buffer.alloc(MIB / 2);
      message.writeUInt32LE(i);
      client.send(message, () => taken++);
    }
    let seen = -1;
    while (seen !== taken) {
      seen = taken;
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
    }
    expect(taken).toBeLessThan(count);
    expect(numbers).toEqual([0]);
    goOn();
    await until(() => numbers.length === count);
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i));
    // One that is held back hears of its end all the same.
    numbers.length = 0;
    client.send(Buffer.alloc(4));
    for (let i = 0; i < 20; i++) client.send(Buffer.alloc(MIB / 2));
    await until(() => numbers.length === 1);
    const ended = closed(client);
    held?.close(4002);
    expect(await ended).toBe(4002);
  });
});

test('a handler may take a body of any length as it comes', async () => {
  const body = Buffer.alloc(48 * MIB, 'abcdefg');
  const a = await server.call(`${POD}/proxy`, { method: 'POST', body });
  expect(a).toMatchObject({ status: 200, body: createHash('sha256').update(body).digest('hex') });
  // What the connection's buffers hold may come after the client was held back.
  expect(Number(a.headers['x-largest'])).toBeLessThan(16 * MIB);
});

test('one handler may listen on several ports, and a WebSocket ends with its listener', async () => {
  const { listen } = await import('./listener.js');
  const files = { certFile: `${server.dir}/apiserver.crt`, keyFile: `${server.dir}/apiserver.key` };
  const second = await listen({ host: '127.0.0.1', port: 0, ...files, clientCaFile: undefined }, server.chain);
  accepted = () => undefined;
  const clients = [server.port, second.port].map(
    (port) =>
      new WebSocket(`wss://127.0.0.1:${port}${POD}/exec`, ['v5.channel.k8s.io'], {
        rejectUnauthorized: false,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      }),
  );
  await Promise.all(clients.map(opened));
  const gone = closed(clients[1] as WebSocket);
  await second.close(1000);
  expect(await gone).toBe(1001);
  expect(clients[0]?.readyState).toBe(WebSocket.OPEN);
  clients[0]?.close();
});

// The last one: from then on it is not tried any more.
test('a WebSocket ends when too much waits where it cannot be held back', () => {
  const cannot = (): never => {
    throw new TypeError('Illegal invocation');
  };
  const never = (s: WebSocketConnection): void => s.onMessage(() => new Promise(() => undefined));
  const socket = new UwsWebSocket('', never, { pause: cannot, resume: cannot }, new Crumbs());
  const ends: number[] = [];
  socket.opened({ end: (code: number) => void ends.push(code) } as never);
  for (let i = 0; i < 16; i++) socket.receive(new ArrayBuffer(MIB), true);
  expect(ends).toEqual([]);
  socket.receive(new ArrayBuffer(MIB), true);
  expect(ends).toEqual([1013]);
});
