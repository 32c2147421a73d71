import { expect, test } from 'vitest';
import { atOnce } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { findResource } from '../../schema/index.js';
import type { Informer } from '../../store/informer.js';
import { objectKey } from '../../store/keys.js';
import type { KeyValue } from '../../store/types.js';
import { attributesOf } from '../testing/attributes.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import { collectParams, paramKindOf, paramRefOf, policyProblem } from './params.js';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const NODE = { apiVersion: 'v1', kind: 'Node' };
const stored = (at: string, object: JsonObject, modRevision = 1): KeyValue => {
  const [resource = '', namespace = '', name = ''] = at.split('/');
  const key = objectKey('', resource, namespace, name);
  return { key, value: Buffer.from(JSON.stringify(object)), modRevision } as KeyValue;
};

/** A cluster in which these objects are stored. */
function clusterOf(objects: KeyValue[]) {
  const informer = {
    objects: (prefix: string) => ({
      all: () =>
        new Map(
          objects
            .filter(({ key }) => key.startsWith(prefix))
            .map(({ key, value }) => [key, JSON.parse(value.toString()) as JsonObject]),
        ),
    }),
  } as unknown as Informer;
  const reader = { informer, stored: (key: string) => objects.find((one) => one.key === key) };
  const ofKind = (_group: string, _version: string, kind: string) =>
    kind === 'ConfigMap'
      ? findResource('', 'v1', 'configmaps')
      : kind === 'Node'
        ? findResource('', 'v1', 'nodes')
        : undefined;
  const served = (_def: unknown, object: JsonObject): JsonObject => object;
  return (): AdmissionContext =>
    ({ reader, resources: { ofKind, served }, compares: [] }) as unknown as AdmissionContext;
}
/** The parameters of a binding, or why there are none. */
function params(
  ctx: AdmissionContext,
  kind: JsonObject | undefined,
  ref: JsonObject | undefined,
  of: Partial<AdmissionAttributes> = {},
): unknown {
  try {
    return atOnce(collectParams(paramKindOf(kind), paramRefOf(ref), ctx, attributesOf('pods', of)));
  } catch (error) {
    return `${(error as Error).constructor.name}: ${(error as Error).message}`;
  }
}
const labelled = (name: string, tier: string): JsonObject => ({ metadata: { name, labels: { tier } } });
const gold = { selector: { matchLabels: { tier: 'gold' } } };

const cluster = clusterOf([
  stored('configmaps/default/b', labelled('b', 'gold')),
  stored('configmaps/default/a', labelled('a', 'gold')),
  stored('configmaps/default/c', labelled('c', 'iron')),
  stored('configmaps/default-2/d', labelled('d', 'gold')),
  stored('configmaps/other/a', labelled('other', 'gold')),
  stored('nodes//n', labelled('n', 'gold')),
]);

test.each<[string, JsonObject | undefined, JsonObject | undefined, string, string[] | string]>([
  ['a name, in the namespace of the request', CONFIG_MAP, { name: 'a' }, 'default', ['a']],
  ['a name, in a namespace that is said', CONFIG_MAP, { name: 'a', namespace: 'other' }, 'default', ['other']],
  ['a name that nothing has', CONFIG_MAP, { name: 'x' }, 'default', []],
  [
    'a name that nothing has, which is to deny',
    CONFIG_MAP,
    { name: 'x', parameterNotFoundAction: 'Deny' },
    'default',
    'ConfigurationError: no params found for policy binding with `Deny` parameterNotFoundAction',
  ],
  ['labels, by name', CONFIG_MAP, gold, 'default', ['a', 'b']],
  ['labels, in a namespace that is said', CONFIG_MAP, { ...gold, namespace: 'other' }, 'default', ['other']],
  ['labels that nothing has', CONFIG_MAP, { selector: { matchLabels: { tier: 'tin' } } }, 'default', []],
  ['labels that everything has', CONFIG_MAP, { selector: {} }, 'default', ['a', 'b', 'c']],
  ['labels of what is in no namespace', NODE, gold, 'default', ['n']],
  ['a name of what is in no namespace', NODE, { name: 'n' }, '', ['n']],
  ['nothing', CONFIG_MAP, {}, 'default', 'ConfigurationError: one of name or selector must be provided'],
  [
    'a name in no namespace',
    CONFIG_MAP,
    { name: 'a' },
    '',
    'ConfigurationError: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
  ],
  ['a namespace for what is in none of its own', CONFIG_MAP, { name: 'a', namespace: 'other' }, '', ['other']],
  [
    'a namespace of what is in none',
    NODE,
    { name: 'n', namespace: 'other' },
    'default',
    'ConfigurationError: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
  ],
  [
    'a kind that is not served',
    { apiVersion: 'example.com/v1', kind: 'Thing' },
    { name: 'a' },
    'default',
    "ConfigurationError: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Thing'",
  ],
])('parameters of %s', (_what, kind, ref, namespace, expected) => {
  const found = params(cluster(), kind, ref, { namespace });
  const names = Array.isArray(found)
    ? (found as JsonObject[]).map(({ metadata }) => (metadata as JsonObject)['name'])
    : found;
  expect(names).toEqual(expected);
});

test('a policy without a kind of parameters, and a binding without parameters, are evaluated once, with none', () => {
  expect(params(cluster(), undefined, { name: 'a' })).toEqual([null]);
  expect(params(cluster(), CONFIG_MAP, undefined)).toEqual([null]);
  expect(policyProblem(undefined, cluster())).toBeUndefined();
  expect(policyProblem(paramKindOf(CONFIG_MAP), cluster())).toBeUndefined();
  expect(policyProblem(paramKindOf({ apiVersion: 'v1', kind: 'Thing' }), cluster())?.message).toBe(
    "failed to find resource referenced by paramKind: '/v1, Kind=Thing'",
  );
});

test('the decision holds for the parameter as it was, also for one that was not there', () => {
  const ctx = cluster();
  params(ctx, CONFIG_MAP, { name: 'a' });
  params(ctx, CONFIG_MAP, { name: 'x' });
  params(ctx, CONFIG_MAP, gold);
  expect(ctx.compares).toEqual([
    { key: objectKey('', 'configmaps', 'default', 'a'), modRevision: 1 },
    { key: objectKey('', 'configmaps', 'default', 'x'), modRevision: 0 },
  ]);
});

test('a parameter is read anew when it has changed', () => {
  const objects = [stored('configmaps/default/a', labelled('a', 'gold'))];
  const ctx = clusterOf(objects)();
  const read = () => (params(ctx, CONFIG_MAP, { name: 'a' }) as JsonObject[])[0];
  const before = read();
  expect(read()).toBe(before);
  objects[0] = stored('configmaps/default/a', labelled('a', 'iron'), 2);
  expect(read()).toEqual(labelled('a', 'iron'));
});
