import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Network } from './network.js';
import { ownerOfPort } from './sockets.js';

const LISTEN = 32500;
const PROXY = 32510;

/** Two hosts: `a` connects, `b` echoes. */
describe('the network between replicas', () => {
  let network: Network;
  let server: Server;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    server.listen(LISTEN, '127.0.0.1');
    await once(server, 'listening');
    network = new Network({
      hosts: [
        { name: 'a', listenPort: LISTEN + 1, proxyPort: PROXY + 1 },
        { name: 'b', listenPort: LISTEN, proxyPort: PROXY },
      ],
      hostOfPort: () => 'a',
    });
    await network.up('b');
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    network.close();
    server.close();
  });

  async function dial(): Promise<Socket> {
    const socket = connect(PROXY, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }
  /** Resolves with the next `length` bytes of the echo. */
  function receive(socket: Socket, length: number): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      const take = (chunk: Buffer): void => {
        text += chunk.toString();
        if (text.length < length) return;
        socket.off('data', take);
        resolve(text);
      };
      socket.on('data', take);
    });
  }
  async function refused(): Promise<boolean> {
    const socket = connect(PROXY, '127.0.0.1');
    sockets.push(socket);
    return new Promise((resolve) => {
      socket.on('connect', () => resolve(false));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
    });
  }

  it('passes bytes both ways', async () => {
    const socket = await dial();
    socket.write('hello');
    expect(await receive(socket, 5)).toBe('hello');
  });

  it.each([
    ['what is sent', ['a', 'b']],
    ['what comes back', ['b', 'a']],
  ] as const)('holds %s back, and delivers it in order when the path heals', async (_, direction) => {
    const socket = await dial();
    socket.write('1');
    expect(await receive(socket, 1)).toBe('1');
    network.hold('f', [direction]);
    let early = '';
    socket.on('data', (chunk: Buffer) => (early += chunk.toString()));
    socket.write('2');
    socket.write('3');
    // A path that is not held has carried bytes there and back meanwhile.
    await roundTrip();
    expect(early).toBe('');
    const late = receive(socket, 2);
    await network.heal('f', 'resume');
    expect(await late).toBe('23');
  });

  it('breaks held connections when asked to, and takes new ones', async () => {
    const socket = await dial();
    network.hold('f', [['a', 'b']]);
    socket.write('lost');
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    await network.heal('f', 'reset');
    await closed;
    const next = await dial();
    next.write('next');
    expect(await receive(next, 4)).toBe('next');
  });

  it('lets a connection that was begun while held through later', async () => {
    network.hold('f', [['b', 'a']]);
    const socket = await dial();
    socket.write('late');
    const echo = receive(socket, 4);
    await network.heal('f', 'resume');
    expect(await echo).toBe('late');
  });

  it('keeps the order of what is delayed by different times', async () => {
    const socket = await dial();
    network.delay('f', [['a', 'b']], 1, 20);
    for (let i = 0; i < 10; i += 1) socket.write(String(i));
    expect(await receive(socket, 10)).toBe('0123456789');
  });

  it('stays held until the last fault that holds it is over', async () => {
    const socket = await dial();
    network.hold('f', [['a', 'b']]);
    network.hold('g', [['a', 'b']]);
    socket.write('x');
    const echo = receive(socket, 1);
    await network.heal('f', 'resume');
    let done = false;
    void echo.then(() => (done = true));
    await roundTrip();
    expect(done).toBe(false);
    await network.heal('g', 'resume');
    expect(await echo).toBe('x');
  });

  it('refuses connections like a kernel without a process, as long as it should', async () => {
    expect(await refused()).toBe(false);
    await network.refuse('f', 'b');
    expect(await refused()).toBe(true);
    await network.heal('f', 'resume');
    expect(await refused()).toBe(false);
    await network.down('b');
    expect(await refused()).toBe(true);
  });

  it('knows whose connection it is', async () => {
    const socket = await dial();
    const port = socket.localPort ?? 0;
    expect(ownerOfPort(port, [['me', process.pid]])).toBe('me');
    expect(ownerOfPort(port, [['init', 1]])).toBeUndefined();
  });

  /** Bytes to the echo and back, past the proxy. */
  async function roundTrip(): Promise<void> {
    const direct = connect(LISTEN, '127.0.0.1');
    sockets.push(direct);
    direct.write('ping');
    await receive(direct, 4);
  }
});
