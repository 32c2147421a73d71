import { createServer } from 'node:net';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { TAKEN_OVER } from './admit.js';
import { askAt } from './call.js';
import { fetchState } from './fetch.js';
import { type Heard, type MemberOptions, TestMembers } from './members.testkit.js';
import { Transport } from './transport.js';
import type { PeerIdentity } from './types.js';

const members = new TestMembers();
const ONE: PeerIdentity = { cluster: 1, id: 1, nonce: 'n1' };
const NOT_ADMITTED = { admit: () => Promise.resolve('you lost your disk') };

/** Members 1 and 2; 1 has a link to 2 that is up. */
async function pair(of2: MemberOptions = {}, of1: MemberOptions = {}): Promise<[Heard, Heard, string]> {
  const [portA = 0, portB = 0] = await freePorts(2);
  const [a, b] = [await members.start(1, portA, of1), await members.start(2, portB, of2)];
  a.transport.setPeers(new Map([[2, `127.0.0.1:${portB}`]]));
  await until(() => a.transport.isUp(2));
  return [a, b, `127.0.0.1:${portB}`];
}

async function alone(options: MemberOptions = {}): Promise<[Heard, string]> {
  const [port = 0] = await freePorts(1);
  return [await members.start(2, port, options), `127.0.0.1:${port}`];
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<string[]> {
  const all: string[] = [];
  for await (const chunk of chunks) all.push(chunk.toString());
  return all;
}

async function* texts(...all: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of all) yield Buffer.from(text);
  await Promise.resolve();
}

describe('a question', () => {
  it('is answered by the member that it is for, which knows who asks', async () => {
    const [a] = await pair({
      onCall: (payload, from) => Promise.resolve(Buffer.from(`${from?.id} asks ${payload.toString()}`)),
    });
    expect((await a.transport.ask(2, Buffer.from('how many'))).toString()).toBe('1 asks how many');
  });

  it('may be asked by somebody who is no member yet', async () => {
    const [, address] = await alone({
      onCall: (payload, from) => Promise.resolve(Buffer.from(`${from?.id ?? 'a stranger'} asks ${payload.toString()}`)),
      ...NOT_ADMITTED,
    });
    const answer = await askAt(address, members.tls, Buffer.from('may I'), 5_000);
    expect(answer.toString()).toBe('a stranger asks may I');
  });

  it('is not answered to whom the member does not admit, or means another, or is of a cluster that is gone', async () => {
    const asked: string[] = [];
    const [, address] = await alone({
      self: { former: [7] },
      admit: (peer) => (peer.id === 3 ? NOT_ADMITTED.admit() : Promise.reject(new Error('not ready yet'))),
      onCall: (payload) => (asked.push(payload.toString()), Promise.resolve(payload)),
    });
    const ask = async (self: PeerIdentity, to = 2): Promise<unknown> =>
      askAt(address, members.tls, Buffer.from('x'), 5_000, { self, to }).catch((error: unknown) => error);
    expect(await ask({ ...ONE, id: 3 })).toMatchObject({ code: status.ALREADY_EXISTS, details: 'you lost your disk' });
    expect(await ask(ONE)).toMatchObject({ code: status.UNAVAILABLE, details: 'not ready yet' });
    expect(await ask({ ...ONE, cluster: 7 })).toMatchObject({ code: status.ALREADY_EXISTS, details: TAKEN_OVER });
    expect(await ask(ONE, 5)).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'this is member 2, not 5; check the addresses in --initial-cluster',
    });
    expect(await ask({ ...ONE, cluster: 8 })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'member 1 belongs to another cluster; check --initial-cluster and --data-dir on both sides',
    });
    expect(await ask({ ...ONE, nonce: '' })).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: 'the caller does not say which member it is',
    });
    expect(asked).toEqual([]);
  });

  it('fails with what the member says, and when it is not answered in time', async () => {
    let never: () => void = () => undefined;
    const [, address] = await alone({
      onCall: async (payload) => {
        if (payload.toString() === 'x') throw new Error('the disk is full');
        await new Promise<void>((resolve) => (never = resolve));
        return payload;
      },
    });
    const ask = async (text: string, ms: number): Promise<unknown> =>
      askAt(address, members.tls, Buffer.from(text), ms, { self: ONE, to: 2 }).catch((error: unknown) => error);
    expect(await ask('x', 5_000)).toMatchObject({ code: status.INTERNAL, details: 'the disk is full' });
    expect(await ask('y', 300)).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    never();
  });

  it('is not even asked of who is no member, or cannot be reached', async () => {
    const [a, b, address] = await pair();
    await expect(a.transport.ask(9, Buffer.from('x'))).rejects.toThrow('member 9 cannot be reached');
    await b.transport.close();
    await until(() => !a.transport.isUp(2));
    await expect(a.transport.ask(2, Buffer.from('x'))).rejects.toThrow('member 2 cannot be reached');
    await expect(askAt(address, members.tls, Buffer.from('x'), 5_000)).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
  });
});

describe('a copy of the state', () => {
  it('is given whole to a member that asks for it', async () => {
    const [, address] = await alone({ onFetch: (from) => texts(`for ${from}`, 'a', 'b') });
    expect(await collect(fetchState(address, members.tls, ONE, 2))).toEqual(['for 1', 'a', 'b']);
  });

  it('is given in full though its reader is slow', async () => {
    const large = 'x'.repeat(1024 * 1024);
    const [, address] = await alone({ onFetch: () => texts(...Array.from({ length: 20 }, () => large)) });
    let bytes = 0;
    for await (const chunk of fetchState(address, members.tls, ONE, 2)) {
      bytes += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(bytes).toBe(20 * large.length);
  });

  it('ends with the reason when it breaks off, or is not given', async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('a');
      await Promise.resolve();
      throw new Error('this state is damaged');
    };
    const [, address] = await alone({ onFetch: broken });
    await expect(collect(fetchState(address, members.tls, ONE, 2))).rejects.toMatchObject({
      code: status.ABORTED,
      details: 'this state is damaged',
    });
    const [, strict] = await alone({ onFetch: () => texts('secret'), ...NOT_ADMITTED });
    await expect(collect(fetchState(strict, members.tls, ONE, 2))).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
      details: 'you lost your disk',
    });
  });
});

describe('a snapshot', () => {
  it('fails for its sender when the receiver cannot take it, and for the receiver when its sender cannot go on', async () => {
    const heard: string[] = [];
    let full = true;
    const [a] = await pair({
      onSnapshot: async (_from, chunks) => {
        if (full) throw new Error('the disk is full');
        try {
          for await (const chunk of chunks) heard.push(chunk.toString());
          heard.push('all of it');
        } catch (error) {
          heard.push(String(error));
        }
      },
    });
    await expect(a.transport.sendSnapshot(2, texts('a'))).rejects.toMatchObject({
      code: status.ABORTED,
      details: 'the disk is full',
    });
    full = false;
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('a');
      await until(() => heard.length > 0);
      throw new Error('this state is damaged');
    };
    await expect(a.transport.sendSnapshot(2, broken())).rejects.toThrow('this state is damaged');
    // Which may look like an end: the receiver counts the chunks.
    await until(() => heard.length === 2);
    expect(heard[0]).toBe('a');
    await expect(a.transport.sendSnapshot(9, texts('a'))).rejects.toThrow('there is no member 9');
  });

  it('is not read to its end for a receiver that has given up', async () => {
    const [a] = await pair({ onSnapshot: () => Promise.reject(new Error('no room')) });
    let asked = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (; asked < 10_000; asked += 1) {
        yield Buffer.alloc(64 * 1024);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await expect(a.transport.sendSnapshot(2, endless())).rejects.toThrow('no room');
    expect(asked).toBeLessThan(10_000);
  });

  it('is not read to its end for a receiver that needs no more of it', async () => {
    const [a] = await pair({ onSnapshot: () => Promise.resolve() });
    let asked = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (; asked < 10_000; asked += 1) {
        yield Buffer.alloc(64);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await a.transport.sendSnapshot(2, endless());
    expect(asked).toBeLessThan(10_000);
  });

  it('is not taken from whom the member does not admit', async () => {
    let out = false;
    const taken: number[] = [];
    const [a] = await pair({
      admit: (peer) => (out ? NOT_ADMITTED.admit() : Promise.resolve(peer.id === 1 ? undefined : 'who is that')),
      onSnapshot: (from) => Promise.resolve(void taken.push(from)),
    });
    out = true;
    await expect(a.transport.sendSnapshot(2, texts('a'))).rejects.toMatchObject({ details: 'you lost your disk' });
    expect(taken).toEqual([]);
    out = false;
    await a.transport.sendSnapshot(2, texts('a'));
    expect(taken).toEqual([1]);
  });
});

describe('a member', () => {
  it('that is expelled is told why, for good', async () => {
    const [a, b] = await pair();
    b.transport.expel(7, 'nobody');
    b.transport.expel(1, 'you were removed');
    await until(() => a.events.some((event) => event.startsWith('refused')));
    expect(a.events).toContain('refused 2 true you were removed');
  });

  it('is not spoken to when our side does not admit it', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    let asked = 0;
    const a = await members.start(1, portA, {
      admit: () => (asked++ % 2 === 0 ? NOT_ADMITTED.admit() : Promise.reject(new Error('not ready'))),
    });
    const b = await members.start(2, portB);
    a.transport.setPeers(new Map([[2, `127.0.0.1:${portB}`]]));
    a.transport.send(2, Buffer.from('x'));
    await until(() => asked > 3);
    expect(a.transport.isUp(2)).toBe(false);
    expect(a.events).not.toContain('up 2');
    expect(b.messages).toEqual([]);
  });

  it('is found at its new address, and not kept when it is removed', async () => {
    const [a, b, address] = await pair();
    const [elsewhere = 0] = await freePorts(1);
    const moved = await members.start(2, elsewhere);
    a.transport.setPeers(new Map([[2, address]]));
    expect(a.transport.isUp(2)).toBe(true);
    a.transport.setPeers(new Map([[2, `127.0.0.1:${elsewhere}`]]));
    await until(() => a.transport.isUp(2));
    a.transport.send(2, Buffer.from('x'));
    await until(() => moved.messages.length === 1);
    expect(b.messages).toEqual([]);
    a.transport.setPeers(new Map());
    expect(a.transport.isUp(2)).toBe(false);
    a.transport.send(2, Buffer.from('lost'));
  });

  it('is not believed when its certificate is for another address', async () => {
    const [portA = 0, portB = 0] = await freePorts(2);
    const a = await members.start(1, portA);
    await members.start(2, portB, { host: '127.0.0.2' });
    a.transport.setPeers(new Map([[2, `127.0.0.2:${portB}`]]));
    await until(() => a.events.includes('unreachable 2'));
    expect(a.transport.isUp(2)).toBe(false);
    await expect(askAt(`127.0.0.2:${portB}`, members.tls, Buffer.from('x'), 2_000)).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    expect(a.events).not.toContain('dead 2');
  });

  it('is reached by name, too', async () => {
    const [, address] = await alone();
    const named = address.replace('127.0.0.1', 'localhost');
    expect((await askAt(named, members.tls, Buffer.from('x'), 5_000)).toString()).toBe('x');
  });

  it('says what to do when its address is taken, or its files do not fit', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    await expect(members.start(1, port)).rejects.toThrow(
      new RegExp(`^cannot listen for other members on 127.0.0.1:${port}: .*Choose a free --peer-listen\\.$`),
    );
    server.close();
    const other = await members.authority('other');
    const mixed = { ...members.tls, key: other.key };
    await expect(members.start(1, port, { tls: mixed })).rejects.toThrow(FatalError);
    await expect(askAt('127.0.0.1:1', mixed, Buffer.from('x'), 1_000)).rejects.toThrow(
      /the peer certificate, its key or its CA cannot be used: .*\. Check the three files\.$/,
    );
  });

  it('can be without TLS, in tests; then there is none to replace', async () => {
    const [port = 0] = await freePorts(1);
    const nothing = (): undefined => undefined;
    const transport = new Transport({
      self: ONE,
      listen: `127.0.0.1:${port}`,
      tls: undefined,
      handlers: {
        admit: () => Promise.resolve(undefined),
        onMessages: nothing,
        onSnapshot: () => Promise.resolve(),
        onFetch: () => texts(),
        onCall: (payload) => Promise.resolve(payload),
        onUp: nothing,
        onUnreachable: nothing,
        onDead: nothing,
        onRefused: nothing,
      },
      log: nothing,
    });
    await transport.listen();
    expect((await askAt(`127.0.0.1:${port}`, undefined, Buffer.from('x'), 5_000)).toString()).toBe('x');
    expect(() => transport.replaceTls(members.tls)).toThrow('there is no TLS between the members');
    await transport.close();
  });
});
