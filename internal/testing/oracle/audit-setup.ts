// What the recorded audit sample was recorded with, beside its policy.

interface Made {
  readonly path: string;
  readonly body: object;
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
/** Where policies and webhooks are registered. */
export const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
const CONFIGMAPS = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['configmaps'],
};

/** Objects to make, in this order. */
export function auditSetup(): readonly Made[] {
  const restricted = { 'pod-security.kubernetes.io/audit': 'restricted' };
  return [
    { path: '/api/v1/namespaces', body: { metadata: { name: 'audit', labels: restricted } } },
    { path: '/api/v1/namespaces', body: { metadata: { name: 'audit-full' } } },
    { path: '/api/v1/namespaces/audit/serviceaccounts', body: { metadata: { name: 'default' } } },
    { path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', body: notes() },
    {
      path: `${RBAC}/clusterroles`,
      body: {
        metadata: { name: 'audit-reader' },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
      },
    },
    {
      path: `${RBAC}/clusterrolebindings`,
      body: {
        metadata: { name: 'audit-reader' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'audit-reader' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'audit-zoe' }],
      },
    },
    { path: `${REGISTRATION}/validatingadmissionpolicies`, body: policy() },
    {
      path: `${REGISTRATION}/validatingadmissionpolicybindings`,
      body: {
        metadata: { name: 'audit-policy' },
        spec: { policyName: 'audit-policy', validationActions: ['Audit', 'Warn'] },
      },
    },
  ];
}

function notes(): object {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    metadata: { name: 'notes.audit.example.com' },
    spec: {
      group: 'audit.example.com',
      scope: 'Namespaced',
      names: { plural: 'notes', singular: 'note', kind: 'Note', listKind: 'NoteList' },
      versions: [{ name: 'v1', served: true, storage: true, deprecated: true, schema }],
    },
  };
}

function policy(): object {
  return {
    metadata: { name: 'audit-policy' },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        objectSelector: { matchLabels: { watched: 'yes' } },
        resourceRules: [CONFIGMAPS],
      },
      validations: [{ expression: 'size(object.metadata.name) % 2 == 0', message: 'an odd name' }],
      auditAnnotations: [
        { key: 'size', valueExpression: '"data has " + string(size(object.metadata.name)) + " letters"' },
      ],
    },
  };
}
