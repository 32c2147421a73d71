import { type JsonObject, isObject } from '../../machinery/json.js';
import { type ConvertHook, managerName, trackUpdate, type WriterOptions } from '../../schema/apply/index.js';
import { parseGroupVersion } from '../../schema/index.js';
import type { ApiRequest } from '../types.js';
import { toServed } from './decode.js';
import { type Kind, kindOf, metaOf, resourceFor, type Writing } from './target.js';
import type { RestDeps } from '../deps.js';

/** Objects of a kind with several versions in any of them, for managers that wrote in another. */
export function convertHook(deps: RestDeps, kind: Kind): ConvertHook | undefined {
  if (kind.strategy.toVersion === undefined || kind.strategy.fromVersion === undefined) return undefined;
  return (obj, apiVersion) => {
    const gv = parseGroupVersion(apiVersion);
    const other = gv === undefined ? undefined : resourceFor(deps, gv.group, gv.version, kind.def.resource);
    if (other === undefined || other.storage.group !== kind.def.storage.group) return undefined;
    const otherKind = kindOf(deps, other);
    const stored = kind.sameVersion ? obj : (kind.strategy.fromVersion?.({ ...obj }, kind.def.version) ?? obj);
    return { typeName: other.type, plan: otherKind.strategy.fieldPlan, obj: toServed(otherKind, stored) };
  };
}

/** How fields of a custom resource are owned; built-in kinds have that in their type. */
export function ownership(kind: Kind, subresource: string): Pick<WriterOptions, 'plan' | 'filter'> {
  const { fieldPlan } = kind.strategy;
  const fieldFilter = kind.strategy.subresourceFilters?.[subresource] ?? kind.strategy.fieldFilter;
  return {
    ...(fieldPlan === undefined ? {} : { plan: fieldPlan }),
    ...(fieldFilter === undefined ? {} : { filter: fieldFilter }),
  };
}

/** The manager under which a write that is no apply is recorded. */
export function managerOf(request: ApiRequest, fieldManager: string): string {
  return managerName(fieldManager, request.header('user-agent'));
}

/**
 * Records in obj.metadata.managedFields what this write changed. Both objects are in the storage version;
 * `old` is undefined when the write creates. Custom resources are tracked by the plan of their schema.
 */
export function track(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  manager: string,
  obj: JsonObject,
  old: JsonObject | undefined,
): void {
  if (kind.def.type === '' && kind.strategy.fieldPlan === undefined) return;
  const served = toServed(kind, obj);
  if (served !== obj && isObject(served['metadata'])) served['metadata'] = { ...served['metadata'] };
  trackUpdate({
    typeName: kind.def.type,
    apiVersion: kind.apiVersion,
    old: old === undefined ? undefined : toServed(kind, old),
    obj: served,
    manager,
    subresource: ctx.subresource,
    now: ctx.now,
    convert: convertHook(deps, kind),
    ...ownership(kind, ctx.subresource),
  });
  if (served === obj) return;
  const tracked = isObject(served['metadata']) ? served['metadata']['managedFields'] : undefined;
  const meta = metaOf(obj);
  if (tracked === undefined) delete meta['managedFields'];
  else meta['managedFields'] = tracked;
}
