import { children, defaultString, ensureChild, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Subdomain, pathSegmentName } from '../../machinery/names.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

const GROUP = 'rbac.authorization.k8s.io';
const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group'];

/** SetDefaults_RoleBinding, SetDefaults_Subject: groups and users belong to this API group, service accounts to the core one. */
function defaultBinding(binding: JsonObject): void {
  defaultString(ensureChild(binding, 'roleRef'), 'apiGroup', GROUP);
  for (const subject of children(binding, 'subjects')) {
    if (str(subject, 'kind') === 'User' || str(subject, 'kind') === 'Group') defaultString(subject, 'apiGroup', GROUP);
  }
}

function checkSubject(subject: FieldNode, namespaced: boolean): void {
  const name = subject.text('name');
  if (name === '') subject.required('name');
  switch (subject.text('kind')) {
    case 'ServiceAccount':
      if (name !== '') subject.checkText('name', dns1123Subdomain);
      if (subject.text('apiGroup') !== '') subject.unsupported('apiGroup', ['']);
      // In a RoleBinding it is that of the binding.
      if (!namespaced && subject.text('namespace') === '') subject.required('namespace');
      break;
    case 'User':
    case 'Group':
      subject.requireOneOf('apiGroup', [GROUP]);
      break;
    default:
      subject.unsupported('kind', SUBJECT_KINDS);
  }
}

function bindings(namespaced: boolean): Strategy {
  const roleKinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const check = (root: FieldNode): void => {
    const role = root.struct('roleRef');
    role.requireOneOf('apiGroup', [GROUP]);
    role.requireOneOf('kind', roleKinds);
    role.requireText('name', (name) => pathSegmentName(name, false));
    for (const subject of root.list('subjects')) checkSubject(subject, namespaced);
  };
  return {
    defaults: defaultBinding,
    validate: (binding) => validating(binding, check),
    validateUpdate: (binding, old) =>
      validating(binding, (root) => {
        check(root);
        if (semanticEqual(binding['roleRef'], old['roleRef'])) return;
        const role = root.struct('roleRef');
        role.invalid('', 'cannot change roleRef', {
          APIGroup: role.text('apiGroup'),
          Kind: role.text('kind'),
          Name: role.text('name'),
        });
      }),
  };
}

export const roleBindings = bindings(true);
export const clusterRoleBindings = bindings(false);
