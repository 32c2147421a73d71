import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { fetchState } from './fetch.js';
import { type Heard, TestMembers } from './members.testkit.js';

const members = new TestMembers();
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A wire between two members that can be cut without either noticing, and takes its time. */
async function wire(to: number, delayMs = 0): Promise<{ readonly port: number; cut: boolean; dialled: number }> {
  const state = { port: 0, cut: false, dialled: 0 };
  const server = createServer((near: Socket) => {
    state.dialled++;
    const far = connect(to, '127.0.0.1');
    const pass = (from: Socket, target: Socket): void => {
      const deliver = (data: Buffer): void => void (state.cut || target.destroyed || target.write(data));
      from.on('data', (data) => {
        if (delayMs === 0) deliver(data);
        else setTimeout(() => deliver(data), delayMs);
      });
      from.on('error', () => target.destroy());
      from.on('close', () => target.destroy());
    };
    pass(near, far);
    pass(far, near);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address === 'object' && address !== null) state.port = address.port;
  return state;
}

describe('the transport', () => {
  it('carries batches in order, and no more of a snapshot than its receiver takes', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const a = await members.start(1, portA);
    let takeOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (takeOn = resolve));
    const b = await members.start(2, portB, { beforeChunk: () => held });
    a.transport.setPeers(new Map([[2, `127.0.0.1:${portB}`]]));
    for (let i = 0; i < 100; i++) a.transport.send(2, Buffer.from(String(i)));
    await until(() => b.messages.length === 100);
    expect(b.messages).toEqual(Array.from({ length: 100 }, (_, i) => `1:${i}`));
    async function* chunks(): AsyncGenerator<Buffer> {
      for (; asked < 200; asked++) yield Buffer.alloc(100_000);
      await Promise.resolve();
    }
    let asked = 0;
    const sent = a.transport.sendSnapshot(2, chunks());
    // The buffers between the two are full when no more is asked for, for so many turns.
    let before = 0;
    let still = 0;
    await until(() => {
      still = asked > 0 && asked === before ? still + 1 : 0;
      before = asked;
      return still >= 20;
    });
    expect(asked).toBeLessThan(100);
    takeOn();
    await sent;
    expect(b.messages.filter((m) => m === 'snapshot 100000')).toHaveLength(200);
  });

  it('changes its authority and its certificate while it listens, with two authorities trusted for a while', async () => {
    const next = await members.authority('next');
    const [portA = 0, portB = 0] = await freePorts(2);
    const [a, b] = [await members.start(1, portA), await members.start(2, portB)];
    const peers = new Map([[2, `127.0.0.1:${portB}`]]);
    const both = [members.tls.ca, next.ca].map(String).join('');
    const meets = async (): Promise<void> => {
      a.transport.setPeers(new Map());
      a.transport.setPeers(peers);
      await until(() => a.transport.isUp(2));
    };
    a.transport.setPeers(peers);
    await until(() => a.transport.isUp(2));
    // Each step is done on one of the two first, and they meet all the same.
    for (const step of [{ ...members.tls, ca: both }, { ...next, ca: both }, next]) {
      a.transport.replaceTls(step);
      await meets();
      b.transport.replaceTls(step);
      await meets();
    }
    // A key of another certificate changes nothing.
    expect(() => b.transport.replaceTls({ ...next, key: members.tls.key })).toThrow(/Check the three files/);
    await meets();
    // The former authority vouches for nobody any more.
    const late = await members.start(3, (await freePorts(1))[0] ?? 0);
    late.transport.setPeers(peers);
    await until(() => late.events.includes('unreachable 2'));
    expect(late.transport.isUp(2)).toBe(false);
  });

  it('keeps the newest for a member that does not take them yet: so many, and so many bytes of them', async () => {
    /** What the other gets of these when all of them were sent before it was let in. */
    const kept = async (texts: readonly string[]): Promise<string[]> => {
      const [portA = 0, portB = 0] = await freePorts(2);
      const a: Heard = await members.start(1, portA, {
        admit: () => {
          for (const text of texts) a.transport.send(2, Buffer.from(text));
          return Promise.resolve(undefined);
        },
      });
      const b = await members.start(2, portB);
      a.transport.setPeers(new Map([[2, `127.0.0.1:${portB}`]]));
      const last = `1:${texts.at(-1)}`;
      await until(() => b.messages.at(-1) === last);
      return b.messages.map((message) => message.slice(2, 10));
    };
    const small = Array.from({ length: 5_000 }, (_, i) => String(i));
    expect(await kept(small)).toEqual(small.slice(-4_096));
    const megabytes = Array.from({ length: 60 }, (_, i) =>
      String(i)
        .padStart(8, '0')
        .padEnd(1024 * 1024, 'x'),
    );
    expect(await kept(megabytes)).toEqual(megabytes.slice(-48).map((text) => text.slice(0, 8)));
  });

  it('leaves alone an address that cannot be dialled', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const a = await members.start(1, portA);
    await members.start(2, portB);
    const bad = ['', 'nohost', 'host:', ':9', 'host:99999', 'a b:9', '/x:9'];
    a.transport.setPeers(
      new Map([[2, `127.0.0.1:${portB}`], ...bad.map((text, i): [number, string] => [3 + i, text])]),
    );
    await until(() => a.transport.isUp(2));
  });

  it('tells when the other process is gone, and when it is there again', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const a = await members.start(1, portA);
    const b = await members.start(2, portB);
    a.transport.setPeers(new Map([[2, `127.0.0.1:${portB}`]]));
    await until(() => a.transport.isUp(2));
    await b.transport.close();
    await until(() => a.events.includes('dead 2'));
    expect(a.events.slice(0, 2)).toEqual(['up 2', 'unreachable 2']);
    const again = await members.start(2, portB);
    await until(() => a.transport.isUp(2));
    a.transport.send(2, Buffer.from('x'));
    await until(() => again.messages.length === 1);
  });

  it('finds out that a wire is dead, and talks again after it is mended', { timeout: 30_000 }, async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const a = await members.start(1, portA);
    const b = await members.start(2, portB);
    const line = await wire(portB);
    a.transport.setPeers(new Map([[2, `127.0.0.1:${line.port}`]]));
    await until(() => a.transport.isUp(2));
    line.cut = true;
    await until(() => !a.transport.isUp(2));
    expect(a.events).not.toContain('dead 2');
    // It tries again, and hears nothing, before the wire is mended.
    const before = line.dialled;
    await until(() => line.dialled > before);
    line.cut = false;
    await until(() => a.transport.isUp(2));
    a.transport.send(2, Buffer.from('x'));
    await until(() => b.messages.length === 1);
  });

  it('gets through to a member that takes seconds for every handshake', { timeout: 60_000 }, async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const a = await members.start(1, portA);
    const b = await members.start(2, portB);
    const line = await wire(portB, 600);
    a.transport.setPeers(new Map([[2, `127.0.0.1:${line.port}`]]));
    await until(() => a.transport.isUp(2));
    a.transport.send(2, Buffer.from('x'));
    await until(() => b.messages.length === 1);
  });

  it('turns away strangers: another authority, another cluster, another address', async () => {
    const [portA = 0, portB = 0, portC = 0, portD = 0] = await freePorts(4);
    const a = await members.start(1, portA);
    const stranger = await members.start(2, portB, { tls: await members.authority('two') });
    const elsewhere = await members.start(3, portC, { self: { cluster: 9 } });
    const lost = await members.start(4, portD);
    for (const heard of [stranger, elsewhere]) {
      heard.transport.setPeers(new Map([[1, `127.0.0.1:${portA}`]]));
      heard.transport.send(1, Buffer.from('x'));
    }
    lost.transport.setPeers(new Map([[7, `127.0.0.1:${portA}`]]));
    await until(() => stranger.events.length > 1 && elsewhere.events.length > 1 && lost.events.length > 1);
    expect(elsewhere.events[1]).toContain('refused 1 false member 3 belongs to another cluster');
    expect(lost.events[1]).toContain('refused 7 false this is member 1, not 7');
    expect(a.messages).toEqual([]);
  });

  it('lets nobody in whose certificate another authority signed, or who shows none, though they believe it', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const admitted: number[] = [];
    await members.start(1, portA, { admit: ({ id }) => Promise.resolve(void admitted.push(id)) });
    const other = await members.authority('three');
    const stranger = await members.start(2, portB, { tls: { ...other, ca: members.tls.ca } });
    stranger.transport.setPeers(new Map([[1, `127.0.0.1:${portA}`]]));
    await until(() => stranger.events.length > 1 || stranger.transport.isUp(1));
    expect(stranger.events).not.toContain('up 1');
    const nameless = connectTls({
      host: '127.0.0.1',
      port: portA,
      ca: [Buffer.from(members.tls.ca)],
      ALPNProtocols: ['h2'],
    });
    // With TLS 1.3 the client is done first, and hears only then that it was refused.
    const [error] = (await once(nameless, 'error')) as [Error];
    expect(error.message).toMatch(/certificate required/);
    expect(admitted).toEqual([]);
  });

  it('reaches nobody whose certificate is for another host', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const a = await members.start(1, portA, { tls: await members.certificateFor('elsewhere.example') });
    const b = await members.start(2, portB);
    b.transport.setPeers(new Map([[1, `127.0.0.1:${portA}`]]));
    await until(() => b.events.length > 1 || b.transport.isUp(1));
    expect(b.events).not.toContain('up 1');
    expect(a.events).toEqual([]);
  });

  it('tells once that another cluster answers, also where nobody did before', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const b = await members.start(2, portB);
    b.transport.setPeers(new Map([[1, `127.0.0.1:${portA}`]]));
    await until(() => b.events.includes('dead 1'));
    await members.start(1, portA, { self: { cluster: 9 } });
    const refused = (): number => b.events.filter((event) => event.startsWith('refused 1 false')).length;
    await until(() => refused() > 0);
    const before = b.events.length;
    await until(() => b.events.length > before + 2);
    expect(refused()).toBe(1);
  });

  it('passes on for good why a member may not speak', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    await members.start(1, portA, {
      admit: (peer) => Promise.resolve(peer.id === 2 ? 'you lost your disk' : undefined),
    });
    const b = await members.start(2, portB);
    b.transport.setPeers(new Map([[1, `127.0.0.1:${portA}`]]));
    await until(() => b.events.length > 1);
    expect(b.events[1]).toBe('refused 1 true you lost your disk');
  });

  it('keeps no copy ready for a member that has given up, though it waited for more', async () => {
    const [port = 0] = await freePorts(1);
    let released = false;
    async function* copy(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(1024 * 1024);
      } finally {
        released = true;
      }
    }
    await members.start(1, port, { onFetch: copy });
    const chunks = fetchState(`127.0.0.1:${port}`, members.tls, { cluster: 1, id: 2, nonce: 'n2' }, 1);
    expect((await chunks.next()).done).toBe(false);
    await chunks.return?.();
    await until(() => released);
    expect(await chunks.next().catch(() => ({ done: true }))).toMatchObject({ done: true });
  });
});
