import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyValue } from '../../store/types.js';
import { TestStore } from '../testing.js';
import { guaranteedUpdate } from './guaranteed-update.js';
import { commit, replacing, type WritePlan } from './plan.js';

const TYPE = 'io.k8s.api.core.v1.ConfigMap';
const RESOURCE = { group: '', resource: 'configmaps' };

let store: TestStore;
beforeAll(async () => {
  store = await TestStore.open();
});
afterAll(() => store.close());

async function stored(name: string): Promise<KeyValue> {
  await store.put('default', name);
  const found = current(name);
  if (found === undefined) throw new Error('it was stored');
  return found;
}
const current = (name: string): KeyValue | undefined => store.deps.backend.get(`core/configmaps/default/${name}`);
const object = (name: string, value: string) => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name, namespace: 'default' },
  data: { value },
});

test('Several plans are written at one revision, or none of them', async () => {
  const { backend } = store.deps;
  const [a, b] = [await stored('a'), await stored('b')];
  const plans = (): WritePlan<unknown>[] => [
    replacing(a, object('a', 'new'), TYPE, { compares: [{ key: b.key, exists: true }], operations: [] }),
    replacing(b, object('b', 'new'), TYPE),
  ];
  const done = await commit(backend, plans());
  expect(done.succeeded).toBe(true);
  expect([current('a')?.modRevision, current('b')?.modRevision]).toEqual([done.revision, done.revision]);
  // Neither is at the revision that the plans were made for: the first compare that fails is told.
  expect(await commit(backend, plans())).toMatchObject({ succeeded: false, failed: 0 });
  const again = current('a');
  if (again === undefined) throw new Error('it is stored');
  const half = [replacing(again, object('a', 'newer'), TYPE), replacing(b, object('b', 'newer'), TYPE)];
  expect(await commit(backend, half)).toMatchObject({ succeeded: false, failed: 1 });
  expect(current('a')?.modRevision).toBe(again.modRevision);
});

test('A write that is never at the revision it was made for ends as a conflict, and tells the end of each attempt', async () => {
  const old = await stored('busy');
  await stored('busy');
  let attempts = 0;
  let finished = 0;
  const busy = guaranteedUpdate(store.deps.backend, {
    key: old.key,
    resource: RESOURCE,
    name: 'busy',
    attempt() {
      attempts++;
      return { plan: replacing(old, object('busy', 'x'), TYPE) };
    },
    finished: () => finished++,
  });
  await expect(busy).rejects.toMatchObject({ code: 409, reason: 'Conflict' });
  expect([attempts, finished]).toEqual([32, 32]);
});

test('An answer without a write ends it, and an attempt that wants to look again is made again', async () => {
  const { key } = await stored('twice');
  let attempts = 0;
  const answer = await guaranteedUpdate<string>(store.deps.backend, {
    key,
    resource: RESOURCE,
    name: 'twice',
    attempt: () => (++attempts < 3 ? 'again' : { done: 'enough' }),
  });
  expect([answer, attempts]).toEqual(['enough', 3]);
});

/** The product's sources: no tests and no helpers of tests. */
function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'testing' ? [] : sources(path);
    return entry.name.endsWith('.ts') && !/(\.test|\.testkit|^testing)\.ts$/.test(entry.name) ? [path] : [];
  });
}

test('Writes have one way into the store, and requests one way through admission', () => {
  const root = new URL('../../..', import.meta.url).pathname;
  const texts = ['internal', 'cmd'].flatMap((dir) =>
    sources(join(root, dir)).map((path) => ({ path: path.slice(root.length), text: readFileSync(path, 'utf8') })),
  );
  const callers = (call: RegExp): string[] => texts.filter(({ text }) => call.test(text)).map(({ path }) => path);
  expect(callers(/\bbackend\.txn\(/)).toEqual(['internal/rest/write/plan.ts']);
  expect(callers(/\?\? defaultAdmission\)\.admit\(|admission\.admit\(|chain\.admit\(/)).toEqual([
    'internal/rest/write/admission.ts',
  ]);
});
