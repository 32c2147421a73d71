import type { Strategy } from '../types.js';
import { clusterRoleBindings, roleBindings } from './bindings.js';
import { clusterRoles, roles } from './roles.js';

/** Resources of the rbac.authorization.k8s.io group by their plural name. */
export const rbac: Readonly<Record<string, Strategy>> = {
  clusterrolebindings: clusterRoleBindings,
  clusterroles: clusterRoles,
  rolebindings: roleBindings,
  roles,
};
