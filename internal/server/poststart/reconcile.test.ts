import { expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { AUTO_UPDATE } from '../../registry/default-objects/flow-control.js';
import type { DefaultObject } from '../../registry/default-objects/index.js';
import { reconciled } from './reconcile.js';

const RBAC_AUTO_UPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const wanted = (reconcile: DefaultObject['reconcile'], object: JsonObject): DefaultObject => ({
  path: '/x',
  fieldManager: 'kube-apiserver',
  reconcile,
  object,
});
const rule = (verb: string) => ({ verbs: [verb], apiGroups: [''], resources: ['pods'] });

test('what only has to be there stays as it is', () => {
  expect(reconciled(wanted('ifMissing', { spec: { a: 1 } }), { spec: { a: 2 } })).toBeUndefined();
});

test('a role gains what is missing, keeps what was added, and is left alone where it says so', () => {
  const role = wanted('rbac', {
    metadata: { name: 'r', labels: { kind: 'default' }, annotations: { [RBAC_AUTO_UPDATE]: 'true' } },
    rules: [rule('get'), rule('list')],
  });
  const metadata = { name: 'r', labels: { kind: 'default', own: 'x' }, annotations: { [RBAC_AUTO_UPDATE]: 'true' } };
  const rules = [rule('delete'), rule('list')];
  expect(reconciled(role, { metadata, rules })).toEqual({ metadata, rules: [...rules, rule('get')] });
  expect(reconciled(role, { metadata: { name: 'r' }, rules: role.object['rules'] ?? [] })).toEqual({
    metadata: role.object['metadata'],
    rules: role.object['rules'],
  });
  expect(reconciled(role, { metadata, rules: [rule('get'), rule('list'), rule('x')] })).toBeUndefined();
  const alone = { name: 'r', annotations: { [RBAC_AUTO_UPDATE]: 'false' } };
  expect(reconciled(role, { metadata: alone, rules: [] })).toBeUndefined();
});

test('a binding gains the subjects that are missing, and what it has of the right labels does not hide the others', () => {
  const subject = (name: string) => ({ kind: 'Group', name, apiGroup: 'rbac.authorization.k8s.io' });
  const labels = { kind: 'default', part: 'of' };
  const binding = wanted('rbac', { metadata: { name: 'b', labels }, subjects: [subject('one'), subject('two')] });
  const live = { metadata: { name: 'b', labels: { kind: 'default' } }, subjects: [subject('own'), subject('two')] };
  expect(reconciled(binding, live)).toEqual({
    metadata: { name: 'b', labels },
    subjects: [...live.subjects, subject('one')],
  });
});

test('an object without labels, annotations or data of its own gains none', () => {
  const live = { metadata: { name: 'r' }, rules: [rule('get')] };
  expect(reconciled(wanted('rbac', live), structuredClone(live))).toBeUndefined();
  expect(reconciled(wanted('data', { metadata: { name: 'm' } }), { metadata: { name: 'm' } })).toBeUndefined();
});

test('a suggested object is set back while nobody has changed it, or as its annotation says', () => {
  const schema = wanted('spec', { metadata: { name: 's' }, spec: { precedence: 100 } });
  const live = (said: string | undefined, generation: number, precedence = 1): JsonObject => ({
    metadata: { name: 's', generation, ...(said === undefined ? {} : { annotations: { [AUTO_UPDATE]: said } }) },
    spec: { precedence },
  });
  expect(reconciled(schema, live(undefined, 1))).toEqual(live('true', 1, 100));
  expect(reconciled(schema, live(undefined, 2))).toEqual(live('false', 2));
  expect(reconciled(schema, live('true', 2))).toEqual(live('true', 2, 100));
  expect(reconciled(schema, live('false', 1))).toBeUndefined();
  expect(reconciled(schema, live('true', 1, 100))).toBeUndefined();
});

test('a mandatory object is set back whatever it says, but for what the exempt level lends', () => {
  const exempt = { lendablePercent: 0 };
  const level = wanted('mandatory', { metadata: { name: 'exempt' }, spec: { type: 'Exempt', exempt } });
  const live = (said: string, type: string, lent: number): JsonObject => ({
    metadata: { name: 'exempt', generation: 9, annotations: { [AUTO_UPDATE]: said } },
    spec: { type, exempt: { lendablePercent: lent } },
  });
  expect(reconciled(level, live('false', 'Limited', 5))).toMatchObject({
    metadata: { annotations: { [AUTO_UPDATE]: 'true' } },
    spec: { type: 'Exempt' },
  });
  expect(reconciled(level, live('true', 'Exempt', 50))).toBeUndefined();
});

test('data gains what is missing or differs', () => {
  const map = wanted('data', { data: { ca: 'new' } });
  expect(reconciled(map, { data: { ca: 'old', own: 'x' } })).toEqual({ data: { ca: 'new', own: 'x' } });
  expect(reconciled(map, { data: { ca: 'new', own: 'x' } })).toBeUndefined();
});
