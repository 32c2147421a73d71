import { expect, test } from 'vitest';
import type { PolicyRule } from './rbac.js';
import { missingRights } from './rule-cover.js';

const rule = (fields: Partial<PolicyRule>): PolicyRule => ({
  verbs: ['get'],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs: [],
  ...fields,
});
const pods = (fields: Partial<PolicyRule> = {}): PolicyRule =>
  rule({ apiGroups: [''], resources: ['pods'], ...fields });
const urls = (...nonResourceURLs: string[]): PolicyRule => rule({ nonResourceURLs });
const missing = async (held: readonly PolicyRule[], ...wanted: readonly PolicyRule[]): Promise<readonly string[]> =>
  (await missingRights(held, wanted)).lines;

test.each<[string, PolicyRule[], PolicyRule[]]>([
  ['the same', [pods()], [pods()]],
  ['all verbs', [pods({ verbs: ['*'] })], [pods({ verbs: ['get', 'delete'] })]],
  ['several rules together', [pods(), pods({ verbs: ['list'] })], [pods({ verbs: ['get', 'list'] })]],
  ['all groups', [pods({ apiGroups: ['*'] })], [pods({ apiGroups: ['', 'apps'] })]],
  ['all resources', [pods({ resources: ['*'] })], [pods({ resources: ['pods', 'secrets/x'] })]],
  ['a subresource of everything', [pods({ resources: ['*/status'] })], [pods({ resources: ['pods/status'] })]],
  ['every name', [pods()], [pods({ resourceNames: ['a'] })]],
  ['this name', [pods({ resourceNames: ['a', 'b'] })], [pods({ resourceNames: ['b'] })]],
  ['the same path', [urls('/a')], [urls('/a')]],
  ['paths that begin so', [urls('/a/*')], [urls('/a/b', '/a/*')]],
  ['all paths', [urls('**')], [urls('/a', '*')]],
  ['nothing, where nothing is wanted', [], [pods({ verbs: [] }), pods({ resources: [] }), rule({})]],
])('%s is held', async (_what, held, wanted) => {
  expect(await missing(held, ...wanted)).toEqual([]);
});

test.each<[string, PolicyRule[], PolicyRule, string[]]>([
  ['a verb', [pods()], pods({ verbs: ['get', 'list'] }), ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}']],
  ['a group', [pods()], pods({ apiGroups: ['apps'] }), ['{APIGroups:["apps"], Resources:["pods"], Verbs:["get"]}']],
  [
    'resources, in the order of their text',
    [pods()],
    pods({ resources: ['pods', 'secrets', 'pods/log'] }),
    [
      '{APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    ],
  ],
  [
    'another subresource',
    [pods({ resources: ['*/status'] })],
    pods({ resources: ['pods/log', 'status'] }),
    [
      '{APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}',
      '{APIGroups:[""], Resources:["status"], Verbs:["get"]}',
    ],
  ],
  [
    'a name',
    [pods({ resourceNames: ['a'] })],
    pods({ resourceNames: ['a', 'b'] }),
    ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
  ],
  [
    'a name, whatever the order',
    [pods({ resourceNames: ['a'] })],
    pods({ resourceNames: ['b', 'a', 'c'] }),
    [
      '{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}',
      '{APIGroups:[""], Resources:["pods"], ResourceNames:["c"], Verbs:["get"]}',
    ],
  ],
  ['all names', [pods({ resourceNames: ['a'] })], pods(), ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}']],
  [
    'verbs that are held for other names only',
    [pods({ resourceNames: ['a'], verbs: ['*'] }), pods({ resourceNames: ['b'] })],
    pods({ resourceNames: ['a', 'b'], verbs: ['get', 'delete'] }),
    ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["delete"]}'],
  ],
  [
    'a path, by verb',
    [urls('/a/*')],
    rule({ nonResourceURLs: ['/b', '/a/c'], verbs: ['get', 'post'] }),
    [
      '{NonResourceURLs:["/a/c"], Verbs:["post"]}',
      '{NonResourceURLs:["/b"], Verbs:["get"]}',
      '{NonResourceURLs:["/b"], Verbs:["post"]}',
    ],
  ],
  [
    'a path that only ends so',
    [urls('/a')],
    urls('/x/a', '/a/'),
    ['{NonResourceURLs:["/a/"], Verbs:["get"]}', '{NonResourceURLs:["/x/a"], Verbs:["get"]}'],
  ],
  ['everything', [], pods({ verbs: ['*'] }), ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}']],
])('%s is not', async (_what, held, wanted, lines) => {
  expect(await missing(held, wanted)).toEqual(lines);
});

test('no more than 1,000 lines are told, and that there are more', async () => {
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
  const all = await missingRights([], [pods({ resourceNames: names(1_000) })]);
  expect([all.lines.length, all.isTruncated]).toEqual([1_000, false]);
  const more = await missingRights([], [pods({ resourceNames: names(1_001) }), urls('/a')]);
  expect([more.lines.length, more.isTruncated]).toEqual([1_000, true]);
  const paths = await missingRights([], [urls(...names(1_001))]);
  expect([paths.lines.length, paths.isTruncated]).toEqual([1_000, true]);
  const both = await missingRights([], [pods({ resourceNames: names(999) }), urls('/a', '/b')]);
  expect([both.lines.length, both.isTruncated]).toEqual([1_000, true]);
});

test('no more than 256 KiB are told, and that there is more', async () => {
  const long = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`.padEnd(64 * 1024, 'v'));
  const verbs = await missingRights([], [pods({ verbs: long(10) })]);
  expect([verbs.lines.length, verbs.isTruncated]).toEqual([1, true]);
  expect(verbs.lines[0]?.length).toBeLessThan(330_000);
  expect(verbs.lines[0]?.length).toBeGreaterThan(256 * 1024);
  const names = await missingRights([], [pods({ resourceNames: long(10) })]);
  expect([names.lines.length, names.isTruncated]).toEqual([4, true]);
  const paths = await missingRights([], [urls(...long(10))]);
  expect([paths.lines.length, paths.isTruncated]).toEqual([4, true]);
});
