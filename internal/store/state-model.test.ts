import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Random } from '../testing/sim/random.js';
import type { Command } from './command.js';
import { HistoryRemover } from './compaction.js';
import { eventKey, OBJECT_HEADER } from './rows.js';
import type { StateStore } from './state.js';
import { applyTo, openState, putCommand } from './state.testkit.js';

const TABLES = ['objects', 'past', 'events', 'expiry'] as const;
let directory = '';
let state: StateStore;
const open = (mapSize?: number): StateStore =>
  openState(join(directory, 'state'), mapSize === undefined ? {} : { mapSize });
const apply = (...commands: readonly Command[]) => applyTo(state, ...commands);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-state-'));
});
afterEach(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

it('outgrows the address space that was mapped first, while being read', async () => {
  state = open(1024 * 1024);
  const value = Buffer.alloc(100_000, 'x');
  for (let i = 0; i < 300; i++) {
    apply(putCommand(`a/${i}`, value));
    state.commit();
    await state.whenVisible(state.meta.appliedIndex);
    expect(state.snapshot.get('objects', 'a/0')?.length).toBeGreaterThan(100_000);
  }
  expect([...state.snapshot.scanAll('objects')]).toHaveLength(300);
});

it('reads the same from memory, while it is being committed, and from LMDB', { timeout: 60_000 }, async () => {
  state = open();
  const random = new Random(3);
  const keys = [
    'a/b',
    'a/b/c',
    'a/b-c',
    'a/ü',
    'a/\u{10000}',
    'a/\ufffd',
    'b/1',
    ...Array.from({ length: 40 }, (_, i) => `c/${i}`),
  ];
  const contents = (): string[] =>
    TABLES.flatMap((table) =>
      [...state.snapshot.scanAll(table)].map(
        ({ key, value }) => `${table} ${key.toString('hex')} ${value.toString('hex')}`,
      ),
    );
  const below = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const model = new Map<string, string>();
  for (let step = 0; step < 400; step++) {
    const key = random.pick(keys);
    const text = `${step}`;
    if (random.chance(0.3)) {
      apply({ kind: 'txn', txn: { compares: [], ops: [{ type: 'delete', key }] } });
      model.delete(key);
    } else {
      apply(putCommand(key, Buffer.from(text)));
      model.set(key, text);
    }
    state.commit();
    if (random.chance(0.1)) void state.whenCommitted();
    if (random.chance(0.05)) apply({ kind: 'compact', revision: Math.max(1, state.meta.revision - 50) });
    if (random.chance(0.05)) await new HistoryRemover(state).run();
    if (random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    const { snapshot } = state;
    const [start = '', end = ''] = [random.pick(keys), random.pick(keys)].sort(below);
    const within = [...model.keys()].filter((each) => below(each, start) >= 0 && below(each, end) < 0).sort(below);
    const limit = random.pick([1, 3, 1_000]);
    expect([...snapshot.scan('objects', start, end, { limit })].map((row) => row.key)).toEqual(within.slice(0, limit));
    expect(snapshot.count('objects', start, end)).toBe(within.length);
    for (const each of keys)
      expect(snapshot.get('objects', each)?.subarray(OBJECT_HEADER).toString()).toBe(model.get(each));
    // Changes of late are read from memory alone.
    const since = eventKey(Math.max(0, state.meta.revision - random.pick([0, 1, 20, 400])), 0);
    const changes = [...snapshot.scan('events', since, eventKey(2 ** 48 - 1, 0))].map((row) => row.key.toString('hex'));
    const known = [...snapshot.scanAll('events')].map((row) => row.key.toString('hex'));
    expect(changes).toEqual(known.filter((name) => name >= since.toString('hex')));
    if (step % 40 !== 0) continue;
    const layered = contents();
    await state.whenCommitted();
    expect(contents()).toEqual(layered);
  }
});
