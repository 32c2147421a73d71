import { children, defaultString, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

const GROUP = 'rbac.authorization.k8s.io';

/** SetDefaults_RoleBinding, SetDefaults_Subject: groups and users belong to this API group, service accounts to the core one. */
function defaultBinding(binding: JsonObject): void {
  defaultString(ensureChild(binding, 'roleRef'), 'apiGroup', GROUP);
  for (const subject of children(binding, 'subjects')) {
    if (str(subject, 'kind') === 'User' || str(subject, 'kind') === 'Group') defaultString(subject, 'apiGroup', GROUP);
  }
}

const binding: Strategy = { defaults: defaultBinding };
const role: Strategy = {};

/** Resources of the rbac.authorization.k8s.io group by their plural name. */
export const rbac: Readonly<Record<string, Strategy>> = {
  clusterrolebindings: binding,
  clusterroles: role,
  rolebindings: binding,
  roles: role,
};
