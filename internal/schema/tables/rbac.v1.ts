import type { TypeTable } from '../grammar.js';

/** Types of rbac.v1; one line per field, see ../grammar.ts. */
export const types = {
  AggregationRule: {
    '': '| Puts a role together from others.',
    clusterRoleSelectors: '[]meta.v1.LabelSelector 1 list=atomic | Labels of the ClusterRoles whose rules are taken.',
  },
  ClusterRole: {
    '': 'kind | Rules for resources in all namespaces, cluster-wide resources and other paths.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    rules: '[]PolicyRule 2 always list=atomic | What is allowed.',
    aggregationRule: '*AggregationRule 3 | Roles that the rules are taken from; then rules are written by the controller.',
  },
  ClusterRoleBinding: {
    '': 'kind | Gives a ClusterRole to subjects, everywhere.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    subjects: '[]Subject 2 list=atomic | Who gets it.',
    roleRef: 'RoleRef 3 required | The role. Cannot be changed.',
  },
  ClusterRoleBindingList: {
    '': 'kind | A list of ClusterRoleBinding objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]ClusterRoleBinding 2 required always | The objects.',
  },
  ClusterRoleList: {
    '': 'kind | A list of ClusterRole objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]ClusterRole 2 required always | The objects.',
  },
  PolicyRule: {
    '': '| What is allowed.',
    verbs: '[]string 1 required always list=atomic | get, list, watch, create, update, patch, delete, deletecollection and so on, or *.',
    apiGroups: '[]string 2 list=atomic | API groups; \'\' is the core group, * are all.',
    resources: '[]string 3 list=atomic | Resources, such as pods or pods/log, or *.',
    resourceNames: '[]string 4 list=atomic | Names of objects; empty means all.',
    nonResourceURLs: '[]string 5 list=atomic | Paths that are no resources; * at the end stands for all below. Only in ClusterRoles.',
  },
  Role: {
    '': 'kind | Rules for resources in one namespace.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    rules: '[]PolicyRule 2 always list=atomic | What is allowed.',
  },
  RoleBinding: {
    '': 'kind | Gives a role to subjects, in one namespace.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    subjects: '[]Subject 2 list=atomic | Who gets it.',
    roleRef: 'RoleRef 3 required | The Role of this namespace, or a ClusterRole. Cannot be changed.',
  },
  RoleBindingList: {
    '': 'kind | A list of RoleBinding objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]RoleBinding 2 required always | The objects.',
  },
  RoleList: {
    '': 'kind | A list of Role objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]Role 2 required always | The objects.',
  },
  RoleRef: {
    '': 'map=atomic | Names a role.',
    apiGroup: 'string 1 always | rbac.authorization.k8s.io.',
    kind: 'string 2 required always | Role or ClusterRole.',
    name: 'string 3 required always | Name of the role.',
  },
  Subject: {
    '': 'map=atomic | Who gets a role.',
    kind: 'string 1 required always | User, Group or ServiceAccount.',
    apiGroup: 'string 2 | rbac.authorization.k8s.io for users and groups; empty for service accounts.',
    name: 'string 3 required always | Name of the subject.',
    namespace: 'string 4 | Namespace of the service account.',
  },
} as const satisfies TypeTable;
