import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const GROUP = 'rbac.authorization.k8s.io';
const ofRole = fieldErrorsOf(GROUP, 'roles');
const ofClusterRole = fieldErrorsOf(GROUP, 'clusterroles');
const ofBinding = fieldErrorsOf(GROUP, 'rolebindings');
const ofClusterBinding = fieldErrorsOf(GROUP, 'clusterrolebindings');

describe('roles', () => {
  it('name verbs, and resources or URLs', () => {
    const urls = { rules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }] };
    expect(ofClusterRole(urls)).toEqual([]);
    expect(ofRole(urls)).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
    ]);
    expect(ofRole({ rules: [{ verbs: ['get'], apiGroups: [''] }] })).toEqual([
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ]);
    const both = { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], nonResourceURLs: ['/'] }] };
    expect(ofClusterRole(both)[0]).toContain('rules cannot apply to both regular resources and non-resource URLs');
  });
  it('keep a selector that an older release let in', () => {
    const role = {
      aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['*'] }] }] },
    };
    expect(ofClusterRole(role)).toHaveLength(2);
    expect(ofClusterRole(role, role)).toEqual([]);
  });
});

describe('bindings', () => {
  const binding = (subject: JsonObject, kind = 'ClusterRole'): JsonObject => ({
    roleRef: { apiGroup: GROUP, kind, name: 'r' },
    subjects: [subject],
  });
  it('name the namespace of a service account only where it is not their own', () => {
    const account = { kind: 'ServiceAccount', name: 'a' };
    expect(ofBinding(binding(account))).toEqual([]);
    expect(ofClusterBinding(binding(account))).toEqual(['subjects[0].namespace: Required value']);
  });
  it('of the cluster grant cluster roles only', () => {
    const group = { kind: 'Group', apiGroup: GROUP, name: 'g' };
    expect(ofBinding(binding(group, 'Role'))).toEqual([]);
    expect(ofClusterBinding(binding(group, 'Role'))).toEqual([
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ]);
  });
  it('never grant another role', () => {
    const group = { kind: 'Group', apiGroup: GROUP, name: 'g' };
    expect(ofBinding(binding(group, 'Role'), binding(group))).toEqual([
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"r"}: cannot change roleRef',
    ]);
  });
});
