import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LOG_VERSION } from '../store/command.js';
import { MAX_KEY_BYTES } from '../store/rows.js';
import { CompactedError, type Txn } from '../store/types.js';
import { ReplicaBackend } from './backend.js';
import { LoneLeader } from './leader.testkit.js';

const MIB = 1024 * 1024;
type TxnOp = Txn['ops'][number];
let bench: LoneLeader;
let backend: ReplicaBackend;
const corrupt: string[] = [];

beforeEach(async () => {
  bench = await LoneLeader.open();
  await bench.lead();
  const { state, driver, proposals, reads, space } = bench;
  backend = new ReplicaBackend({
    state,
    driver,
    proposals,
    reads,
    space,
    txnTimeoutMs: 10_000,
    readTimeoutMs: 50,
    onCorrupt: (error) => void corrupt.push(error.key),
  });
});
afterEach(() => bench.close());

const put = (key: string, value: Buffer | string = 'v', revisionAt = -1): TxnOp => ({
  type: 'put',
  key,
  value: Buffer.from(value),
  revisionAt,
});
const del = (key: string): TxnOp => ({ type: 'delete', key });
async function outcome(txn: Partial<Txn>): Promise<string> {
  const result = await bench.outcome(backend.txn({ compares: [], ops: [], ...txn }));
  return typeof result === 'string' ? result : `at ${result.revision}`;
}
const keys = (start: string, end: string, revision?: number): string[] =>
  backend
    .range({ start, end, limit: 100, ...(revision === undefined ? {} : { revision }) })
    .items.map(({ key }) => key);

describe('a transaction', () => {
  it('has at most 128 ops, each on a key of its own, and 8 MiB', async () => {
    const many = (count: number): TxnOp[] => Array.from({ length: count }, (_, i) => put(`a/${i}`));
    expect(await outcome({ ops: many(128) })).toBe('at 1');
    expect(await outcome({ ops: many(129) })).toMatch(/a transaction has at most 128 ops/);
    expect(await outcome({ ops: [del('a/1'), put('a/2'), put('a/1')] })).toMatch(/a transaction changes a\/1 twice/);
    const key = 'k'.repeat(100);
    const whole = [put(key, Buffer.alloc(8 * MIB - 300)), put('l'.repeat(100), 'x'.repeat(100))];
    expect(await outcome({ ops: whole })).toBe('at 2');
    const compares = [{ key: 'x', modRevision: 0 }];
    const tooMuch = `RangeError: the transaction has ${8 * MIB + 1} bytes; at most ${8 * MIB} are allowed`;
    expect(await outcome({ compares, ops: whole })).toBe(tooMuch);
  });

  it('has keys of 1 to so many bytes without NUL, and a revision within its value', async () => {
    const wrong = (key: string): string =>
      `RangeError: the key ${JSON.stringify(key.slice(0, 100))} is empty, holds NUL, or is longer than ${MAX_KEY_BYTES} bytes`;
    const longest = 'k'.repeat(MAX_KEY_BYTES);
    const umlauts = 'ü'.repeat(Math.floor(MAX_KEY_BYTES / 2));
    expect(await outcome({ ops: [put(longest), put(umlauts)] })).toBe('at 1');
    for (const key of ['', 'a\0b', `${longest}k`, `${umlauts}üü`, `${longest}\0`]) {
      expect(await outcome({ ops: [put(key)] })).toBe(wrong(key));
      expect(await outcome({ ops: [del(key)] })).toBe(wrong(key));
      expect(await outcome({ compares: [{ key, modRevision: 0 }] })).toBe(wrong(key));
    }
    expect(await outcome({ ops: [put('a', 'v', -2)] })).toContain('revisionAt lies within the value');
    expect(await outcome({ ops: [put('a', 'v', 2)] })).toContain('revisionAt lies within the value');
    expect(await outcome({ ops: [put('a', '0123456789abcdef', 0)] })).toBe('at 2');
  });

  it('charges only where all members know of charges', async () => {
    const charge = { type: 'charge', key: 'q', amounts: [['pods', '1']] } as unknown as TxnOp;
    expect(backend.takesCharges).toBe(false);
    expect(await outcome({ ops: [charge] })).toContain('every member knows what is proposed');
    await bench.useNewest();
    expect([backend.takesCharges, bench.state.meta.version]).toEqual([true, LOG_VERSION]);
    // Amounts count as bytes do.
    const amounts = [['p'.repeat(4 * MIB), '1'.repeat(4 * MIB)]];
    const large = { type: 'charge', key: 'q', amounts } as unknown as TxnOp;
    const tooMuch = `RangeError: the transaction has ${8 * MIB + 1} bytes; at most ${8 * MIB} are allowed`;
    expect(await outcome({ ops: [large] })).toBe(tooMuch);
  });
});

describe('what is read', () => {
  it('is of now, or of a revision that is kept', async () => {
    for (const value of ['1', '2', '3']) await outcome({ ops: [put('a', value)] });
    await outcome({ ops: [put('b')] });
    expect([backend.revision, backend.compactRevision, backend.count('a', 'c')]).toEqual([4, 0, 2]);
    expect([backend.get('a')?.value.toString(), backend.getAt('a', 2)?.value.toString(), backend.get('x')]).toEqual([
      '3',
      '2',
      undefined,
    ]);
    expect([keys('a', 'c'), keys('a', 'c', 4), keys('a', 'c', 3)]).toEqual([['a', 'b'], ['a', 'b'], ['a']]);
    const future = 'revision 5 is in the future (now 4)';
    expect(() => backend.getAt('a', 5)).toThrow(new RangeError(future));
    expect(() => keys('a', 'c', 5)).toThrow(new RangeError(future));
    expect(backend.changes(2, 10).map(({ revision }) => revision)).toEqual([3, 4]);
    expect([backend.changes(4, 10), backend.changes(9, 10)]).toEqual([[], []]);
    await bench.submit({ kind: 'compact', revision: 3 });
    expect(backend.compactRevision).toBe(3);
    expect(() => backend.getAt('a', 2)).toThrow(CompactedError);
    expect(() => keys('a', 'c', 2)).toThrow(CompactedError);
    expect(() => backend.changes(2, 10)).toThrow(CompactedError);
    expect(backend.getAt('a', 3)?.value.toString()).toBe('3');
    expect(backend.changes(3, 10)).toHaveLength(1);
  });

  it('is nothing under a key that cannot be, and all of a range whose ends are none', async () => {
    const longest = 'k'.repeat(MAX_KEY_BYTES);
    const umlauts = 'ü'.repeat(Math.floor(MAX_KEY_BYTES / 2));
    await outcome({ ops: [put('a'), put(longest), put(umlauts)] });
    for (const key of [`${longest}k`, `${umlauts}ü`]) {
      expect([backend.get(key), backend.getAt(key, 1)]).toEqual([undefined, undefined]);
    }
    expect(backend.get(umlauts)?.key).toBe(umlauts);
    expect(keys('a', `${longest}k`)).toEqual(['a']);
    expect(keys(`${'j'.repeat(MAX_KEY_BYTES)}j`, 'l')).toEqual([longest]);
    expect(backend.count('a', `${umlauts}üüü`)).toBe(2);
    expect(keys(`${'b'.repeat(2_000)}`, `${'z'.repeat(2_000)}`)).toEqual([longest]);
  });

  it('is told of once for each revision, and no more to who does not listen', async () => {
    const heard: number[] = [];
    const stop = backend.onApplied((revision) => void heard.push(revision));
    backend.announce();
    await outcome({ ops: [put('a')] });
    backend.announce();
    backend.announce();
    expect(heard).toEqual([1]);
    stop();
    await outcome({ ops: [put('a')] });
    backend.announce();
    expect(heard).toEqual([1]);
  });
});

it('a barrier asks nobody where this replica is alone, and a leader otherwise, for as long as it is told', async () => {
  await bench.until(() => bench.driver.soleLeader);
  expect(backend.readBarrier()).toBeUndefined();
  await bench.outcome(bench.membership.ask({ op: 'add', name: 'b', address: 'b:1' }));
  expect(bench.driver.soleLeader).toBe(false);
  expect(await bench.outcome(Promise.resolve(backend.readBarrier()))).toBeUndefined();
  bench.driver.stop();
  const expired = async (waiting: Promise<void>, afterMs: number): Promise<string> => {
    bench.reads.expire(performance.now() + afterMs);
    return Promise.race([
      waiting.then(() => 'is over', String),
      new Promise<string>((resolve) => setImmediate(() => resolve('waits'))),
    ]);
  };
  expect(await expired(Promise.resolve(backend.readBarrier()), 60)).toContain('no leader confirmed the read');
  expect(await expired(Promise.resolve(backend.readBarrier(5_000)), 60)).toBe('waits');
});
