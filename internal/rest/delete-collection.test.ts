import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { handleDeleteCollection } from './delete-collection.js';
import { findResource } from '../schema/index.js';
import { requestInfo } from '../server/request-info.js';
import { get, TestStore } from './testing.js';
import type { ApiRequest } from './types.js';

const COUNT = 200;
let store: TestStore;
const def = findResource('', 'v1', 'configmaps');
if (def === undefined) throw new Error('no configmaps');

const left = (): number => store.deps.backend.count('core/configmaps/a/', 'core/configmaps/a0');

/** DELETE of all config maps of the namespace `a`. */
function deleteAll(query: string, more: Partial<ApiRequest> = {}): Promise<unknown> {
  const path = '/api/v1/namespaces/a/configmaps';
  const request = get(`${path}?${query}`);
  const asked = { ...request, method: 'DELETE', info: requestInfo('DELETE', path, query) };
  // What is asked for each time stays so.
  return handleDeleteCollection(store.deps, Object.defineProperties(asked, Object.getOwnPropertyDescriptors(more)));
}

beforeAll(async () => {
  store = await TestStore.open();
});
beforeEach(async () => {
  await Promise.all(Array.from({ length: COUNT }, (_, i) => store.put('a', `c-${i}`)));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => store.close());

it('lets the loop turn in a dry run, which waits for nothing', async () => {
  // Each look at the clock is 4 ms of work.
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 4));
  let [turns, ended] = [0, false];
  const turn = (): void => {
    turns++;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  await deleteAll('dryRun=All');
  ended = true;
  expect(turns).toBeGreaterThan(COUNT / 5);
  expect(left()).toBe(COUNT);
});

it('deletes all, and stops when nobody waits for it any more', async () => {
  await deleteAll('', { onAborted: (listener) => listener() });
  expect(left()).toBe(COUNT);
  let looks = 0;
  await deleteAll('', {
    get isTerminated() {
      return ++looks > 20;
    },
  });
  expect(left()).toBe(COUNT - 20);
  await deleteAll('');
  expect(left()).toBe(0);
});
