import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { findResource } from '../schema/index.js';
import { get, open, TestSink, TestStore } from './testing.js';
import type { Reply } from './types.js';
import { handleWatch, WatchHub } from './watch.js';

let store: TestStore;
let hub: WatchHub;
const configMaps = findResource('', 'v1', 'configmaps');
if (configMaps === undefined) throw new Error('no configmaps');

const reply = async (target: string, headers: Record<string, string> = {}): Promise<Reply> =>
  handleWatch(store.deps, hub, get(target, headers), configMaps);
const watch = async (target: string, headers?: Record<string, string>): Promise<TestSink> =>
  open(await reply(target, headers));
const seen = (sink: TestSink): string[] =>
  sink.events.map((e) => {
    const meta = e.object['metadata'] as Record<string, string>;
    return `${e.type} ${meta['name'] ?? ''}`.trim();
  });
const revisionOf = (e: { object: JsonObject } | undefined): string =>
  (e?.object['metadata'] as Record<string, string> | undefined)?.['resourceVersion'] ?? '';

beforeAll(async () => {
  store = await TestStore.open();
  hub = new WatchHub(store.deps);
});
afterAll(async () => {
  hub.close();
  await store.close();
});

describe('WATCH', () => {
  it('begins with the current state and goes on with what changes', async () => {
    await store.put('w1', 'old');
    const sink = await watch('/api/v1/namespaces/w1/configmaps?watch=true');
    await store.put('w1', 'new');
    await store.put('other', 'unseen');
    await store.put('w1', 'old', { data: { a: '1' } });
    const gone = await store.remove('w1', 'new');
    await sink.until(() => sink.events.length === 4);
    expect(seen(sink)).toEqual(['ADDED old', 'ADDED new', 'MODIFIED old', 'DELETED new']);
    // The last state, with the revision of the deletion.
    expect(revisionOf(sink.events[3])).toBe(String(gone));
    sink.end();
  });

  it('resumes after a revision without a gap or a repetition', async () => {
    const from = await store.put('w2', 'a');
    await store.put('w2', 'b');
    const sink = await watch(`/api/v1/namespaces/w2/configmaps?watch=true&resourceVersion=${from}`);
    await store.put('w2', 'c');
    await sink.until(() => sink.events.length >= 2);
    expect(seen(sink)).toEqual(['ADDED b', 'ADDED c']);
    sink.end();
  });

  it('says nothing of what is not newer than a revision of the future', async () => {
    const next = store.deps.backend.revision + 2;
    const sink = await watch(`/api/v1/namespaces/w3/configmaps?watch=true&resourceVersion=${next}`);
    await store.put('w3', 'a');
    await store.put('w3', 'b');
    await store.put('w3', 'c');
    await sink.until(() => sink.events.length >= 1);
    expect(seen(sink)).toEqual(['ADDED c']);
    sink.end();
  });

  it('has its event when the write that caused it is answered', async () => {
    const sink = await watch('/api/v1/namespaces/w3a/configmaps?watch=true');
    for (let i = 0; i < 20; i++) {
      await store.put('w3a', `o${i}`);
      expect(sink.events.length).toBe(i + 1);
    }
    sink.end();
  });

  it('turns the crossing of a selector into ADDED and DELETED', async () => {
    const sink = await watch('/api/v1/namespaces/w4/configmaps?watch=true&labelSelector=on%3Dyes');
    await store.put('w4', 'x', { labels: { on: 'no' } });
    await store.put('w4', 'x', { labels: { on: 'yes' } });
    await store.put('w4', 'x', { labels: { on: 'yes' }, data: { a: '1' } });
    const out = await store.put('w4', 'x', { labels: { on: 'no' }, data: { a: '2' } });
    await store.remove('w4', 'x');
    await store.put('w4', 'y', { labels: { on: 'yes' } });
    await sink.until(() => sink.events.length >= 4);
    expect(seen(sink)).toEqual(['ADDED x', 'MODIFIED x', 'DELETED x', 'ADDED y']);
    // Whoever sees it go sees what he knew, at the revision at which it went.
    expect(sink.events[2]?.object).toMatchObject({ metadata: { labels: { on: 'yes' } }, data: { a: '1' } });
    expect(revisionOf(sink.events[2])).toBe(String(out));
    sink.end();
  });

  it('watches one object by a field selector or a path', async () => {
    const bySelector = await watch('/api/v1/namespaces/w5/configmaps?watch=true&fieldSelector=metadata.name%3Da');
    const byPath = await watch('/api/v1/watch/namespaces/w5/configmaps/a');
    await store.put('w5', 'aa');
    await store.put('w5', 'a');
    await bySelector.until(() => bySelector.events.length > 0);
    await byPath.until(() => byPath.events.length > 0);
    expect(seen(bySelector)).toEqual(['ADDED a']);
    expect(seen(byPath)).toEqual(['ADDED a']);
    bySelector.end();
    byPath.end();
  });

  it('of one object by its path takes no other selector of fields than its name', async () => {
    const path = '/api/v1/watch/namespaces/w5n/configmaps/a';
    const message = "fieldSelector metadata.name doesn't match requested name";
    for (const selector of ['metadata.name%3Db', 'metadata.namespace%3Dw5n', 'metadata.name!%3Da']) {
      await expect(reply(`${path}?fieldSelector=${selector}`)).rejects.toThrow(message);
    }
    const sink = await watch(`${path}?fieldSelector=metadata.name%3Da,metadata.namespace%3Dw5n`);
    await store.put('w5n', 'a');
    await sink.until(() => sink.events.length >= 1);
    sink.end();
  });

  it('writes its initial state in turns with others, and whole', async () => {
    const BYTES = 50_000;
    const names = Array.from({ length: 8 }, (_, i) => `o${i}`);
    for (const name of names) await store.put('w5a', name, { data: { text: 'x'.repeat(BYTES) } });
    const target = '/api/v1/namespaces/w5a/configmaps?watch=true&resourceVersion=0';
    const replies = await Promise.all(names.flatMap(() => [target, target, target]).map(async (t) => reply(t)));
    const sinks = replies.map((r) => open(r));
    // All of them would hold up everybody else.
    expect(sinks.filter((sink) => sink.chunks.length > 0).length).toBeLessThan(sinks.length / 2);
    for (const sink of sinks) {
      await sink.until(() => sink.chunks.reduce((sum, chunk) => sum + chunk.length, 0) > names.length * BYTES);
      expect(seen(sink)).toEqual(names.map((name) => `ADDED ${name}`));
      sink.end();
    }
  });

  it('marks the end of the initial events when asked for bookmarks', async () => {
    await store.put('w6', 'a');
    const sink = await watch(
      '/api/v1/namespaces/w6/configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    );
    await sink.until(() => sink.events.length >= 2);
    expect(sink.events.map((e) => e.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(sink.events[1]?.object).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } },
    });
    expect(Number(revisionOf(sink.events[1]))).toBeGreaterThanOrEqual(Number(revisionOf(sink.events[0])));
    sink.end();
  });

  it('sends a bookmark before its timeout, then ends', async () => {
    const from = store.deps.backend.revision;
    const sink = await watch(
      `/api/v1/namespaces/w7/configmaps?watch=true&resourceVersion=${from}&allowWatchBookmarks=true&timeoutSeconds=3`,
    );
    const last = await store.put('unrelated', 'a');
    await sink.until(() => sink.closed);
    expect(sink.events.map((e) => e.type)).toEqual(['BOOKMARK']);
    expect(revisionOf(sink.events[0])).toBe(String(last));
  });

  it('names the columns of a table once', async () => {
    const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
    const sink = await watch(
      `/api/v1/namespaces/w8/configmaps?watch=true&resourceVersion=${store.deps.backend.revision}`,
      accept,
    );
    await store.put('w8', 'a');
    await store.put('w8', 'b');
    await sink.until(() => sink.events.length >= 2);
    expect(sink.events[0]?.object).toMatchObject({ kind: 'Table', columnDefinitions: [{ name: 'Name' }, {}] });
    expect(sink.events[1]?.object).toMatchObject({
      kind: 'Table',
      columnDefinitions: null,
      rows: [{ cells: ['b', null] }],
    });
    sink.end();
  });

  it('frames protobuf events by their length', async () => {
    const sink = await watch('/api/v1/namespaces/w9/configmaps?watch=true', {
      accept: 'application/vnd.kubernetes.protobuf;stream=watch',
    });
    await store.put('w9', 'a');
    await sink.until(() => sink.chunks.length > 0);
    const bytes = Buffer.concat(sink.chunks);
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
    expect(bytes.includes('k8s\0')).toBe(true);
    sink.end();
  });

  it('gives a client that does not read no more than it has taken, and everything in order when it reads again', async () => {
    const sink = await watch(
      `/api/v1/namespaces/slow/configmaps?watch=true&resourceVersion=${store.deps.backend.revision}`,
    );
    const quick = await watch(
      `/api/v1/namespaces/slow/configmaps?watch=true&resourceVersion=${store.deps.backend.revision}`,
    );
    sink.full = true;
    for (let i = 0; i < 600; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => store.put('slow', `o-${i + j}`)));
    }
    await quick.until(() => quick.events.length === 600);
    const taken = sink.events.length;
    expect(taken).toBeLessThan(600);
    await store.put('slow', 'last');
    await quick.until(() => quick.events.length === 601);
    expect(sink.events.length).toBe(taken);
    sink.drain();
    await sink.until(() => sink.events.length === 601);
    expect(seen(sink)).toEqual(seen(quick));
    // Caught up, it is handed what follows.
    await store.put('slow', 'more');
    await sink.until(() => sink.events.length === 602);
    sink.end();
    quick.end();
  });

  it('reads on for a client that is behind only when it has taken what it was sent', async () => {
    const from = store.deps.backend.revision;
    const data = { text: 'x'.repeat(200_000) };
    for (let i = 0; i < 12; i++) await store.put('behind', `o-${i}`, { data });
    for (const begin of ['0', String(from)]) {
      const sink = new TestSink();
      sink.full = true;
      const target = `/api/v1/namespaces/behind/configmaps?watch=true&resourceVersion=${begin}`;
      open(await handleWatch(store.deps, hub, get(target), configMaps), sink);
      // Whoever reads is sent all of it meanwhile.
      const quick = await watch(target);
      await quick.until(() => quick.events.length === 12);
      expect(sink.events.length).toBeGreaterThan(0);
      expect(sink.events.length).toBeLessThan(12);
      sink.drain();
      await sink.until(() => sink.events.length === 12);
      expect(seen(sink).toSorted()).toEqual(seen(quick).toSorted());
      sink.end();
      quick.end();
    }
  });

  it('tells a watcher whose place in the history has been compacted away', async () => {
    const from = store.deps.backend.revision;
    const stalled = await watch(`/api/v1/namespaces/gone/configmaps?watch=true&resourceVersion=${from}`);
    stalled.full = true;
    await store.put('gone', 'a');
    await stalled.until(() => stalled.events.length === 1);
    await store.put('gone', 'b');
    const last = await store.put('gone', 'c');
    await store.replica.compact(last);
    stalled.drain();
    const late = await watch(`/api/v1/namespaces/gone/configmaps?watch=true&resourceVersion=${from}`);
    for (const sink of [stalled, late]) {
      expect(sink.closed).toBe(true);
      expect(sink.events.at(-1)).toMatchObject({
        type: 'ERROR',
        object: { kind: 'Status', reason: 'Expired', code: 410 },
      });
    }
  });

  it('forgets watchers that have gone', async () => {
    const before = hub.size;
    const sink = await watch('/api/v1/namespaces/w10/configmaps?watch=true');
    expect(hub.size).toBe(before + 1);
    sink.end();
    expect(hub.size).toBe(before);
  });

  it('brings 100 writes to 100 watchers, each once and in order', async () => {
    const from = store.deps.backend.revision;
    const sinks = await Promise.all(
      Array.from({ length: 100 }, () => watch(`/api/v1/namespaces/many/configmaps?watch=true&resourceVersion=${from}`)),
    );
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.put('many', `o-${i}`)));
    for (const sink of sinks) {
      await sink.until(() => sink.events.length >= 100);
      const revisions = sink.events.map((e) => Number(revisionOf(e)));
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      expect(new Set(seen(sink)).size).toBe(100);
      sink.end();
    }
  });
});

it('changes whose delivery takes long are delivered over several turns, whole and in order', async () => {
  const sinks = await Promise.all(
    Array.from({ length: 300 }, (_, i) => watch(`/api/v1/namespaces/w31/configmaps?watch=true&labelSelector=a!=b${i}`)),
  );
  // To each of them it is long ago that the work began.
  let now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 11));
  const names = Array.from({ length: 20 }, (_, i) => `o${i}`);
  let writes = 0;
  let inTurn = 0;
  let most = 0;
  const [first] = sinks;
  const write = first?.write.bind(first);
  if (first === undefined || write === undefined) throw new Error('no watch');
  first.write = (chunk) => {
    writes++;
    if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
    most = Math.max(most, inTurn);
    return write(chunk);
  };
  try {
    await Promise.all(names.map((name) => store.put('w31', name)));
    await Promise.all(sinks.map((sink) => sink.until(() => sink.events.length === names.length)));
  } finally {
    clock.mockRestore();
  }
  for (const sink of sinks) expect(seen(sink)).toEqual(seen(first));
  expect(seen(first).toSorted()).toEqual(names.map((name) => `ADDED ${name}`).toSorted());
  expect(writes).toBeGreaterThanOrEqual(names.length);
  expect(most).toBe(1);
  for (const sink of sinks) sink.end();
});

it('one change for many watchers is written over several turns; those who come, fall behind or leave miss nothing', async () => {
  const path = '/api/v1/namespaces/w20/configmaps?watch=true&allowWatchBookmarks=true';
  const from = await store.put('w20', 'begin');
  const sinks = await Promise.all(Array.from({ length: 300 }, () => watch(`${path}&resourceVersion=${from}`)));
  const [behind, leaving] = [sinks[250], sinks[251]];
  const late: TestSink[] = [];
  let [inTurn, most, turns, met] = [0, 0, 0, false];
  for (const [i, sink] of sinks.entries()) {
    const write = sink.write.bind(sink);
    sink.write = (chunk) => {
      inTurn++;
      // Meanwhile: one joins, one is full and reads again, one goes.
      if (i === 100 && !met) {
        met = true;
        void watch(`${path}&resourceVersion=${from}`).then((one) => late.push(one));
        if (behind !== undefined) behind.full = true;
        leaving?.end();
      }
      if (i === 280) behind?.drain();
      return write(chunk);
    };
  }
  let ended = false;
  const turn = (): void => {
    if (inTurn > 0) turns++;
    most = Math.max(most, inTurn);
    inTurn = 0;
    if (!ended) setImmediate(turn);
  };
  setImmediate(turn);
  // Each look at the clock is 6 ms of work.
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 6));
  await store.put('w20', 'one');
  await Promise.all([store.put('w20', 'two'), store.put('w20', 'three')]);
  const all = sinks.filter((sink) => sink !== leaving);
  await Promise.all(all.map((sink) => sink.until(() => sink.events.length >= 3)));
  await vi.waitFor(() => expect(late.map((sink) => sink.events.length)).toEqual([3]));
  vi.restoreAllMocks();
  ended = true;
  for (const sink of [...all, ...late]) {
    expect(seen(sink).toSorted()).toEqual(['ADDED one', 'ADDED three', 'ADDED two']);
    const revisions = sink.events.map((event) => Number(revisionOf(event)));
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    sink.end();
  }
  expect(most).toBeLessThan(50);
  expect(turns).toBeGreaterThan(10);
});
