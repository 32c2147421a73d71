import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { str, child } from '../machinery/access.js';
import { TestStore } from '../rest/testing.js';
import { Informer } from './informer.js';

let store: TestStore;
beforeAll(async () => {
  store = await TestStore.open();
});
afterAll(() => store.close());

describe('the informer', () => {
  it('has what was there before and every write that this replica applied', async () => {
    await store.put('a', 'old', { data: { color: 'red' } });
    const informer = Informer.of(store.deps.backend);
    expect(Informer.of(store.deps.backend)).toBe(informer);
    const maps = informer.objects('core/configmaps/', (o) => ({ color: str(child(o, 'data'), 'color') }));
    const byColor = maps.indexBy(({ color }) => [color]);
    let changes = 0;
    maps.onChange(() => changes++);
    expect(maps.get('core/configmaps/a/old')).toEqual({ color: 'red' });
    await store.put('a', 'new', { data: { color: 'blue' } });
    expect([...maps.all()]).toEqual([
      ['core/configmaps/a/old', { color: 'red' }],
      ['core/configmaps/a/new', { color: 'blue' }],
    ]);
    expect(byColor('blue').size).toBe(1);
    await store.put('a', 'new', { data: { color: 'green' } });
    expect(byColor('blue').size).toBe(0);
    expect(byColor('green').size).toBe(1);
    await store.remove('a', 'new');
    expect(byColor('green').size).toBe(0);
    expect(maps.get('core/configmaps/a/new')).toBeUndefined();
    expect(changes).toBe(3);
    // Other resources are nothing to it.
    await store.put('a', 'pod', {}, 'Pod');
    expect(maps.all().size).toBe(1);
    expect(changes).toBe(3);
  });

  it('reads everything anew when the history it needs is gone', async () => {
    const maps = Informer.of(store.deps.backend).objects('core/configmaps/', (o) => ({
      name: str(child(o, 'metadata'), 'name'),
    }));
    maps.all();
    await store.put('b', 'x');
    await store.put('b', 'y');
    await store.replica.compact(await store.remove('b', 'x'));
    expect([...maps.all().values()].map((m) => m.name).sort()).toEqual(['old', 'y']);
  });
});
