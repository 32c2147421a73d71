import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FatalError } from '../machinery/assert.js';
import type { Message } from '../raft/index.js';
import { LOG_VERSION } from '../store/command.js';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import type { Driver } from './driver.js';
import { LoneLeader, messageOf } from './leader.testkit.js';
import { Peers } from './peers.js';
import { STATE_DIRECTORY } from './reseed.js';
import { SnapshotReceiver } from './snapshot-receiver.js';

/** Two replicas that are connected by gRPC, each with its own parts; no Raft message goes from one to the other by itself. */
class Pair {
  readonly said: string[] = [];
  readonly fatal: FatalError[] = [];
  readonly benches: LoneLeader[] = [];
  readonly peers: Peers[] = [];
  readonly receivers: SnapshotReceiver[] = [];
  /** Of the third, which is away. */
  readonly third = { name: 'c', address: '127.0.0.1:1' };
  addresses: string[] = [];

  /** `founders`: how many the cluster begins with, of which two are there. */
  async open(founders: 2 | 3, learners: readonly number[] = []): Promise<void> {
    this.addresses = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
    const [a = '', b = ''] = this.addresses;
    const infos = { 1: { name: 'a', address: a }, 2: { name: 'b', address: b }, 3: this.third };
    const ids = [1, 2, 3].slice(0, founders) as (1 | 2 | 3)[];
    const voters = ids.filter((id) => !learners.includes(id));
    const members = Object.fromEntries(ids.map((id) => [id, infos[id]]));
    for (const id of [1, 2] as const) {
      const installer = {
        install: (...args: Parameters<Peers['install']>) => this.peer(id).install(...args),
      };
      const raft = { id, holdFirstTerm: learners.length === 0 };
      const bench = await LoneLeader.open(members, { voters, learners: [...learners] }, { raft, installer });
      this.benches.push(bench);
      const { name, address } = infos[id];
      const receiver = new SnapshotReceiver({ dataDir: bench.directory, say: () => undefined });
      this.receivers.push(receiver);
      this.peers.push(
        new Peers({
          identity: {
            id,
            cluster: 7,
            name,
            nonce: `nonce-${name}`,
            boots: 1,
            starts: [],
            members: ids.map((each) => [each, infos[each].name, infos[each].address] as const),
            joined: false,
            logVersion: LOG_VERSION,
          },
          receiver,
          listen: address,
          address,
          tls: undefined,
          log: bench.log,
          state: bench.state,
          space: bench.space,
          onFatal: (error) => void this.fatal.push(error),
          onCorrupt: (error) => void this.said.push(`${name} corrupt: ${error.message}`),
          say: (level, text) => void (text.startsWith('cannot reach') || this.said.push(`${name} ${level}: ${text}`)),
        }),
      );
    }
  }

  bench(id: number): LoneLeader {
    return this.benches[id - 1] as LoneLeader;
  }
  peer(id: number): Peers {
    return this.peers[id - 1] as Peers;
  }
  driver(id: number): Driver {
    return this.bench(id).driver;
  }

  async connect(): Promise<void> {
    for (const id of [1, 2]) {
      const { driver, membership, verifier } = this.bench(id);
      await this.peer(id).start(driver, membership, verifier);
    }
    await until(() => this.peer(1).reachable(2) && this.peer(2).reachable(1));
  }

  async close(): Promise<void> {
    for (const each of this.peers) await each.close();
    for (const each of this.benches) await each.close();
  }
}

let pair: Pair;
beforeEach(() => {
  pair = new Pair();
});
afterEach(() => pair.close());

/** Many times an election timeout. */
function pass(driver: Driver): void {
  for (let i = 0; i < 5_000; i++) driver.tick();
}

describe('founders that are connected', () => {
  it('wait for the one that is not, by its name, and stand in no election before it comes', async () => {
    await pair.open(3);
    await pair.connect();
    await until(() => pair.peers.every(({ awaited }) => awaited.length === 1));
    expect(pair.peers.map(({ awaited }) => awaited)).toEqual([['c'], ['c']]);
    for (const id of [1, 2]) pass(pair.driver(id));
    expect([1, 2].map((id) => pair.driver(id).status().term)).toEqual([0, 0]);
    // Who holds something since is waited for as one that is not there.
    const [, address] = pair.addresses;
    const again = { cluster: 7, id: 2, nonce: 'nonce-b', logVersion: LOG_VERSION };
    await pair.peer(1).admit(again);
    expect(pair.peer(1).awaited).toEqual(['b', 'c']);
    await pair.peer(1).admit({ ...again, ...(address === undefined ? {} : { address }), empty: true });
    expect(pair.peer(1).awaited).toEqual(['c']);
  });

  it('begin when all are there and empty, the first of them at once', async () => {
    await pair.open(2);
    await pair.connect();
    await until(() => pair.driver(1).status().term === 1);
    expect([pair.peer(1).awaited, pair.driver(1).status().role]).toEqual([[], 'candidate']);
    // No message goes by itself. Where each has connected to the other at the same moment the second was told by the later
    // of two greetings that the first has begun, and waits for it; asked for its vote, it waits for nobody in any case.
    expect(pair.driver(2).status().term).toBe(0);
    await until(() => pair.bench(1).sent.some(({ type, to }) => type === 'vote' && to === 2));
    pair.driver(2).step(pair.bench(1).sent.filter(({ type, to }) => type === 'vote' && to === 2));
    await until(() => pair.peer(2).awaited.length === 0);
    await until(() => pair.bench(2).sent.some(({ type, reject }) => type === 'voteResp' && !reject));
  });
});

/** A leader whose log begins behind its state, and the snapshot that member 2 needs of it. */
async function snapshotFor2(objects = 3, bytes = 1): Promise<Message> {
  const bench = pair.bench(1);
  await bench.lead();
  for (let i = 0; i < objects; i++) await bench.put(`k${i}`, bytes);
  await bench.state.sync();
  await bench.log.compact(bench.state.meta.appliedIndex);
  await bench.until(() => {
    bench.driver.step([messageOf(2, 'heartbeatResp', { term: bench.driver.term })]);
    return progress() === 'snapshot' && bench.sent.some(({ type }) => type === 'snapshot');
  });
  return bench.sent.find(({ type }) => type === 'snapshot') as Message;
}
const progress = (): string | undefined =>
  pair
    .driver(1)
    .status()
    .peers.find(({ id }) => id === 2)?.state;

describe('a snapshot', () => {
  it('goes to the member, which takes it in the place of its state and confirms it; Raft is told', async () => {
    await pair.open(2, [2]);
    await pair.connect();
    const message = await snapshotFor2();
    const { bench, index } = { bench: pair.bench(2), index: pair.bench(1).state.meta.appliedIndex };
    let facts: Readonly<Record<string, Buffer>> = {};
    const reset = bench.log.reset.bind(bench.log);
    bench.log.reset = (meta, hardState, more) => {
      facts = more ?? {};
      return reset(meta, hardState, more);
    };
    pair.peer(1).send([message]);
    await bench.until(() => bench.state.visible.appliedIndex === index);
    await until(() => progress() !== 'snapshot');
    expect(bench.state.visible.revision).toBe(3);
    expect(pair.said.filter((text) => !text.includes('debug'))).toEqual([
      'a info: sending a snapshot to member 2',
      `b info: installed a snapshot at log index ${index}`,
    ]);
    expect([pair.peer(1).snapshotFor(2), pair.fatal]).toEqual([undefined, []]);
    // The next start finds it by this.
    expect(Object.keys(facts)).toEqual([STATE_DIRECTORY]);
    const directory = facts[STATE_DIRECTORY]?.toString() ?? '';
    expect([bench.state.meta.revision, existsSync(join(bench.directory, directory))]).toEqual([3, true]);
    expect(directory).toMatch(/^state-/);
  });

  it('that is not delivered is told of, and Raft is told to try again', async () => {
    await pair.open(2, [2]);
    const { driver, membership, verifier } = pair.bench(1);
    await pair.peer(1).start(driver, membership, verifier);
    pair.peer(1).send([await snapshotFor2()]);
    await until(() => progress() === 'probe');
    expect(pair.said).toContainEqual(expect.stringMatching(/^a warn: the snapshot for member 2 was not delivered: ./));
  });

  it('is given to nobody while states differ', async () => {
    await pair.open(2, [2]);
    await pair.connect();
    const message = await snapshotFor2();
    pair.bench(1).verifier.answer({ op: 'disputed', revision: 1 });
    pair.peer(1).send([message]);
    await until(() => progress() === 'probe');
    expect(pair.said).toContainEqual(
      expect.stringMatching(/^a warn: the snapshot for member 2 was not delivered: the states of the replicas differ/),
    );
    expect(pair.bench(2).state.visible.revision).toBe(0);
  });

  it('that breaks off goes on behind what came, while the same one leads, and else begins anew', async () => {
    await pair.open(2, [2]);
    await pair.connect();
    const message = await snapshotFor2(6, 300_000);
    const { appliedIndex } = pair.bench(1).state.meta;
    const receiver = pair.receivers[1] as SnapshotReceiver;
    const receive = receiver.receive.bind(receiver);
    const failed = (): number => pair.said.filter((text) => text.includes('was not delivered')).length;
    const begun = (): string[] => pair.said.filter((text) => text.includes('sending a snapshot'));
    let cable = 0;
    receiver.receive = (chunks, onHeader) => receive(firstOf(chunks, 3, `cable ${++cable} was pulled`), onHeader);
    pair.peer(1).send([message]);
    await until(() => failed() === 1);
    expect(pair.peer(1).snapshotFor(2)).toBe(appliedIndex);
    pair.peer(1).onLeader();
    expect(pair.peer(1).snapshotFor(2)).toBeUndefined();
    pair.peer(1).send([message]);
    await until(() => failed() === 2);
    expect(pair.peer(1).snapshotFor(2)).toBe(appliedIndex);
    receiver.receive = receive;
    pair.peer(1).send([message]);
    await pair.bench(2).until(() => pair.bench(2).state.visible.revision === 6);
    const anew = 'a info: sending a snapshot to member 2';
    expect(begun()).toEqual([anew, anew, `${anew}, from chunk 2 on`]);
    await until(() => pair.peer(1).snapshotFor(2) === undefined);
  });
});

/** Breaks off behind so many chunks, of which the first is the header. */
async function* firstOf(chunks: AsyncIterable<Buffer>, count: number, reason: string): AsyncGenerator<Buffer> {
  let seen = 0;
  for await (const chunk of chunks) {
    if (seen === count) throw new Error(reason);
    seen += 1;
    yield chunk;
  }
}
