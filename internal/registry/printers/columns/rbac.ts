import { AGE, type ColumnTable, column, CREATED_AT, NAME } from '../columns.js';

/** Columns of the rbac.authorization.k8s.io group by plural resource name. */
export const rbacColumns = {
  clusterrolebindings: [
    NAME,
    column(
      'Role',
      'string',
      0,
      'RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
    ),
    AGE,
    column('Users', 'string', 1, 'Users in the clusterRoleBinding'),
    column('Groups', 'string', 1, 'Groups in the clusterRoleBinding'),
    column('ServiceAccounts', 'string', 1, 'ServiceAccounts in the clusterRoleBinding'),
  ],
  clusterroles: [NAME, CREATED_AT],
  rolebindings: [
    NAME,
    column(
      'Role',
      'string',
      0,
      'RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.',
    ),
    AGE,
    column('Users', 'string', 1, 'Users in the roleBinding'),
    column('Groups', 'string', 1, 'Groups in the roleBinding'),
    column('ServiceAccounts', 'string', 1, 'ServiceAccounts in the roleBinding'),
  ],
  roles: [NAME, CREATED_AT],
} satisfies ColumnTable;
