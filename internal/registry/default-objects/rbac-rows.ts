import type { JsonObject } from '../../machinery/json.js';

/** One default role. A rule is `verbs; groups; resources[; names]` or `verbs; /paths`; the core group is written `core`. */
export interface RoleRow {
  readonly name: string;
  readonly namespace?: string;
  readonly rules?: readonly string[];
  /** Roles that this one is part of (`admin`, `edit`, `view`, ...). */
  readonly aggregateTo?: readonly string[];
  /** Roles with this label make up the rules, put together by kube-controller-manager. */
  readonly aggregates?: readonly string[];
}

/** One default binding. A subject is `User name`, `Group name` or `ServiceAccount namespace/name`. */
export interface BindingRow {
  readonly name: string;
  readonly namespace?: string;
  readonly role: string;
  readonly roleKind: 'ClusterRole' | 'Role';
  readonly subjects: readonly string[];
}

const GROUP = 'rbac.authorization.k8s.io';
const AGGREGATE = `${GROUP}/aggregate-to-`;

function metadata(row: RoleRow | BindingRow, labels: JsonObject = {}): JsonObject {
  return {
    name: row.name,
    ...(row.namespace === undefined ? {} : { namespace: row.namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  };
}

function policyRule(text: string): JsonObject {
  const [verbs = '', second = '', resources, names] = text.split('; ');
  if (resources === undefined) return { verbs: verbs.split(','), nonResourceURLs: second.split(',') };
  return {
    verbs: verbs.split(','),
    apiGroups: second.split(',').map((g) => (g === 'core' ? '' : g)),
    resources: resources.split(','),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
  };
}

/** The object that a row stands for. */
export function roleObject(row: RoleRow): JsonObject {
  const labels: JsonObject = {};
  for (const to of row.aggregateTo ?? []) labels[AGGREGATE + to] = 'true';
  return {
    apiVersion: `${GROUP}/v1`,
    kind: row.namespace === undefined ? 'ClusterRole' : 'Role',
    metadata: metadata(row, labels),
    rules: row.rules === undefined ? null : row.rules.map(policyRule),
    ...(row.aggregates === undefined
      ? {}
      : {
          aggregationRule: {
            clusterRoleSelectors: row.aggregates.map((a) => ({ matchLabels: { [AGGREGATE + a]: 'true' } })),
          },
        }),
  };
}

function subject(text: string): JsonObject {
  const space = text.indexOf(' ');
  const kind = text.slice(0, space);
  const name = text.slice(space + 1);
  if (kind !== 'ServiceAccount') return { kind, apiGroup: GROUP, name };
  const slash = name.indexOf('/');
  return { kind, name: name.slice(slash + 1), namespace: name.slice(0, slash) };
}

/** The object that a row stands for. */
export function bindingObject(row: BindingRow): JsonObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: row.namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: metadata(row),
    subjects: row.subjects.map(subject),
    roleRef: { apiGroup: GROUP, kind: row.roleKind, name: row.role },
  };
}
