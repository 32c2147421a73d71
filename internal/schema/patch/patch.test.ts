import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { jsonPatch, MAX_JSON_PATCH_OPERATIONS, mergePatch, strategicMergePatch } from './index.js';

const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';
const POD = 'io.k8s.api.core.v1.Pod';

function code(run: () => unknown): number {
  try {
    run();
  } catch (e) {
    if (e instanceof StatusError) return e.code;
    throw e;
  }
  return 0;
}

async function codeOf(run: () => Promise<unknown>): Promise<number> {
  try {
    await run();
  } catch (e) {
    if (e instanceof StatusError) return e.code;
    throw e;
  }
  return 0;
}

describe('JSON merge patch', () => {
  it('knows no members that every object has, and writes members in order', () => {
    const patched = mergePatch({ toString: 'z', b: { d: 1, c: 2 } }, { b: { a: 0 }, constructor: 'y' });
    expect(JSON.stringify(patched)).toBe('{"b":{"a":0,"c":2,"d":1},"constructor":"y","toString":"z"}');
    expect(mergePatch({}, { constructor: { x: 1 } })).toEqual({ constructor: { x: 1 } });
  });
  it('sets, replaces, deletes with null and replaces lists whole (RFC 7386)', () => {
    const doc = { a: 'b', c: { d: 'e', f: 'g' }, l: [1, 2] };
    expect(mergePatch(doc, { a: 'z', c: { f: null }, l: [3] })).toEqual({ a: 'z', c: { d: 'e' }, l: [3] });
    expect(mergePatch({}, { a: { bb: { ccc: null } } })).toEqual({ a: { bb: {} } });
    expect(doc).toEqual({ a: 'b', c: { d: 'e', f: 'g' }, l: [1, 2] });
  });
});

it('a merge patch puts the members of what it looks into in order, and leaves the rest as it was', () => {
  const patched = mergePatch({ z: { y: 1, b: 1 }, m: { y: 1, b: 1 }, a: 1 }, { m: { c: 1 } });
  expect(JSON.stringify(patched)).toBe('{"a":1,"m":{"b":1,"c":1,"y":1},"z":{"y":1,"b":1}}');
});

describe('JSON patch', () => {
  it('does not find what objects have from their prototype', async () => {
    for (const path of ['/__proto__/p', '/constructor/prototype/p', '/o/__proto__/p', '/toString/p']) {
      expect(await codeOf(() => jsonPatch({ o: {} }, [{ op: 'replace', path, value: 'x' }]))).toBe(422);
      expect(await codeOf(() => jsonPatch({ o: {} }, [{ op: 'copy', from: path, path: '/c' }]))).toBe(422);
      expect(await codeOf(() => jsonPatch({ o: {} }, [{ op: 'add', path, value: 'x' }]))).toBe(422);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
  it('does every operation (RFC 6902)', async () => {
    const doc = { foo: ['bar', 'baz'], o: { 'a/b': 1, 'm~n': 2 }, q: { bar: 2 } };
    const out = await jsonPatch(doc, [
      { op: 'test', path: '/q/bar', value: 2 },
      { op: 'add', path: '/foo/1', value: 'qux' },
      { op: 'add', path: '/foo/-', value: 'end' },
      { op: 'remove', path: '/o/a~1b' },
      { op: 'replace', path: '/o/m~0n', value: { x: 1 } },
      { op: 'copy', from: '/q', path: '/r' },
      { op: 'move', from: '/q', path: '/s' },
      { op: 'test', path: '/foo/-1', value: 'end' },
    ]);
    expect(out).toEqual({ foo: ['bar', 'qux', 'baz', 'end'], o: { 'm~n': { x: 1 } }, r: { bar: 2 }, s: { bar: 2 } });
    expect(doc.q).toEqual({ bar: 2 });
  });
  it('answers 422 for what does not apply, 400 for what is no patch, 413 for too many operations', async () => {
    const bad: JsonValue[] = [
      [{ op: 'test', path: '/a', value: 2 }],
      [{ op: 'remove', path: '/absent' }],
      [{ op: 'replace', path: '/l/0', value: 1 }],
      [{ op: 'test', path: '/absent', value: 1 }],
      [{ op: 'test', path: '/l/0', value: null }],
      [{ op: 'add', path: '/absent/x', value: 1 }],
      [{ op: 'add', path: '/l/5', value: 1 }],
      [{ op: 'add', path: '', value: {} }],
      [{ op: 'frob', path: '/a' }],
    ];
    for (const patch of bad) expect(await codeOf(() => jsonPatch({ a: 1, l: [] }, patch))).toBe(422);
    expect(await codeOf(() => jsonPatch({}, { op: 'add' }))).toBe(400);
    const many = Array.from({ length: MAX_JSON_PATCH_OPERATIONS + 1 }, () => ({ op: 'test', path: '/a', value: 1 }));
    expect(await codeOf(() => jsonPatch({ a: 1 }, many))).toBe(413);
  });
  it('takes the liberties of the library that kube-apiserver uses', async () => {
    const out = await jsonPatch({ a: { b: 1 }, n: null, l: [1, 2] }, [
      { op: 'replace', path: '/a/absent', value: 'x' },
      { op: 'copy', from: '/a/nothing', path: '/a/copy' },
      { op: 'test', path: '/a/none', value: null },
      { op: 'test', path: '/a/none' },
      { op: 'test', path: '/n', value: null },
      { op: 'add', path: 'ignored/a/c', value: 2 },
      { op: 'add', path: '/a/empty' },
      { op: 'add', path: '/l/-1', value: 3 },
      { op: 'replace', path: '/l/+0', value: 0 },
      { op: 'remove', path: '/n' },
      { op: 'test', path: '', value: { a: { b: 1, absent: 'x', copy: null, c: 2, empty: null }, l: [0, 2, 3] } },
    ]);
    expect(out).toEqual({ a: { b: 1, absent: 'x', copy: null, c: 2, empty: null }, l: [0, 2, 3] });
    expect(await jsonPatch({ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }])).toEqual({ b: 2 });
  });
  it('tests and removes the nulls that Go writes, where the type is known', async () => {
    const role = { metadata: { name: 'r' }, aggregationRule: {} };
    const removes = [
      { op: 'test', path: '/rules', value: null },
      { op: 'remove', path: '/rules' },
    ];
    expect(await jsonPatch(role, removes, 'io.k8s.api.rbac.v1.ClusterRole')).toEqual(role);
    await expect(jsonPatch(role, removes)).rejects.toThrow();
  });

  it('gives others their turn between operations on a long list', async () => {
    let turns = 0;
    const turn = setInterval(() => turns++, 1);
    const ops = Array.from({ length: 2000 }, () => ({ op: 'add', path: '/l/0', value: 1 }));
    const out = await jsonPatch({ l: Array.from({ length: 300_000 }, () => 0) }, ops);
    clearInterval(turn);
    expect(out['l']).toHaveLength(302_000);
    expect(turns).toBeGreaterThan(3);
  });
  it('bounds what copies may add', async () => {
    const ops = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/a', path: `/b${i}` }));
    expect(await codeOf(() => jsonPatch({ a: 'x'.repeat(100_000) }, ops))).toBe(422);
  });
});

function deployment(containers: JsonValue[]): JsonObject {
  return { spec: { template: { spec: { containers } } } };
}
function containersOf(o: JsonObject): JsonValue {
  return (o as { spec: { template: { spec: { containers: JsonValue } } } }).spec.template.spec.containers;
}

describe('strategic merge patch', () => {
  it('writes what has no schema anew, its members in order', () => {
    const revision: JsonObject = { data: { b: 1, a: [{ d: 1, c: 2 }] }, revision: 1 };
    const out = strategicMergePatch(revision, { revision: 2 }, 'io.k8s.api.apps.v1.ControllerRevision');
    expect(JSON.stringify(out)).toBe('{"data":{"a":[{"c":2,"d":1}],"b":1},"revision":2}');
  });

  const live = deployment([
    {
      name: 'c',
      image: 'i',
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ],
    },
    { name: 'd', image: 'j' },
  ]);
  const patched = (containers: JsonValue[], more: JsonObject = {}): JsonValue =>
    containersOf(strategicMergePatch(live, { spec: { template: { spec: { containers, ...more } } } }, DEPLOYMENT));

  it('merges lists by their key, at every level, and keeps the order of the live list', () => {
    expect(
      patched([
        {
          name: 'c',
          env: [
            { name: 'B', value: '9' },
            { name: 'C', value: '3' },
          ],
        },
      ]),
    ).toEqual([
      {
        name: 'c',
        image: 'i',
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '9' },
          { name: 'C', value: '3' },
        ],
      },
      { name: 'd', image: 'j' },
    ]);
  });
  it('deletes and replaces elements with $patch', () => {
    expect(patched([{ name: 'd', $patch: 'delete' }])).toEqual([expect.objectContaining({ name: 'c' })]);
    expect(patched([{ name: 'only', image: 'o' }, { $patch: 'replace' }])).toEqual([{ name: 'only', image: 'o' }]);
  });
  it('orders by $setElementOrder', () => {
    const order = { '$setElementOrder/containers': [{ name: 'd' }, { name: 'c' }] };
    const out = patched([{ name: 'd', image: 'z' }], order) as { name: string; image: string }[];
    expect(out.map((c) => `${c.name}:${c.image}`)).toEqual(['d:z', 'c:i']);
  });
  it('merges and prunes lists of plain values', () => {
    const pod = { metadata: { finalizers: ['a/b', 'c/d'] } };
    expect(strategicMergePatch(pod, { metadata: { finalizers: ['e/f', 'a/b'] } }, POD)['metadata']).toEqual({
      finalizers: ['e/f', 'a/b', 'c/d'],
    });
    expect(
      strategicMergePatch(pod, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a/b'] } }, POD)['metadata'],
    ).toEqual({ finalizers: ['c/d'] });
  });
  it('replaces maps with $patch and clears members with $retainKeys', () => {
    const strategy = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    expect(
      strategicMergePatch(strategy, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, DEPLOYMENT),
    ).toEqual({ spec: { strategy: { type: 'Recreate' } } });
    expect(
      strategicMergePatch(strategy, { spec: { strategy: { $patch: 'replace', type: 'Recreate' } } }, DEPLOYMENT),
    ).toEqual({ spec: { strategy: { type: 'Recreate' } } });
  });
  it('takes values that the object did not have without maps with $patch, and with other directives as members', () => {
    const labels = { $patch: 'replace', a: 'b' };
    const patched = strategicMergePatch(
      { metadata: { name: 'd' } },
      { metadata: { labels, annotations: { a: null } } },
      DEPLOYMENT,
    );
    expect(patched).toEqual({ metadata: { name: 'd', annotations: {} } });
    const strategy = { $retainKeys: ['type'], type: 'Recreate' };
    expect(strategicMergePatch({ spec: {} }, { spec: { strategy } }, DEPLOYMENT)).toEqual({ spec: { strategy } });
  });

  it('shares nothing with the patch, which is applied again when somebody else wrote meanwhile', () => {
    const containers = [{ name: 'b', args: ['x'] }];
    const patch = { spec: { containers, tolerations: [{ key: 'k' }] } };
    const pod = { spec: { containers: [{ name: 'a' }], tolerations: [{ key: 'l' }] } };
    const patched = strategicMergePatch(pod, patch, POD) as { spec: { [list: string]: JsonObject[] } };
    for (const list of Object.values(patched.spec)) for (const item of list) item['used'] = 'up';
    expect(patch).toEqual({ spec: { containers: [{ name: 'b', args: ['x'] }], tolerations: [{ key: 'k' }] } });
  });

  it('answers 500 where members of a value without a schema are to be merged', () => {
    const revision = 'io.k8s.api.apps.v1.ControllerRevision';
    expect(() => strategicMergePatch({ data: { a: { b: 1 } } }, { data: { a: {} } }, revision)).toThrow(
      'unable to find api field in struct RawExtension for the json field "a"',
    );
  });

  it('replaces lists that are atomic', () => {
    const pod = { spec: { containers: [{ name: 'c', command: ['a', 'b'] }] } };
    expect(strategicMergePatch(pod, { spec: { containers: [{ name: 'c', command: ['x'] }] } }, POD)).toEqual({
      spec: { containers: [{ name: 'c', command: ['x'] }] },
    });
  });
  it('answers 500 without the merge key and 400 for malformed directives, as kube-apiserver', () => {
    expect(code(() => patched([{ image: 'x' }]))).toBe(500);
    expect(() => patched([{ image: 'x' }])).toThrow('map: map[image:x] does not contain declared merge key: name');
    expect(code(() => strategicMergePatch({ spec: {} }, { spec: { $retainKeys: 'x' } }, DEPLOYMENT))).toBe(400);
  });
  it('leaves the document alone', () => {
    const before = JSON.stringify(live);
    patched([{ name: 'c', $patch: 'delete' }]);
    patched([{ name: 'c', image: 'new' }]);
    expect(JSON.stringify(live)).toBe(before);
  });
});

describe('long lists', () => {
  const variables = (n: number, from = 0): JsonObject[] =>
    Array.from({ length: n }, (_, i) => ({ name: `E${from + i}`, value: String(i) }));
  const envOf = (o: JsonObject): JsonValue =>
    (o as { spec: { template: { spec: { containers: { env: JsonValue }[] } } } }).spec.template.spec.containers[0]
      ?.env ?? null;
  const merge = (env: JsonValue[], change: JsonObject): JsonValue =>
    envOf(strategicMergePatch(deployment([{ name: 'c', env }]), deployment([{ name: 'c', ...change }]), DEPLOYMENT));
  const cpuOf = (work: () => void): number => {
    const before = process.cpuUsage();
    work();
    return process.cpuUsage(before).user / 1000;
  };

  it('are merged by key in time that grows as they do', () => {
    const cpu = cpuOf(() => {
      expect(merge(variables(30_000), { env: variables(30_000, 15_000) })).toHaveLength(45_000);
      expect(
        merge(variables(30_000), { env: variables(30_000).map((v) => ({ name: v['name'] ?? '', $patch: 'delete' })) }),
      ).toEqual([]);
      const order = variables(30_000).map((v) => ({ name: v['name'] ?? '' }));
      expect(merge(variables(30_000), { '$setElementOrder/env': order.toReversed() })).toEqual(
        variables(30_000).toReversed(),
      );
    });
    expect(cpu).toBeLessThan(5000);
  });
});
