import type { JsonObject } from '../machinery/json.js';
import type { ApiClient } from './api-client.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const API_GROUP = 'rbac.authorization.k8s.io';

/** A rule, and who has it. */
export interface RoleOptions {
  readonly namespace: string;
  readonly name: string;
  readonly rule: JsonObject;
  readonly groups?: readonly string[];
  readonly users?: readonly string[];
}

const subjects = (groups: readonly string[] = [], users: readonly string[] = []): JsonObject[] => [
  ...groups.map((name) => ({ kind: 'Group', apiGroup: API_GROUP, name })),
  ...users.map((name) => ({ kind: 'User', apiGroup: API_GROUP, name })),
];

/** A Role of one rule and a RoleBinding of its name. */
export async function roleWithBinding(client: ApiClient, options: RoleOptions): Promise<void> {
  const { namespace, name, rule, groups, users } = options;
  const metadata = { name, namespace };
  const base = `${RBAC}/namespaces/${namespace}`;
  await client.apply(`${base}/roles`, { apiVersion: `${API_GROUP}/v1`, kind: 'Role', metadata, rules: [rule] });
  await client.apply(`${base}/rolebindings`, {
    apiVersion: `${API_GROUP}/v1`,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: API_GROUP, kind: 'Role', name },
    subjects: subjects(groups, users),
  });
}

/** A ClusterRole of one rule. */
export async function clusterRole(client: ApiClient, name: string, rule: JsonObject): Promise<void> {
  await client.apply(`${RBAC}/clusterroles`, {
    apiVersion: `${API_GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name },
    rules: [rule],
  });
}

/** A ClusterRoleBinding that gives a ClusterRole to a group. */
export async function clusterRoleBinding(client: ApiClient, name: string, role: string, group: string): Promise<void> {
  await client.apply(`${RBAC}/clusterrolebindings`, {
    apiVersion: `${API_GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: API_GROUP, kind: 'ClusterRole', name: role },
    subjects: subjects([group]),
  });
}
