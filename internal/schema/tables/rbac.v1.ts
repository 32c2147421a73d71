import type { TypeTable } from '../grammar.js';

/** Types of rbac.v1; one line per field, see ../grammar.ts. */
export const types = {
  AggregationRule: {
    '': '|',
    clusterRoleSelectors: '[]meta.v1.LabelSelector 1 list=atomic |',
  },
  ClusterRole: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    rules: '[]PolicyRule 2 always list=atomic |',
    aggregationRule: '*AggregationRule 3 |',
  },
  ClusterRoleBinding: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    subjects: '[]Subject 2 list=atomic |',
    roleRef: 'RoleRef 3 required |',
  },
  ClusterRoleBindingList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]ClusterRoleBinding 2 required always |',
  },
  ClusterRoleList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]ClusterRole 2 required always |',
  },
  PolicyRule: {
    '': '|',
    verbs: '[]string 1 required always list=atomic |',
    apiGroups: '[]string 2 list=atomic |',
    resources: '[]string 3 list=atomic |',
    resourceNames: '[]string 4 list=atomic |',
    nonResourceURLs: '[]string 5 list=atomic |',
  },
  Role: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    rules: '[]PolicyRule 2 always list=atomic |',
  },
  RoleBinding: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    subjects: '[]Subject 2 list=atomic |',
    roleRef: 'RoleRef 3 required |',
  },
  RoleBindingList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]RoleBinding 2 required always |',
  },
  RoleList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]Role 2 required always |',
  },
  RoleRef: {
    '': 'map=atomic |',
    apiGroup: 'string 1 always |',
    kind: 'string 2 required always |',
    name: 'string 3 required always |',
  },
  Subject: {
    '': 'map=atomic |',
    kind: 'string 1 required always |',
    apiGroup: 'string 2 |',
    name: 'string 3 required always |',
    namespace: 'string 4 |',
  },
} as const satisfies TypeTable;
