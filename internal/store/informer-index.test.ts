import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type InformedObjects, Informer } from './informer.js';
import type { StateStore } from './state.js';
import { applyTo, openState, putCommand } from './state.testkit.js';
import { type ChangeEvent, CompactedError, type RangeOptions, type RangeResult, type StateReader } from './types.js';
import { changesAfter, getAsOf, getLatest, rangeLatest } from './view.js';

const nothing = (): void => undefined;

/** Reads a state as a replica does, two objects at a time, and counts how often it is asked. */
class Reader implements StateReader {
  readonly takesCharges = false;
  asked = { ranges: 0, changes: 0 };
  /** Thrown by `changes`. */
  failure: Error | undefined;
  constructor(private readonly state: StateStore) {}
  get revision(): number {
    return this.state.visible.revision;
  }
  get compactRevision(): number {
    return this.state.visible.compactRevision;
  }
  get = (key: string) => getLatest(this.state.snapshot, key);
  getAt = (key: string, revision: number) => getAsOf(this.state.snapshot, key, revision);
  range(options: RangeOptions): RangeResult {
    this.asked.ranges++;
    return rangeLatest(this.state.snapshot, { ...options, limit: 2 }, nothing);
  }
  count = (start: string, end: string) => this.state.snapshot.count('objects', start, end);
  changes(after: number, limit: number, wanted: (key: string) => boolean): readonly ChangeEvent[] {
    this.asked.changes++;
    if (this.failure !== undefined) throw this.failure;
    if (after < this.compactRevision) throw new CompactedError(after, this.compactRevision);
    return changesAfter(this.state.snapshot, after, limit, nothing, wanted);
  }
  lastChange = (resource: string) => this.state.changed.of(resource);
  onApplied = () => nothing;
}

interface Kept {
  readonly names: readonly string[];
  readonly at: string;
}
let directory = '';
let state: StateStore;
let reader: Reader;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-informer-'));
  state = openState(join(directory, 'state'));
  reader = new Reader(state);
});
afterEach(async () => {
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

function put(key: string, ...names: string[]): void {
  applyTo(state, putCommand(key, JSON.stringify({ names })));
  state.commit();
}
function remove(key: string): void {
  applyTo(state, { kind: 'txn', txn: { compares: [], ops: [{ type: 'delete', key }] } });
  state.commit();
}
/** Keeps the pods that have names. */
const pods = (): InformedObjects<Kept> =>
  Informer.of(reader).objects<Kept>('core/pods/', (object, key, modRevision) => {
    const names = object.names as string[];
    return names.length === 0 ? undefined : { names, at: `${key}@${modRevision}` };
  });
const textsOf = (kept: Iterable<Kept>): string[] => [...kept].map(({ at }) => at);

describe('informed objects', () => {
  test('are those of their resource, however many there are, each since when it was written', () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) put(`core/pods/ns/${name}`, 'x');
    put('core/podsets/ns/a', 'x');
    put('core/pod/ns/a', 'x');
    put('core/pods/ns/without');
    const kept = pods();
    const all = ['a@1', 'b@2', 'c@3', 'd@4', 'e@5'].map((text) => `core/pods/ns/${text}`);
    expect(textsOf(kept.all().values())).toEqual(all);
    put('core/pods/ns/f', 'x');
    put('core/podsets/ns/b', 'x');
    put('apps/pods/ns/b', 'x');
    expect(textsOf(kept.all().values())).toEqual([...all, 'core/pods/ns/f@9']);
    expect(kept.get('core/pods/ns/f')?.at).toBe('core/pods/ns/f@9');
    expect(kept.get('core/pods/ns/without')).toBeUndefined();
    // What does not count any more goes, and comes back.
    put('core/pods/ns/f');
    expect(kept.get('core/pods/ns/f')).toBeUndefined();
    put('core/pods/ns/f', 'x');
    expect(kept.get('core/pods/ns/f')?.at).toBe('core/pods/ns/f@13');
  });

  test('are found by each of their names, and by no name that they had', () => {
    put('core/pods/ns/a', 'x', 'y');
    const kept = pods();
    const byName = kept.indexBy(({ names }) => names);
    const byLetter = kept.indexBy((_, key) => [key.slice(-1)]);
    const found = (...names: string[]): string[][] => names.map((name) => textsOf(byName(name)));
    expect(found('x', 'y', 'z')).toEqual([['core/pods/ns/a@1'], ['core/pods/ns/a@1'], []]);
    put('core/pods/ns/b', 'y', 'z');
    expect(found('x', 'y', 'z')).toEqual([
      ['core/pods/ns/a@1'],
      ['core/pods/ns/a@1', 'core/pods/ns/b@2'],
      ['core/pods/ns/b@2'],
    ]);
    put('core/pods/ns/a', 'z');
    expect(found('x', 'y', 'z')).toEqual([[], ['core/pods/ns/b@2'], ['core/pods/ns/b@2', 'core/pods/ns/a@3']]);
    expect(textsOf(byLetter('a'))).toEqual(['core/pods/ns/a@3']);
    remove('core/pods/ns/b');
    expect(found('y', 'z')).toEqual([[], ['core/pods/ns/a@3']]);
    expect(textsOf(byLetter('b'))).toEqual([]);
  });

  test('tell once that they changed, when somebody asks, and only when they did', () => {
    const [kept, others] = [pods(), Informer.of(reader).objects('core/nodes/', () => ({}))];
    const again = pods();
    const heard: string[] = [];
    kept.onChange(() => heard.push('pods'));
    kept.onChange(() => heard.push('pods too'));
    again.onChange(() => heard.push('pods again'));
    others.onChange(() => heard.push('nodes'));
    put('core/pods/ns/a', 'x');
    put('core/pods/ns/b', 'x');
    expect(heard).toEqual([]);
    expect([kept.all().size, again.all().size]).toEqual([2, 2]);
    expect(heard).toEqual(['pods', 'pods too', 'pods again']);
    remove('core/nodes/none');
    put('core/nodes/a');
    others.all();
    expect(heard.slice(3)).toEqual(['nodes']);
  });
});

describe('the informer', () => {
  test('reads nothing while nothing was written, and each change once', () => {
    const kept = pods();
    const { ranges } = reader.asked;
    kept.all();
    expect(reader.asked).toEqual({ ranges, changes: 0 });
    for (let i = 0; i < 512; i++) put(`core/pods/ns/${i}`, 'x');
    expect(kept.all().size).toBe(512);
    expect(reader.asked).toEqual({ ranges, changes: 1 });
    for (let i = 0; i < 513; i++) put(`core/pods/ns/${i}`, 'y');
    expect(kept.get('core/pods/ns/512')?.names).toEqual(['y']);
    expect(reader.asked).toEqual({ ranges, changes: 3 });
    expect(Informer.of(reader)).toBe(Informer.of(reader));
    expect(Informer.of(new Reader(state))).not.toBe(Informer.of(reader));
  });

  test('reads everything anew where history is gone, and then goes on from there', () => {
    put('core/pods/ns/a', 'x');
    put('core/pods/ns/b', 'x');
    const kept = pods();
    const byName = kept.indexBy(({ names }) => names);
    let heard = 0;
    kept.onChange(() => heard++);
    remove('core/pods/ns/a');
    put('core/pods/ns/c', 'x');
    applyTo(state, { kind: 'compact', revision: 4 });
    state.commit();
    expect(textsOf(byName('x'))).toEqual(['core/pods/ns/b@2', 'core/pods/ns/c@4']);
    expect([...kept.all().keys()]).toEqual(['core/pods/ns/b', 'core/pods/ns/c']);
    expect([heard, reader.asked.changes]).toEqual([1, 1]);
    put('core/pods/ns/d', 'x');
    expect(kept.all().size).toBe(3);
    expect([heard, reader.asked.changes]).toEqual([2, 2]);
  });

  test('goes on behind changes that cannot be read, and hands on what went wrong', () => {
    const kept = pods();
    put('core/pods/ns/a', 'x');
    reader.failure = new TypeError('closed');
    expect(() => kept.all()).toThrow(TypeError);
    reader.failure = undefined;
    expect(kept.all().size).toBe(1);
    put('core/pods/ns/b', 'x');
    reader.changes = () => [];
    expect(kept.all().size).toBe(1);
    expect(kept.all().size).toBe(1);
  });
});
