import { child, children, str } from '../../machinery/access.js';
import { type FieldError, forbiddenField, internalField } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { objectKey } from '../../store/keys.js';
import type { WriteContext } from '../types.js';

const LABEL = 'resource.kubernetes.io/admin-access';

/** Whether the namespace is one whose users may have devices that others use: it must say so, with a label. */
async function allowsAdmins(ctx: WriteContext): Promise<boolean | undefined> {
  // What this replica does not know yet could be that the label is gone.
  await ctx.backend.readBarrier();
  const stored = ctx.backend.get(objectKey('', 'namespaces', '', ctx.namespace));
  if (stored === undefined) return undefined;
  const namespace = JSON.parse(stored.value.toString('utf8')) as JsonObject;
  return str(child(child(namespace, 'metadata'), 'labels'), LABEL) === 'true';
}

async function admitted(ctx: WriteContext, at: string): Promise<FieldError[]> {
  const allowed = await allowsAdmins(ctx);
  if (allowed === true) return [];
  if (allowed === undefined) {
    const missing = `namespaces ${JSON.stringify(ctx.namespace)} not found`;
    return [internalField(at, `could not retrieve namespace to verify admin access: ${missing}`)];
  }
  const why = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`;
  return [forbiddenField(at, why)];
}

function placeOf(list: readonly JsonObject[], of: (item: JsonObject) => JsonObject | undefined): number {
  return list.findIndex((item) => of(item)?.['adminAccess'] === true);
}

/**
 * Field errors of a claim's spec that asks for access as an administrator, which only some namespaces may
 * (k8s.io/kubernetes pkg/registry/resource, AuthorizedForAdmin). The first request that asks is named.
 */
export function checkAdminRequests(
  spec: JsonObject | undefined,
  ctx: WriteContext,
): FieldError[] | Promise<FieldError[]> {
  const i = placeOf(children(child(spec, 'devices'), 'requests'), (request) => child(request, 'exactly'));
  return i < 0 ? [] : admitted(ctx, `spec.devices.requests[${i}].adminAccess`);
}

const resultsOf = (claim: JsonObject): JsonObject[] =>
  children(child(child(child(claim, 'status'), 'allocation'), 'devices'), 'results');

/** The same of an allocation that grants it, unless it did already (AuthorizedForAdminStatus). */
export function checkAdminResults(
  claim: JsonObject,
  old: JsonObject,
  ctx: WriteContext,
): FieldError[] | Promise<FieldError[]> {
  const i = placeOf(resultsOf(claim), (result) => result);
  if (i < 0 || placeOf(resultsOf(old), (result) => result) >= 0) return [];
  return admitted(ctx, `status.allocation.devices.results[${i}].adminAccess`);
}
