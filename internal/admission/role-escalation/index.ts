import { MASTERS } from '../../auth/authenticator.js';
import { type PolicyRule, type RbacAuthorizer, rulesOf } from '../../auth/rbac.js';
import { missingRights, quotedList } from '../../auth/rule-cover.js';
import { child, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { forbidden, notFound, quote } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = new Set(['roles', 'clusterroles']);
const BINDINGS = new Set(['rolebindings', 'clusterrolebindings']);
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

/**
 * Nobody gives rights that they do not have: neither by a role nor by binding one, unless they may `escalate` the role
 * or `bind` it (kube-apiserver's policy-based storage of rbac.authorization.k8s.io). It goes after every plugin that
 * changes objects.
 */
export function roleEscalation(rbac: RbacAuthorizer): AdmissionPlugin {
  return {
    name: 'RoleEscalation',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    admit(ctx, a) {
      if (a.def.group !== GROUP || a.object === undefined || a.user.groups.includes(MASTERS)) return undefined;
      if (a.oldObject !== undefined && collectsOnly(a.object, a.oldObject)) return undefined;
      if (ROLES.has(a.def.resource)) return checkRole({ ctx, rbac }, a, a.object);
      return BINDINGS.has(a.def.resource) ? checkBinding({ ctx, rbac }, a, a.object) : undefined;
    },
  };
}

interface Parts {
  readonly ctx: AdmissionContext;
  readonly rbac: RbacAuthorizer;
}

/** Whether the change is one that the garbage collector makes to let the object go. */
function collectsOnly(object: JsonObject, old: JsonObject): boolean {
  const own = ['ownerReferences', 'finalizers', 'selfLink', 'managedFields'];
  const before = child(old, 'metadata') ?? {};
  const metadata: JsonObject = { ...child(object, 'metadata') };
  for (const field of own) metadata[field] = before[field];
  return semanticEqual({ ...object, metadata }, old);
}

async function may(
  parts: Parts,
  a: AdmissionAttributes,
  verb: string,
  resource: string,
  name: string,
): Promise<boolean> {
  const { user, namespace } = a;
  const common = { user, isResourceRequest: true, group: GROUP, version: a.def.version, subresource: '', path: '' };
  const { decision } = await parts.ctx.authorizer.authorize({ ...common, verb, resource, namespace, name });
  return decision === 'allow';
}

async function checkRole(parts: Parts, a: AdmissionAttributes, role: JsonObject): Promise<void> {
  // The name in a POST is the object's, not the request's.
  if (await may(parts, a, 'escalate', a.def.resource, a.operation === 'CREATE' ? '' : a.name)) return;
  await confirm(parts, a, rulesOf(role));
  const aggregates = (o: JsonObject | undefined): boolean => child(o, 'aggregationRule') !== undefined;
  if (!aggregates(role) && !aggregates(a.oldObject)) return;
  const { rules } = parts.rbac.rulesFor(a.user, a.namespace);
  if ((await missingRights(rules, EVERYTHING)).lines.length > 0) {
    throw forbidden(a.def, a.name, 'must have cluster-admin privileges to use an aggregationRule');
  }
}

async function checkBinding(parts: Parts, a: AdmissionAttributes, binding: JsonObject): Promise<void> {
  const roleRef = child(binding, 'roleRef');
  const [kind, name] = [str(roleRef, 'kind'), str(roleRef, 'name')];
  const resource = kind === 'ClusterRole' ? 'clusterroles' : kind === 'Role' ? 'roles' : '';
  // Validation has something to say about a role of another kind.
  if (resource === '') return;
  if (await may(parts, a, 'bind', resource, name)) return;
  const rules = parts.rbac.rulesOfRole(kind, a.namespace, name);
  if (rules === undefined) throw notFound({ group: GROUP, resource: kind.toLowerCase() }, name);
  await confirm(parts, a, rules);
}

/** Throws 403 when the user does not have every right of the rules. */
async function confirm(parts: Parts, a: AdmissionAttributes, wanted: readonly PolicyRule[]): Promise<void> {
  const { rules, errors } = parts.rbac.rulesFor(a.user, a.namespace);
  const { lines, isTruncated } = await missingRights(rules, wanted);
  if (lines.length === 0) return;
  const who = `user ${quote(a.user.username)} (groups=${quotedList(a.user.groups)})`;
  const unresolved = errors.length === 0 ? '' : `; resolution errors: [${errors.join(', ')}]`;
  const more = isTruncated ? '\n... and more' : '';
  const what = 'is attempting to grant RBAC permissions not currently held';
  throw forbidden(a.def, a.name, `${who} ${what}:\n${lines.join('\n')}${more}${unresolved}`);
}
