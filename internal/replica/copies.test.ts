import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CorruptRecordError } from '../store/rows.js';
import { StateExport } from '../store/snapshot.js';
import { Copies } from './copies.js';
import { LoneLeader, messageOf } from './leader.testkit.js';
import { decodeSnapshotHeader } from './wire.js';

let bench: LoneLeader;
let copies: Copies;
let corrupt: string[] = [];
/** Whether each copy that was begun holds the state's pages still. */
let isHeld: () => Promise<boolean[]>;

beforeEach(async () => {
  corrupt = [];
  bench = await LoneLeader.open();
  await bench.lead();
  for (let i = 0; i < 4; i++) await bench.put(`k${i}`, 200_000);
  const taken = vi.spyOn(bench.state, 'takeSnapshot');
  isHeld = () => Promise.all(taken.mock.results.map(async ({ value }) => !(await value).released));
  copies = new Copies({
    state: bench.state,
    id: 1,
    lastIndex: () => bench.driver.status().lastIndex,
    onCorrupt: (error) => corrupt.push(error.key),
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});

describe('a copy of the state', () => {
  it('begins with what it is of, and is held until it was given whole', async () => {
    const given = copies.give(2);
    const header = decodeSnapshotHeader((await given.next()).value as Buffer);
    const { appliedIndex, appliedTerm, conf } = bench.state.meta;
    expect(header.messages).toEqual([
      {
        ...messageOf(1, 'snapshot', { to: 2, term: 0 }),
        snapshot: { index: appliedIndex, term: appliedTerm, confState: conf },
      },
    ]);
    expect(header.claim).toEqual({ revision: 4, hash: bench.state.hashAt(4) });
    expect(await isHeld()).toEqual([true]);
    let bytes = 0;
    for await (const chunk of given) bytes += chunk.length;
    expect(bytes).toBeGreaterThan(800_000);
    expect(await isHeld()).toEqual([false]);
  });

  it('is held no more when its taker is gone', async () => {
    const given = copies.give(2);
    await given.next();
    await given.return(undefined);
    expect(await isHeld()).toEqual([false]);
  });

  it('ends when the state is about to be replaced', async () => {
    const given = copies.give(2);
    await given.next();
    copies.release();
    expect(await isHeld()).toEqual([false]);
    await expect(given.next()).rejects.toThrow('the snapshot is not held any more');
  });

  it('with a damaged record ends, and that is told', async () => {
    const damaged = new CorruptRecordError('objects', 'k1', 'bad checksum');
    vi.spyOn(StateExport.prototype, 'chunks').mockImplementation(() => {
      throw damaged;
    });
    const given = copies.give(2);
    await given.next();
    await expect(given.next()).rejects.toBe(damaged);
    expect([corrupt, await isHeld()]).toEqual([['k1'], [false]]);
  });
});

it('there is no copy of a state that holds nothing yet', async () => {
  const empty = await LoneLeader.open();
  try {
    const none = new Copies({ state: empty.state, id: 1, lastIndex: () => 0, onCorrupt: () => undefined });
    await expect(none.give(2).next()).rejects.toThrow('there is no state to send yet');
  } finally {
    await empty.close();
  }
});
