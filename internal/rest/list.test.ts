import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { StatusError } from '../machinery/status.js';
import { decodeProtobuf } from '../schema/codec/protobuf-decode.js';
import { findResource } from '../schema/index.js';
import { handleGet } from './get.js';
import { handleList } from './list.js';
import { CROWD, listTurns } from './list-turns.js';
import { bodyOf, get, isStream, jsonOf, open, TestStore } from './testing.js';
import type { Reply } from './types.js';
import { handleWatch, WatchHub } from './watch.js';

const CORE = 'io.k8s.api.core.v1.';
let store: TestStore;
const def = findResource('', 'v1', 'configmaps');
if (def === undefined) throw new Error('no configmaps');

const list = (target: string, headers: Record<string, string> = {}): Promise<Reply> =>
  handleList(store.deps, get(target, headers), def);
const names = (body: JsonObject): string[] =>
  (body['items'] as { metadata: { namespace: string; name: string } }[]).map(
    (i) => `${i.metadata.namespace}/${i.metadata.name}`,
  );
const meta = (body: JsonObject): Record<string, string> => body['metadata'] as Record<string, string>;
const refusal = async (p: Promise<unknown>): Promise<StatusError['status']> => {
  try {
    await p;
  } catch (e) {
    if (e instanceof StatusError) return e.status;
    throw e;
  }
  throw new Error('was accepted');
};

beforeAll(async () => {
  store = await TestStore.open();
  for (const ns of ['a', 'b']) {
    for (let i = 0; i < 4; i++) {
      await store.put(ns, `cm-${i}`, { labels: { n: String(i), even: i % 2 === 0 ? 'yes' : 'no' }, data: { k: 'é' } });
    }
  }
});
afterAll(() => store.close());

describe('GET', () => {
  it('answers the stored bytes as they are, and a line end', async () => {
    const reply = await handleGet(store.deps, get('/api/v1/namespaces/a/configmaps/cm-1'), def);
    const stored = store.deps.backend.get('core/configmaps/a/cm-1')?.value.toString();
    expect((await bodyOf(reply)).toString()).toBe(`${stored}\n`);
  });
  it('indents for curl, and not when told not to', async () => {
    const target = '/api/v1/namespaces/a/configmaps/cm-1';
    const curl = { 'user-agent': 'curl/8.1' };
    const pretty = (await bodyOf(await handleGet(store.deps, get(target, curl), def))).toString();
    expect(pretty).toBe(JSON.stringify(JSON.parse(pretty), undefined, 2));
    const plain = (await bodyOf(await handleGet(store.deps, get(`${target}?pretty=false`, curl), def))).toString();
    expect(plain.trimEnd()).not.toContain('\n');
    expect(plain.endsWith('}\n')).toBe(true);
  });
  it('indents lists for curl as it indents what is whole', async () => {
    const asText = async (target: string, more: Readonly<Record<string, string>> = {}): Promise<string> =>
      (await bodyOf(await list(target, { 'user-agent': 'curl/8.1', ...more }))).toString();
    const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const partial = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
    for (const accept of [{}, table, partial]) {
      for (const query of ['', '?limit=1', '?labelSelector=no%3Dsuch']) {
        const text = await asText(`/api/v1/configmaps${query}`, accept);
        expect(text).toBe(JSON.stringify(JSON.parse(text), undefined, 2));
        expect(text).toContain('\n');
      }
    }
  });
  it('says that there is none', async () => {
    expect(
      await refusal((async () => handleGet(store.deps, get('/api/v1/namespaces/a/configmaps/none'), def))()),
    ).toMatchObject({
      code: 404,
      message: 'configmaps "none" not found',
    });
  });
});

describe('LIST', () => {
  it('lists one namespace or all, in the order of keys, items without kind', async () => {
    const one = await jsonOf(list('/api/v1/namespaces/a/configmaps'));
    expect(one).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(names(one)).toEqual(['a/cm-0', 'a/cm-1', 'a/cm-2', 'a/cm-3']);
    expect((one['items'] as JsonObject[])[0]).not.toHaveProperty('kind');
    expect(meta(one)['resourceVersion']).toBe(String(store.deps.backend.revision));
    expect(names(await jsonOf(list('/api/v1/configmaps')))).toHaveLength(8);
  });

  it('has an empty list for nothing, and null where kube-apiserver has null', async () => {
    expect((await jsonOf(list('/api/v1/namespaces/none/configmaps')))['items']).toEqual([]);
    const partial = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
    expect((await jsonOf(list('/api/v1/namespaces/none/configmaps', partial)))['items']).toBeNull();
  });

  it('selects by labels and by the fields that every object has', async () => {
    const q = '/api/v1/configmaps?labelSelector=even%3Dyes,n>1';
    expect(names(await jsonOf(list(q)))).toEqual(['a/cm-2', 'b/cm-2']);
    const byName = '/api/v1/configmaps?fieldSelector=metadata.name%3Dcm-1,metadata.namespace!%3Da';
    expect(names(await jsonOf(list(byName)))).toEqual(['b/cm-1']);
    expect(names(await jsonOf(list('/api/v1/namespaces/a/configmaps?fieldSelector=metadata.name%3Dcm-3')))).toEqual([
      'a/cm-3',
    ]);
    expect(await refusal(list('/api/v1/configmaps?fieldSelector=spec.x%3D1'))).toMatchObject({
      code: 400,
      message: '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
  });

  it('pages through one snapshot while the objects change', async () => {
    await store.put('page', 'a');
    await store.put('page', 'b');
    await store.put('page', 'c');
    const first = await jsonOf(list('/api/v1/namespaces/page/configmaps?limit=1'));
    expect(names(first)).toEqual(['page/a']);
    expect(meta(first)).toMatchObject({ remainingItemCount: 2 });
    await store.remove('page', 'b');
    await store.put('page', 'bb');
    const token = meta(first)['continue'];
    const second = await jsonOf(list(`/api/v1/namespaces/page/configmaps?limit=5&continue=${token}`));
    expect(names(second)).toEqual(['page/b', 'page/c']);
    expect(meta(second)['resourceVersion']).toBe(meta(first)['resourceVersion']);
    expect(meta(second)).not.toHaveProperty('continue');
  });

  it('says on every page how much of its snapshot remains, and on a new list how much there is now', async () => {
    const at = '/api/v1/namespaces/remain/configmaps?limit=2';
    const remaining = (body: JsonObject): unknown => meta(body)['remainingItemCount'];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await store.put('remain', name);
    const first = await jsonOf(list(at));
    expect(remaining(first)).toBe(5);
    await store.put('remain', 'a', { labels: { changed: 'yes' } });
    await store.remove('remain', 'd');
    await store.put('elsewhere', 'x');
    const second = await jsonOf(list(`${at}&continue=${meta(first)['continue']}`));
    expect(remaining(second)).toBe(3);
    const third = await jsonOf(list(`${at}&continue=${meta(second)['continue']}`));
    expect(remaining(third)).toBe(1);
    expect(remaining(await jsonOf(list(at)))).toBe(4);
    // More happens than is followed.
    for (let i = 0; i < 300; i++) await store.put('remain', `x-${i}`);
    expect(remaining(await jsonOf(list(at)))).toBe(304);
  });

  it('does not count what remains when there is a selector', async () => {
    const body = await jsonOf(list('/api/v1/configmaps?limit=1&labelSelector=even%3Dyes'));
    expect(names(body)).toEqual(['a/cm-0']);
    expect(meta(body)).toHaveProperty('continue');
    expect(meta(body)).not.toHaveProperty('remainingItemCount');
  });

  it('shows a revision exactly, or one not older', async () => {
    const before = await store.put('exact', 'one');
    await store.put('exact', 'two');
    const at = (q: string): Promise<JsonObject> => jsonOf(list(`/api/v1/namespaces/exact/configmaps?${q}`));
    const exact = await at(`resourceVersion=${before}&resourceVersionMatch=Exact`);
    expect(names(exact)).toEqual(['exact/one']);
    expect(meta(exact)['resourceVersion']).toBe(String(before));
    expect(names(await at(`resourceVersion=${before}`))).toEqual(['exact/one', 'exact/two']);
    expect(names(await at(`resourceVersion=${before}&limit=5`))).toEqual(['exact/one']);
    expect(names(await at('resourceVersion=0&limit=1'))).toEqual(['exact/one', 'exact/two']);
  });

  it('shows one object by its name as of a revision, also when it has changed since', async () => {
    const before = await store.put('exact-name', 'one', { data: { a: 'then' } });
    await store.put('exact-name', 'one', { data: { a: 'now' } });
    await store.remove('exact-name', 'one');
    const exact = `fieldSelector=metadata.name%3Done&resourceVersion=${before}&resourceVersionMatch=Exact`;
    const { items } = await jsonOf(list(`/api/v1/namespaces/exact-name/configmaps?${exact}`));
    expect(items).toMatchObject([{ metadata: { name: 'one' }, data: { a: 'then' } }]);
  });

  it('refuses a revision that is not reached in time', async () => {
    expect(await refusal(list('/api/v1/configmaps?resourceVersion=99999999'))).toMatchObject({
      code: 504,
      reason: 'Timeout',
      details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 },
    });
  });

  it('goes on with the present when its snapshot has been compacted away, if the client wants to', async () => {
    const before = await store.put('old', 'a');
    await store.put('old', 'b');
    const first = await jsonOf(list('/api/v1/namespaces/old/configmaps?limit=1'));
    await store.remove('old', 'b');
    await store.replica.compact(await store.put('old', 'c'));
    const gone = await refusal(list(`/api/v1/namespaces/old/configmaps?continue=${meta(first)['continue']}`));
    expect(gone).toMatchObject({ code: 410, reason: 'Expired' });
    const restart = (gone.metadata as Record<string, string>)['continue'];
    const rest = await jsonOf(list(`/api/v1/namespaces/old/configmaps?continue=${restart}`));
    expect(names(rest)).toEqual(['old/c']);
    const exact = list(`/api/v1/namespaces/old/configmaps?resourceVersion=${before}&resourceVersionMatch=Exact`);
    expect(await refusal(exact)).toMatchObject({ code: 410, reason: 'Expired' });
  });

  it('refuses tokens that it did not make', async () => {
    expect((await refusal(list('/api/v1/configmaps?continue=garbage'))).message).toBe(
      "invalid continue token: continue key is not valid: invalid character '\\u0081' looking for beginning of value",
    );
    const climbing = Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"/../secrets/x"}').toString('base64url');
    expect((await refusal(list(`/api/v1/configmaps?continue=${climbing}`))).code).toBe(400);
  });

  it('negotiates metadata only, YAML and protobuf', async () => {
    const target = '/api/v1/namespaces/a/configmaps';
    const partial = await jsonOf(
      list(target, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' }),
    );
    expect((partial['items'] as JsonObject[])[0]).toMatchObject({
      kind: 'PartialObjectMetadata',
      metadata: { name: 'cm-0', labels: { n: '0' } },
    });
    expect((partial['items'] as JsonObject[])[0]).not.toHaveProperty('data');
    const yaml = await list(target, { accept: 'application/yaml' });
    expect((await bodyOf(yaml)).toString()).toContain('kind: ConfigMapList');
    const proto = await list(target, { accept: 'application/vnd.kubernetes.protobuf' });
    expect((await bodyOf(proto)).subarray(0, 4).toString('latin1')).toBe('k8s\0');
    expect(await refusal(list(target, { accept: 'text/plain' }))).toMatchObject({ code: 406 });
    const single = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
    expect((await refusal(list(target, single))).message).toBe(
      'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
    );
  });

  it('makes a table of name and age for a kind without a printer', async () => {
    const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
    const table = await jsonOf(list('/api/v1/namespaces/a/configmaps', accept));
    expect((table['columnDefinitions'] as { name: string }[]).map((c) => c.name)).toEqual(['Name', 'Created At']);
    expect((table['rows'] as { cells: unknown[]; object: JsonObject }[])[1]).toMatchObject({
      cells: ['cm-1', null],
      object: { kind: 'PartialObjectMetadata' },
    });
    const bare = await jsonOf(list('/api/v1/namespaces/a/configmaps?includeObject=None', accept));
    expect((bare['rows'] as JsonObject[])[0]).toHaveProperty('object', null);
    expect((await jsonOf(list('/api/v1/namespaces/none/configmaps', accept)))['rows']).toBeNull();
  });
});

describe('a long LIST', () => {
  const big = 'x'.repeat(100_000);
  beforeAll(async () => {
    for (let i = 0; i < 30; i++) await store.put('big', `cm-${String(i).padStart(2, '0')}`, { data: { big } });
  });

  it('is streamed in pages of one snapshot, while objects change and the client pushes back', async () => {
    const reply = await list('/api/v1/namespaces/big/configmaps');
    if (!isStream(reply)) throw new Error('not streamed');
    const { TestSink } = await import('./testing.js');
    const sink = new TestSink();
    sink.full = true;
    reply.stream(sink);
    const written = sink.chunks.length;
    await store.remove('big', 'cm-29');
    await store.put('big', 'cm-28', { data: { big: 'changed' } });
    // Nothing more is written while the client does not read.
    expect(sink.chunks.length).toBe(written);
    expect(sink.text.length).toBeLessThan(1_300_000);
    sink.drain();
    await sink.until(() => sink.closed);
    const body = JSON.parse(sink.text) as JsonObject;
    expect(names(body)).toHaveLength(30);
    expect((body['items'] as { data: { big: string } }[])[28]?.data.big).toBe(big);
    await store.put('big', 'cm-28', { data: { big } });
    await store.put('big', 'cm-29', { data: { big } });
  });

  it('comes in short pieces while many lists are read', async () => {
    const alone = (await bodyOf(await list('/api/v1/namespaces/big/configmaps'))).toString();
    let crowded = true;
    const another = (): void => {
      if (crowded) listTurns.later(another);
    };
    for (let i = 0; i < CROWD; i++) another();
    const reply = await list('/api/v1/namespaces/big/configmaps');
    if (!isStream(reply)) throw new Error('not streamed');
    const { TestSink } = await import('./testing.js');
    const sink = new TestSink();
    reply.stream(sink);
    expect(sink.text.length).toBeLessThan(500_000);
    await sink.until(() => sink.closed);
    crowded = false;
    expect(sink.text).toBe(alone);
  });

  it('is streamed when it is indented, too', async () => {
    const reply = await list('/api/v1/namespaces/big/configmaps', { 'user-agent': 'curl/8.1' });
    expect(isStream(reply)).toBe(true);
    const text = (await bodyOf(reply)).toString();
    expect(text).toBe(JSON.stringify(JSON.parse(text), undefined, 2));
    expect(names(JSON.parse(text) as JsonObject)).toHaveLength(30);
  });

  it('with a limit has its continue token in front all the same', async () => {
    const reply = await list('/api/v1/namespaces/big/configmaps?limit=25');
    expect(isStream(reply)).toBe(true);
    const body = await jsonOf(reply);
    expect(names(body)).toHaveLength(25);
    expect(meta(body)).toMatchObject({ remainingItemCount: 5 });
    const rest = await jsonOf(list(`/api/v1/namespaces/big/configmaps?continue=${meta(body)['continue']}`));
    expect(names(rest)).toHaveLength(5);
  });

  it('is the same in protobuf, measured first and streamed when it is very long', async () => {
    const accept = { accept: 'application/vnd.kubernetes.protobuf' };
    const short = await bodyOf(await list('/api/v1/namespaces/big/configmaps', accept));
    const def2 = findResource('', 'v1', 'secrets');
    if (def2 === undefined) throw new Error('no secrets');
    const data = { k: Buffer.alloc(1_000_000).toString('base64') };
    for (let i = 0; i < 20; i++) await store.put('huge', `s-${i}`, { data }, 'Secret');
    const reply = await handleList(store.deps, get('/api/v1/namespaces/huge/secrets', accept), def2);
    expect(isStream(reply)).toBe(true);
    const asJson = await jsonOf(list('/api/v1/namespaces/big/configmaps'));
    expect(decodeProtobuf(short, `${CORE}ConfigMapList`).object['items']).toEqual(asJson['items']);
    const long = await bodyOf(reply);
    const items = decodeProtobuf(long, `${CORE}SecretList`).object['items'] as JsonObject[];
    expect(items.map((item) => item['data'])).toEqual(Array.from({ length: 20 }, () => data));
    expect(names({ items })).toEqual(Array.from({ length: 20 }, (_, n) => `huge/s-${n}`).sort());
  });

  it('is compressed for clients that take gzip', async () => {
    const gz = { 'accept-encoding': 'gzip, deflate' };
    const long = await list('/api/v1/namespaces/big/configmaps', gz);
    expect(long.headers).toMatchObject({ 'content-encoding': 'gzip' });
    expect(names(JSON.parse(gunzipSync(await bodyOf(long)).toString()) as JsonObject)).toHaveLength(30);
    const short = await list('/api/v1/namespaces/a/configmaps', gz);
    expect(short.headers).toBeUndefined();
  });
});

it('where a selector takes long, a list and a watch look at few objects in one turn', async () => {
  const from = store.deps.backend.revision;
  const count = 100;
  for (let i = 0; i < count; i++) await store.put('terms', `o${i}`);
  const target = '/api/v1/namespaces/terms/configmaps?labelSelector=a!=b';
  const hub = new WatchHub(store.deps);
  // Each look at the clock finds a millisecond gone.
  let now = performance.now();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1));
  const reads = [vi.spyOn(store.deps.backend, 'range'), vi.spyOn(store.deps.backend, 'changes')] as const;
  try {
    expect(names(await jsonOf(await list(target)))).toHaveLength(count);
    const sink = open(await handleWatch(store.deps, hub, get(`${target}&watch=1&resourceVersion=${from}`), def));
    await sink.until(() => sink.events.length === count);
    expect(new Set(sink.events.map((e) => JSON.stringify(e.object['metadata']))).size).toBe(count);
    sink.end();
    for (const read of reads) expect(read.mock.calls.length).toBeGreaterThan(count / 8);
  } finally {
    clock.mockRestore();
    for (const read of reads) read.mockRestore();
    hub.close();
  }
});
