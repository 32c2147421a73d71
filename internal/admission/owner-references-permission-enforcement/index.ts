import { child, children, str } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { parseGroupVersion } from '../../schema/index.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';

const ownersOf = (object: JsonObject | undefined): JsonObject[] =>
  children(child(object, 'metadata'), 'ownerReferences');

/** Owners whose deletion the object is to hold up and did not hold up before. */
function newBlocking(a: AdmissionAttributes): JsonObject[] {
  const before = new Map(ownersOf(a.oldObject).map((owner) => [str(owner, 'uid'), owner]));
  return ownersOf(a.object).filter(
    (owner) => owner['blockOwnerDeletion'] === true && before.get(str(owner, 'uid'))?.['blockOwnerDeletion'] !== true,
  );
}

interface Finalizing {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly name: string;
  readonly namespace: string;
}

const ANYTHING: Finalizing = { group: '*', version: '*', resource: '*', name: '*', namespace: '' };

const mayFinalize = (ctx: AdmissionContext, a: AdmissionAttributes, what: Finalizing) =>
  ctx.authorizer.authorize({
    ...what,
    user: a.user,
    verb: 'update',
    isResourceRequest: true,
    subresource: 'finalizers',
    path: '',
  });

async function checkDelete(ctx: AdmissionContext, a: AdmissionAttributes): Promise<void> {
  const { group, version, resource } = a.def;
  const { decision, reason } = await ctx.authorizer.authorize({
    user: a.user,
    verb: 'delete',
    isResourceRequest: true,
    group,
    version,
    resource,
    subresource: a.subresource,
    namespace: a.namespace,
    name: a.name,
    path: '',
  });
  if (decision === 'allow') return;
  throw admissionForbidden(a, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`);
}

async function checkBlocking(ctx: AdmissionContext, a: AdmissionAttributes, owner: JsonObject): Promise<void> {
  const [apiVersion, kind] = [str(owner, 'apiVersion'), str(owner, 'kind')];
  const gv = parseGroupVersion(apiVersion);
  const def = gv === undefined ? undefined : ctx.resources.ofKind(gv.group, gv.version, kind);
  if (def === undefined) {
    const where = gv === undefined ? apiVersion : `${gv.group === '' ? '' : `${gv.group}/`}${gv.version}`;
    throw admissionForbidden(
      a,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(where)}`,
    );
  }
  const { group, version, resource } = def;
  const { decision, reason } = await mayFinalize(ctx, a, {
    group,
    version,
    resource,
    name: str(owner, 'name'),
    // An owner that is in a namespace is in that of its dependents.
    namespace: def.namespaced ? a.namespace : '',
  });
  if (decision === 'allow') return;
  throw admissionForbidden(
    a,
    `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, <nil>`,
  );
}

/**
 * Who gives an object to an owner lets the garbage collector delete it, and so needs the right to delete it; who has it
 * hold up the owner's deletion needs the right to set the owner's finalizers (plugin
 * OwnerReferencesPermissionEnforcement).
 */
export const ownerReferencesPermissionEnforcement: AdmissionPlugin = {
  name: 'OwnerReferencesPermissionEnforcement',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  validate(ctx, a) {
    // Kubelets of old sent broken ones with the status, which cannot change them.
    if (a.def.group === '' && a.def.resource === 'pods' && a.subresource === 'status') return undefined;
    if (deepEqual(ownersOf(a.object), ownersOf(a.oldObject))) return undefined;
    return check(ctx, a);
  },
};

async function check(ctx: AdmissionContext, a: AdmissionAttributes): Promise<void> {
  if (a.operation !== 'CREATE') await checkDelete(ctx, a);
  const blocking = newBlocking(a);
  if (blocking.length === 0) return;
  if ((await mayFinalize(ctx, a, ANYTHING)).decision === 'allow') return;
  for (const owner of blocking) await checkBlocking(ctx, a, owner);
}
