import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Packr } from 'msgpackr';
import { type Command, encodeProposal } from './command.js';
import { HistoryRemover } from './compaction.js';
import { openEnvironment, openTables } from './lmdb.js';
import { decodeMeta, encodeMeta, hashText, META_KEY, stateHashOf } from './meta.js';
import { addRow, emptySums, type RowSums, type SummedTable } from './row-sums.js';
import { type CorruptRecordError, encodeRevision, MissingRowsError, seal } from './rows.js';
import { Scrub } from './scrub.js';
import { StateStore } from './state.js';
import { chunksOf } from './state.testkit.js';

const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const TABLES: readonly SummedTable[] = ['objects', 'past', 'events', 'expiry'];
let directory = '';
let state: StateStore;
let index = 0;
let othersHoldState = false;

function open(): StateStore {
  return new StateStore({
    path: join(directory, 'state'),
    conf,
    members: new Map(),
    onVisible: () => undefined,
    onDurable: () => undefined,
    onDiskFull: () => undefined,
    othersHoldState: () => othersHoldState,
    onFatal: (error) => {
      throw error;
    },
  });
}
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-scrub-'));
  index = 0;
  othersHoldState = false;
  state = open();
});
afterEach(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

function apply(...commands: readonly Command[]): void {
  index++;
  state.applyEntry(index, 1, encodeProposal({ proposer: 7, seq: index, time: 1_000, commands }));
}
async function committed(): Promise<void> {
  state.commit();
  await state.whenCommitted();
}
const put = (key: string, text: string, ttlSeconds = 0): Command => ({
  kind: 'txn',
  txn: { compares: [], ops: [{ type: 'put', key, value: Buffer.from(text), revisionAt: -1, ttlSeconds }] },
});
const remove = (key: string): Command => ({ kind: 'txn', txn: { compares: [], ops: [{ type: 'delete', key }] } });

function counted(): RowSums {
  const sums = emptySums(true);
  for (const table of TABLES) {
    for (const { key, value } of state.snapshot.scanAll(table)) addRow(sums, table, key, value);
  }
  return sums;
}

/** One pass over everything; what it found. */
async function scrubbed(): Promise<CorruptRecordError[]> {
  const found: CorruptRecordError[] = [];
  const scrub = new Scrub({
    state,
    intervalMs: 1_000_000,
    onCorrupt: (error) => found.push(error),
    onBrokenOff: (error) => {
      throw error;
    },
  });
  const { revision } = state.meta;
  await scrub.run();
  expect(scrub.progress).toMatchObject({ passes: 1, rows: 0, lastRevision: revision });
  return found;
}

/** Changes rows behind the back of the store, as a broken disk does. */
async function tamper(
  work: (tables: ReturnType<typeof openTables>) => void,
  { reopen }: { readonly reopen: boolean } = { reopen: true },
): Promise<void> {
  await state.close();
  const environment = openEnvironment({ path: join(directory, 'state'), overlappingSync: true });
  const tables = openTables(environment);
  await environment.batch(() => work(tables));
  await environment.close();
  if (reopen) state = open();
}

/** Some objects, with history and times to live, of which a part is compacted. */
async function fill(): Promise<void> {
  for (let i = 0; i < 60; i++) apply(put(`a/${i % 20}`, `value ${i}`, i % 3 === 0 ? 60 + i : 0));
  apply(remove('a/3'), remove('a/4'));
  apply({ kind: 'compact', revision: 30 });
  await committed();
  await new HistoryRemover(state).run();
}

describe('the sums of all rows', () => {
  it('are of the rows that are there, whatever was done', async () => {
    const key = fc.constantFrom('a/1', 'a/2', 'a/ü');
    const op = fc.oneof(
      fc.record({ type: fc.constant('delete' as const), key }),
      fc.record({
        type: fc.constant('put' as const),
        key,
        value: fc.string({ maxLength: 8 }).map((text) => Buffer.from(text)),
        revisionAt: fc.constant(-1),
        ttlSeconds: fc.constantFrom(0, 0, 5),
      }),
    );
    const command: fc.Arbitrary<Command> = fc
      .oneof(
        { weight: 6, arbitrary: fc.record({ kind: fc.constant('txn' as const), ops: fc.array(op, { maxLength: 4 }) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), ops: fc.constant([]) }) },
      )
      .map(
        ({ kind, ops }): Command =>
          kind === 'txn' ? { kind, txn: { compares: [], ops } } : { kind, revision: state.meta.revision },
      );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 12 }), async (commands) => {
        for (const each of commands) apply(each);
        await committed();
        expect(state.meta.sums).toEqual(counted());
        await new HistoryRemover(state).run();
        expect(state.meta.sums).toEqual(counted());
      }),
      { numRuns: 40 },
    );
    expect(await scrubbed()).toEqual([]);
  });

  it('are counted anew in a state of an earlier release, while it goes on being written', async () => {
    await fill();
    const { sums } = state.meta;
    expect(sums.complete).toBe(true);
    // An earlier release leaves them out when it writes the row.
    await tamper((tables) => {
      const row = Buffer.from(tables.meta.get(META_KEY) ?? []);
      const packr = new Packr({ useRecords: false, int64AsType: 'number' });
      const rest = packr.unpack(row.subarray(37)) as unknown[];
      void tables.meta.put(META_KEY, seal(Buffer.concat([row.subarray(0, 37), packr.pack(rest.slice(0, 4))])));
    });
    expect(state.meta.sums).toEqual(emptySums(false));
    expect(stateHashOf(state.meta).rows).toBeUndefined();
    apply(put('a/1', 'later'), remove('a/2'), put('a/new', 'x', 5));
    const under = scrubbed();
    apply(put('a/1', 'later still'));
    await committed();
    expect(await under).toEqual([]);
    await committed();
    expect(state.meta.sums).toEqual(counted());
    expect(await scrubbed()).toEqual([]);
    expect(hashText(state.meta)).toHaveLength(32);
    const { sums: written } = decodeMeta(encodeMeta(state.meta));
    expect(written).toEqual(state.meta.sums);
  });
});

describe('a pass over the whole state', () => {
  it.each(TABLES)('misses a row that is gone from %s', async (table) => {
    await fill();
    expect(await scrubbed()).toEqual([]);
    const row = [...state.snapshot.scanAll(table)].at(-1);
    await tamper((tables) => void tables[table].remove(row?.key ?? ''));
    expect(await scrubbed()).toEqual([expect.any(MissingRowsError)]);
  });

  it.each(['objects', 'past', 'events'] as const)(
    'finds a damaged record in %s that nobody asked for',
    async (table) => {
      await fill();
      const row = [...state.snapshot.scanAll(table)].at(-1);
      await tamper((tables) => {
        const value = Buffer.from(row?.value ?? []);
        value[value.length - 1] = (value[value.length - 1] ?? 0) ^ 1;
        void tables[table].put(row?.key ?? '', value);
      });
      expect((await scrubbed()).map((error) => error.table)).toEqual([table]);
    },
  );

  it('finds a time to live that is another than was written', async () => {
    await fill();
    const row = [...state.snapshot.scanAll('expiry')].at(-1);
    await tamper((tables) => void tables.expiry.put(row?.key ?? '', encodeRevision(1)));
    expect(await scrubbed()).toEqual([expect.any(MissingRowsError)]);
  });
});

describe('a damaged record', () => {
  beforeEach(async () => {
    apply(put('a/1', 'x'), put('a/2', 'y'));
    await committed();
    await tamper((tables) => {
      const value = Buffer.from(tables.objects.get('a/1') ?? []);
      value[7] = (value[7] ?? 0) ^ 1;
      void tables.objects.put('a/1', value);
    });
  });
  const conditional: Command = {
    kind: 'txn',
    txn: { compares: [{ key: 'a/1', modRevision: 1 }], ops: [{ type: 'delete', key: 'a/2' }] },
  };

  it.each([
    ['a condition', conditional],
    ['a write', put('a/1', 'z')],
    ['a delete', remove('a/1')],
  ])('decides nothing in %s, and the state stays before the entry', async (_, command) => {
    othersHoldState = true;
    apply(put('a/3', 'whole'));
    expect(() => apply(put('a/4', 'half'), command)).toThrow(/"a\/1" in table objects is damaged/);
    state.commit();
    await state.close();
    state = open();
    expect(state.meta).toMatchObject({ appliedIndex: 1, revision: 2 });
    expect(state.snapshot.get('objects', 'a/4')).toBeUndefined();
  });

  it('can be replaced where nobody else has it', () => {
    apply(put('a/1', 'z'));
    expect(state.meta.revision).toBe(3);
  });
});

it.each(['objects', 'past', 'events'] as const)(
  'a state with a damaged record in %s is given to nobody',
  async (table) => {
    await fill();
    const row = [...state.snapshot.scanAll(table)].at(0);
    await tamper((tables) => {
      const value = Buffer.from(row?.value ?? []);
      value[value.length - 1] = (value[value.length - 1] ?? 0) ^ 1;
      void tables[table].put(row?.key ?? '', value);
    });
    await expect(chunksOf(state)).rejects.toMatchObject({ name: 'CorruptRecordError', table });
  },
);

it('a state with a row missing is given to nobody', async () => {
  await fill();
  await tamper((tables) => void tables.objects.remove('a/1'));
  await expect(chunksOf(state)).rejects.toThrow(MissingRowsError);
});
