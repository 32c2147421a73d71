import { Packr } from 'msgpackr';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StateStore } from '../store/state.js';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { Transport } from '../transport/transport.js';
import { answerCall } from './calls.js';
import { Copies } from './copies.js';
import { FOUNDER, LoneLeader } from './leader.testkit.js';
import { LogStore } from './log.js';
import { DAMAGED, RESEED, reseedIfWanted, STATE_DIRECTORY } from './reseed.js';
import { decodeVerifyReply, type VerifyReply, type VerifyRequest } from './verify.js';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const nothing = (): void => undefined;

/** The leader, member 1, whose copy is taken. */
let leader: LoneLeader;
/** Who takes it: member 3. */
let taker: { readonly dataDir: string; readonly log: LogStore; readonly state: StateStore };
let transports: Transport[] = [];
let heard: string[] = [];
let said: string[] = [];
/** What a member says of its state instead of what the leader's is. */
let answers: (member: number) => Partial<VerifyReply>;
let addresses: readonly string[];
/** Milliseconds that have gone by beside the real ones. */
let later = 0;

/** A member that gives copies of the leader's state, and says that it has the same. */
async function listen(member: number, listenOn: string): Promise<void> {
  const unexpected = (): never => {
    throw new Error('nobody asks for that');
  };
  const copies = new Copies({ state: leader.state, id: member, lastIndex: () => 0, onCorrupt: unexpected });
  const transport = new Transport({
    self: { cluster: FOUNDER.cluster, id: member, nonce: `n${member}` },
    listen: listenOn,
    tls: undefined,
    handlers: {
      admit: () => Promise.resolve(undefined),
      onCall: (payload, from) =>
        answerCall(() => {
          const request = packr.unpack(payload) as VerifyRequest;
          heard.push(`${from?.id} asks ${member} ${request.op} at ${request.revision}`);
          const own = decodeVerifyReply(leader.verifier.answer({ op: 'hash', revision: request.revision }));
          return Promise.resolve(packr.pack({ ...own, lineage: `${member}-x`, ...answers(member) }));
        }),
      onFetch: (from) => {
        heard.push(`${from} fetches from ${member}`);
        return copies.give(from);
      },
      onMessages: unexpected,
      onSnapshot: unexpected,
      onUp: nothing,
      onUnreachable: nothing,
      onDead: nothing,
      onRefused: unexpected,
    },
    log: nothing,
  });
  transports.push(transport);
  await transport.listen();
}

beforeEach(async () => {
  [transports, heard, said, later] = [[], [], [], 0];
  answers = () => ({});
  addresses = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
  const [a = '', b = ''] = addresses;
  const others = { 2: { name: 'b', address: b }, 3: { name: 'c', address: '127.0.0.1:1' } };
  leader = await LoneLeader.open(others, { voters: [1, 2, 3] });
  leader.present.add(2);
  await leader.lead();
  for (const key of ['a/1', 'a/2', 'a/3']) await leader.put(key);
  const dataDir = mkdtempSync(join(tmpdir(), 'quorate-reseed-'));
  const state = new StateStore({
    path: join(dataDir, 'state'),
    conf: leader.state.meta.conf,
    members: new Map([
      [1, { name: 'a', address: a }],
      ...Object.entries(others).map(([id, m]) => [Number(id), m] as const),
    ]),
    lineage: '3-before',
    onVisible: nothing,
    onDurable: nothing,
    onDiskFull: nothing,
    onFatal: (error) => {
      throw error;
    },
  });
  const log = await LogStore.open({
    path: join(dataDir, 'wal'),
    stateMeta: () => ({ index: 0, term: 0, confState: state.meta.conf }),
    onDiskFull: nothing,
  });
  taker = { dataDir, log, state };
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + later);
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const transport of transports) await transport.close();
  await leader.close();
  await taker.state.close();
  await taker.log.close();
  rmSync(taker.dataDir, { recursive: true, force: true });
});

/** Its next start, in which it wishes for a copy; how that ends. */
async function start(wish: string, stopping?: AbortSignal): Promise<unknown> {
  await taker.log.putFact(RESEED, Buffer.from(wish));
  const identity = { ...FOUNDER, id: 3, name: 'c', nonce: 'n3' };
  const say = (level: string, text: string): void => void said.push(`${level}: ${text}`);
  try {
    return await reseedIfWanted({ ...taker, identity, tls: undefined, say, stopping });
  } catch (error) {
    return error;
  }
}
const wishes = (): string => taker.log.getFact(RESEED)?.toString() ?? '';

describe('a replica whose state differs', () => {
  it('takes a copy that the others confirm, each by itself, and counts for a computation of its own with it', async () => {
    for (const [i, address] of addresses.entries()) await listen(i + 1, address);
    expect(await start('3')).toBeUndefined();
    const { appliedIndex, revision } = leader.state.meta;
    expect(heard.toSorted()).toEqual(['3 asks 1 hash at 3', '3 asks 2 hash at 3', '3 fetches from 1']);
    expect(said).toEqual([`info: replaced the state by a copy of member 1's, at log index ${appliedIndex}`]);
    expect(taker.state.meta).toMatchObject({ appliedIndex, revision });
    expect([wishes(), taker.log.firstIndex(), taker.log.lastIndex()]).toEqual(['', appliedIndex + 1, appliedIndex]);
    expect(taker.state.meta.lineage).toMatch(/^3-/);
    expect(taker.state.meta.lineage).not.toBe('3-before');
    const directory = taker.log.getFact(STATE_DIRECTORY)?.toString() ?? '';
    expect(readdirSync(taker.dataDir)).toContain(directory);
    // What was wished for is there: nobody is asked again.
    heard = [];
    expect(await start('')).toBeUndefined();
    expect([heard, said.length]).toEqual([[], 1]);
  });

  it('takes one of another member where the first is away', async () => {
    await listen(2, addresses[1] ?? '');
    answers = () => {
      later = 6_000;
      return { hash: '' };
    };
    const started = start('3');
    await until(() => said.some((text) => text.includes('from member 2')));
    await listen(1, addresses[0] ?? '');
    answers = () => ({});
    expect(await started).toBeUndefined();
    expect(said[0]).toMatch(/^info: no copy of the state from member 1 yet: ./);
    expect(said.at(-1)).toMatch(/^info: replaced the state by a copy of member [12]'s/);
  });

  it('takes one that all others have of one computation, and counts for none of its own with it', async () => {
    for (const [i, address] of addresses.entries()) await listen(i + 1, address);
    answers = () => ({ lineage: '1-x' });
    expect(await start('3')).toBeUndefined();
    expect(taker.state.meta).toMatchObject({ revision: 3, lineage: leader.state.meta.lineage });
  });

  it('takes none that another member contradicts, and keeps nothing of it', async () => {
    for (const [i, address] of addresses.entries()) await listen(i + 1, address);
    answers = (member) => (member === 2 ? { hash: 'another' } : {});
    const stopping = new AbortController();
    const started = start('3', stopping.signal);
    await until(() => said.some((text) => text.includes('from member 2')));
    stopping.abort();
    expect(await started).toMatchObject({
      name: 'FatalError',
      message: 'no copy of the state was taken yet; the next start will take one.',
    });
    const contradicted = 'the copy is not taken: member 2 has another state at revision 3';
    expect(said.filter((text) => text.startsWith('info'))).toContain(
      `info: no copy of the state from member 1 yet: ${contradicted}`,
    );
    expect([wishes(), taker.state.meta.revision, taker.state.meta.lineage]).toEqual(['3', 0, '3-before']);
    expect(readdirSync(taker.dataDir).toSorted()).toEqual(['state', 'wal']);
  });

  it('takes none that is older than its log, nor one that too few confirm', async () => {
    for (const [i, address] of addresses.entries()) await listen(i + 1, address);
    await taker.log.reset({ index: 100, term: 1, confState: taker.state.meta.conf }, undefined, {});
    const stopping = new AbortController();
    const tooFew = 'from member 2 yet: too few members confirm that its state is right';
    answers = () => {
      // Enough of it is known: whoever is asked does not know yet, and will not in time.
      if (said.length > 0) later = 6_000;
      return said.length > 0 ? { hash: '' } : {};
    };
    const started = start('3', stopping.signal);
    await until(() => said.some((text) => text.includes('from member 2')));
    stopping.abort();
    await started;
    expect(said.filter((text) => text.startsWith('info')).slice(0, 2)).toEqual([
      'info: no copy of the state from member 1 yet: its state is older than our log',
      `info: no copy of the state ${tooFew}`,
    ]);
    expect(taker.log.firstIndex()).toBe(101);
  });

  it('does not go on when nobody has given it one within a minute', async () => {
    const started = start('3');
    const attempts = (): number => said.filter((text) => text.includes('from member 1')).length;
    await until(() => attempts() > 0);
    later = 50_000;
    const before = attempts();
    await until(() => attempts() > before);
    later = 60_000;
    expect(await started).toMatchObject({
      name: 'FatalError',
      message:
        'the state of this replica differs from that of the others, and no leader gives a copy of its own. Make sure that a ' +
        'majority of the other members is up, and start this one again.',
    });
    expect(wishes()).toBe('3');
  });
});

describe('a replica whose state has damaged records', () => {
  it('takes none that all others have of one computation: its own may say otherwise', async () => {
    for (const [i, address] of addresses.entries()) await listen(i + 1, address);
    answers = () => ({ lineage: '1-x' });
    const started = start(DAMAGED);
    await until(() => said.some((text) => text.includes('from member 2')));
    later = 10_000;
    expect(await started).toBeUndefined();
    expect(said).toContain(
      'info: no copy of the state from member 1 yet: too few members confirm that its state is right',
    );
    expect([wishes(), taker.state.meta.revision]).toEqual([DAMAGED, 0]);
  });

  it('goes on with it when nobody has given it a copy within 10 s, and will wish for one again', async () => {
    const started = start(DAMAGED);
    await until(() => said.some((text) => text.startsWith('info')));
    later = 10_000;
    expect(await started).toBeUndefined();
    expect(said.filter((text) => text.startsWith('error'))).toEqual([
      'error: the state of this replica has damaged records, and no leader gives a copy of its own: going on with it. If this ' +
        'comes back while a majority of the other members is up, remove this member from the cluster, and join it again ' +
        'with an empty data directory.',
    ]);
    expect(wishes()).toBe(DAMAGED);
  });
});
