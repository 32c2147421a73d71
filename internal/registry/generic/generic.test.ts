import { rememberEmptied } from '../../machinery/emptied.js';
import { describe, expect, it } from 'vitest';
import { errorText } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { findResource, resources } from '../../schema/index.js';
import { strategyFor } from '../index.js';
import { deletionFinalizers } from './deletion.js';
import { changesIntent, generationRule } from './generation.js';
import { type MetaRules, objectMetaErrors, objectMetaUpdateErrors } from './object-meta.js';
import { dedupeOwnerReferences } from './owner-references.js';

const RULES: MetaRules = { namespaced: true, nameRule: 'dns1123Subdomain', anyFinalizer: false };
const NONE = { whole: 0, change: 0 };
const meta = (more: JsonObject = {}): JsonObject => ({ name: 'a', namespace: 'default', ...more });
const texts = (m: JsonObject): string[] => objectMetaErrors(m, RULES).map(errorText);

describe('metadata of a new object', () => {
  it('passes when it is right', () => {
    expect(
      texts(
        meta({ labels: { 'a.b/c': 'd' }, annotations: { 'A.b/C': 'anything at all' }, finalizers: ['a/b', 'orphan'] }),
      ),
    ).toEqual([]);
  });
  it('needs a name, a namespace where there are some, and none where there are none', () => {
    expect(texts({ namespace: 'default' })).toEqual([
      'metadata.name: Required value: name or generateName is required',
    ]);
    expect(texts({ name: 'a' })).toEqual(['metadata.namespace: Required value']);
    expect(objectMetaErrors(meta(), { ...RULES, namespaced: false }).map(errorText)).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });
  it('names every wrong label, annotation, finalizer and owner', () => {
    expect(texts(meta({ labels: { 'a b': 'c' } }))[0]).toMatch(
      /^metadata.labels: Invalid value: "a b": name part must consist/,
    );
    expect(texts(meta({ labels: { a: 'x y' } }))[0]).toMatch(
      /^metadata.labels: Invalid value: "x y": a valid label must be/,
    );
    expect(texts(meta({ annotations: { a: 'x'.repeat(300_000) } }))).toEqual([
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ]);
    expect(texts(meta({ finalizers: ['plain'] }))).toEqual([
      'metadata.finalizers[0]: Invalid value: "plain": name is neither a standard finalizer name nor is it fully qualified',
    ]);
    expect(texts(meta({ finalizers: ['orphan', 'foregroundDeletion'] }))[0]).toContain('cannot be both set');
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true };
    expect(texts(meta({ ownerReferences: [{ ...owner, uid: '' }] }))).toEqual([
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ]);
    expect(texts(meta({ ownerReferences: [owner, { ...owner, name: 'q' }] }))[0]).toContain(
      'Only one reference can have Controller set to true. Found "true" in references for Pod/p and Pod/q',
    );
    // As Go has it, in whatever order the client wrote it down.
    const event = { uid: 'u', name: 'e', kind: 'Event', apiVersion: '/v1' };
    expect(texts(meta({ ownerReferences: [event, { ...owner, apiVersion: 'a/b/c' }] }))).toEqual([
      'metadata.ownerReferences: Invalid value: {"apiVersion":"/v1","kind":"Event","name":"e","uid":"u"}: /v1, Kind=Event is disallowed from being an owner',
      'metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty',
    ]);
  });
});

describe('metadata of a changed object', () => {
  const old = meta({ uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', generation: 2 });
  const changed = (more: JsonObject): string[] => [
    ...new Set(objectMetaUpdateErrors({ ...old, ...more }, old, RULES, () => NONE).map(errorText)),
  ];
  it('keeps its identity', () => {
    expect(changed({ labels: { a: 'b' } })).toEqual([]);
    expect(changed({ uid: 'v' })).toEqual(['metadata.uid: Invalid value: "v": field is immutable']);
    expect(changed({ name: 'b' })).toEqual(['metadata.name: Invalid value: "b": field is immutable']);
    expect(changed({ deletionTimestamp: '2026-01-01T00:00:00Z' })).toEqual([
      'metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable',
    ]);
    expect(changed({ deletionGracePeriodSeconds: 5 })).toEqual([
      'metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable',
    ]);
    expect(changed({ generation: 1 })).toEqual(['metadata.generation: Invalid value: 1: must not be decremented']);
  });
  it('gets no new finalizers once it is being deleted', () => {
    const deleting = { ...old, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] };
    expect(objectMetaUpdateErrors({ ...deleting, finalizers: [] }, deleting, RULES, () => NONE)).toEqual([]);
    expect(
      objectMetaUpdateErrors({ ...deleting, finalizers: ['c/d', 'a/b'] }, deleting, RULES, () => NONE).map(errorText),
    ).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}',
    ]);
  });
});

describe('generations', () => {
  const rule = (group: string, resource: string): ReturnType<typeof generationRule> =>
    generationRule(strategyFor(group, resource), true);
  const bumps = (group: string, resource: string, change: JsonObject): boolean => {
    const r = rule(group, resource);
    return r !== undefined && changesIntent(r, { spec: {}, metadata: {}, ...change }, { spec: {}, metadata: {} }, '');
  };
  it('count what the author wants, by kind', () => {
    expect(bumps('apps', 'replicasets', { spec: { replicas: 2 } })).toBe(true);
    expect(bumps('apps', 'replicasets', { metadata: { annotations: { a: 'b' } } })).toBe(false);
    expect(bumps('apps', 'deployments', { metadata: { annotations: { a: 'b' } } })).toBe(true);
    expect(bumps('discovery.k8s.io', 'endpointslices', { metadata: { labels: { a: 'b' } } })).toBe(true);
    expect(bumps('scheduling.k8s.io', 'priorityclasses', { description: 'x' })).toBe(false);
    expect(rule('', 'services')).toBeUndefined();
  });
  it('tell a selector that asks nothing from none, and an empty list from none where Go does', () => {
    const changes = (group: string, resource: string, type: string, now: JsonObject, old: JsonObject): boolean =>
      changesIntent(rule(group, resource) ?? {}, { spec: now }, { spec: old }, type);
    const budget = 'io.k8s.api.policy.v1.PodDisruptionBudget';
    expect(changes('policy', 'poddisruptionbudgets', budget, { selector: {} }, {})).toBe(true);
    expect(changes('policy', 'poddisruptionbudgets', budget, { selector: {} }, { selector: {} })).toBe(false);
    const labelled = { selector: { matchLabels: {} } };
    expect(changes('policy', 'poddisruptionbudgets', budget, labelled, { selector: {} })).toBe(false);
    const network = 'io.k8s.api.networking.v1.NetworkPolicy';
    const emptied: JsonObject = {};
    rememberEmptied(emptied, { ingress: [] });
    expect(changes('networking.k8s.io', 'networkpolicies', network, emptied, {})).toBe(true);
    expect(changes('policy', 'poddisruptionbudgets', budget, emptied, {})).toBe(false);
  });
});

describe('finalizers that deletion adds', () => {
  const of = (
    group: string,
    resource: string,
    finalizers: string[],
    propagationPolicy?: string,
  ): string[] | undefined =>
    deletionFinalizers(
      strategyFor(group, resource),
      { metadata: { finalizers } },
      { orphanDependents: undefined, propagationPolicy },
    );
  it('follow the client, then the object, then the kind', () => {
    expect(of('apps', 'deployments', [])).toBeUndefined();
    expect(of('apps', 'deployments', ['a/b'], 'Foreground')).toEqual(['a/b', 'foregroundDeletion']);
    expect(of('apps', 'deployments', ['orphan'], 'Background')).toEqual([]);
    expect(of('apps', 'deployments', ['orphan'])).toBeUndefined();
    expect(of('batch', 'jobs', [])).toEqual(['orphan']);
    expect(of('', 'events', [], 'Foreground')).toBeUndefined();
  });
});

describe('owner references', () => {
  it('that say the same again are dropped', () => {
    const m: JsonObject = { ownerReferences: [{ uid: 'a', name: 'x' }, { name: 'x', uid: 'a' }, { uid: 'b' }] };
    expect(dedupeOwnerReferences(m)).toEqual(['a']);
    expect(m['ownerReferences']).toHaveLength(2);
  });
});

describe('traits', () => {
  it('are known only of resources that are served', () => {
    expect(strategyFor('', 'nothing')).toEqual({});
    for (const def of resources) expect(findResource(def.group, def.version, def.resource)).toBe(def);
  });
});
