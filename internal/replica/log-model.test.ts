import { expect, it } from 'vitest';
import type { Entry, HardState } from '../raft/index.js';
import { DiskDirectory } from '../testing/sim/log-disk.js';
import { Random } from '../testing/sim/random.js';
import { LogStore } from './log.js';
import { openOn } from './wal/disk.testkit.js';

const KIB = 1024;
const nothing = {
  index: 0,
  term: 0,
  confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};

/** What a log must say of itself, kept in the simplest way. */
class Model {
  base = { index: 0, term: 0 };
  entries: Entry[] = [];
  hardState: HardState | undefined;
  /** What of the hard state is on the disk for certain. */
  durable: HardState | undefined;
  readonly facts = new Map<string, string>();
  term = 1;

  get last(): number {
    return this.base.index + this.entries.length;
  }
  /** The next entries from `first` on: of both types, some empty, some larger than half a segment. */
  make(first: number, random: Random): Entry[] {
    return Array.from({ length: 1 + random.below(4) }, (_, i) => ({
      index: first + i,
      term: this.term,
      type: random.chance(0.25) ? 'confChange' : 'normal',
      data: Buffer.alloc(random.chance(0.1) ? 0 : random.below(random.chance(0.1) ? 6 * KIB : 900), `${first + i}`),
    }));
  }
}

function check(log: LogStore, model: Model, step: string): void {
  const { base, last } = model;
  const all = log.entries(base.index + 1, last + 1, Number.POSITIVE_INFINITY);
  const plain = (entries: readonly Entry[]): unknown =>
    entries.map(({ index, term, type, data }) => [index, term, type, Buffer.from(data).toString('latin1')]);
  expect([step, log.firstIndex(), log.lastIndex(), log.term(base.index)]).toEqual([
    step,
    base.index + 1,
    last,
    base.term,
  ]);
  expect([step, plain(all)]).toEqual([step, plain(model.entries)]);
  expect([log.term(base.index - 1), log.term(last + 1)]).toEqual([undefined, undefined]);
  for (const { index, term } of model.entries) expect(log.term(index)).toBe(term);
  expect([step, log.hardState]).toEqual([step, model.hardState]);
  for (const [name, value] of model.facts) expect([step, log.getFact(name)?.toString()]).toEqual([step, value]);
  expect(log.lost).toBeUndefined();
}

it.each([1, 2, 3, 4])('holds what was written to it through everything that is done to it: seed %i', async (seed) => {
  const random = new Random(seed);
  let disk = new DiskDirectory();
  const open = (): Promise<LogStore> =>
    LogStore.open({
      path: '/tmp',
      stateMeta: () => nothing,
      onDiskFull: () => undefined,
      segmentBytes: 8 * KIB,
      openDirectory: () => openOn(disk),
    });
  const model = new Model();
  let log = await open();
  let hasWritten = false;
  for (let step = 0; step < 120; step++) {
    const kind = random.below(100);
    let what = 'append';
    if (kind < 55) {
      const isOver = kind < 10 && model.entries.length > 0;
      if (isOver) model.term++;
      const first = isOver ? model.base.index + 1 + random.below(model.entries.length) : model.last + 1;
      what = isOver ? 'overwrite' : what;
      const entries = model.make(first, random);
      const hardState = random.chance(0.6) ? { term: model.term, vote: step, commit: first } : undefined;
      model.entries.splice(first - model.base.index - 1, Number.POSITIVE_INFINITY, ...entries);
      model.hardState = hardState ?? model.hardState;
      model.durable = model.hardState;
      hasWritten = true;
      const isWritten = log.append(entries, hardState);
      check(log, model, `${step} ${what}, not yet on the disk`);
      await isWritten;
    } else if (kind < 62) {
      what = 'note';
      model.hardState = { term: model.term, vote: step, commit: model.last };
      log.note(model.hardState);
    } else if (kind < 74 && model.entries.length > 0) {
      what = 'compact';
      const count = random.below(model.entries.length + 1);
      const gone = model.entries.splice(0, count).at(-1);
      if (gone !== undefined) {
        model.base = { index: gone.index, term: gone.term };
        hasWritten = true;
      }
      await log.compact(model.base.index);
    } else if (kind < 77) {
      what = 'reset';
      model.term++;
      model.base = { index: model.last + random.below(20), term: model.term };
      model.entries = [];
      const hardState = random.chance(0.5) ? { term: model.term, vote: 0, commit: model.base.index } : undefined;
      model.hardState = hardState ?? model.hardState;
      if (hardState !== undefined) model.durable = hardState;
      model.facts.set('state', `of ${step}`);
      hasWritten = true;
      await log.reset({ ...nothing, ...model.base }, hardState, { state: Buffer.from(`of ${step}`) });
    } else if (kind < 84) {
      what = 'facts';
      for (const name of ['a', 'b']) model.facts.set(name, `${name} ${step}`);
      hasWritten = true;
      await log.putFacts({ a: Buffer.from(`a ${step}`) });
      await log.putFact('b', Buffer.from(`b ${step}`));
    } else if (kind < 93) {
      what = 'reopen';
      await log.close();
      if (hasWritten) model.durable = model.hardState;
      model.hardState = model.durable;
      hasWritten = false;
      log = await open();
    } else {
      what = 'loss of power';
      disk = disk.copy();
      disk.loseUnsynced();
      model.hardState = model.durable;
      hasWritten = false;
      log = await open();
    }
    check(log, model, `${step} ${what}`);
  }
  // Files do not pile up: two to be used again, one that is written on, and another where its last group did not fit.
  const names = [...disk.names.keys()];
  expect(names.filter((name) => name.startsWith('spare-')).length).toBeLessThanOrEqual(2);
  await log.compact(model.last);
  await log.close();
  expect([...disk.names.keys()].filter((name) => name.endsWith('.wal')).length).toBeLessThanOrEqual(2);
});
