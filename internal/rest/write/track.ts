import { isCustom } from '../../schema/types.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { nextTurn } from '../../machinery/breathe.js';
import { StatusError } from '../../machinery/status.js';
import {
  type ConvertHook,
  managerName,
  trackUpdate,
  trackUpdateInTurns,
  type TrackUpdateOptions,
  type WriterOptions,
} from '../../schema/apply/index.js';
import { parseGroupVersion } from '../../schema/index.js';
import type { ApiRequest } from '../types.js';
import { toServed } from './decode.js';
import { type Kind, kindOf, metaOf, metaText, resourceFor, type Writing } from './target.js';
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
 * Where versions are converted, those of other managers are asked for first. When that fails, or one does not know a
 * field that comes of it, nobody owns anything any more (managedfields' UpdateNoErrors).
 */
async function trackConverted(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  manager: string,
  obj: JsonObject,
  old: JsonObject,
): Promise<void> {
  const entries = metaOf(old)['managedFields'];
  const versions = new Set(
    Array.isArray(entries) ? entries.map((e) => (isObject(e) ? metaText(e, 'apiVersion') : '')) : [],
  );
  const converted = new Map<string, { readonly kind: Kind; readonly before: JsonObject; readonly after: JsonObject }>();
  for (const apiVersion of versions) {
    if (apiVersion === kind.apiVersion || apiVersion === '') continue;
    const gv = parseGroupVersion(apiVersion);
    const other = resourceFor(deps, gv.group, gv.version, kind.def.resource);
    if (other === undefined) continue;
    const otherKind = kindOf(deps, other);
    let both: JsonObject[] | undefined;
    try {
      both = await otherKind.strategy.converter?.declared([old, obj]);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
    const [before, after] = both ?? [];
    if (before === undefined || after === undefined) {
      delete metaOf(obj)['managedFields'];
      return;
    }
    converted.set(apiVersion, { kind: otherKind, before, after });
  }
  const options: TrackUpdateOptions = {
    typeName: kind.def.type,
    apiVersion: kind.apiVersion,
    old,
    obj,
    manager,
    subresource: ctx.subresource,
    now: ctx.now,
    convert: (o, apiVersion) => {
      const there = converted.get(apiVersion);
      if (there === undefined) return undefined;
      return { typeName: '', plan: there.kind.strategy.fieldPlan, obj: o === old ? there.before : there.after };
    },
    ...ownership(kind, ctx.subresource),
  };
  if (ctx.isLarge) await trackUpdateInTurns(options, nextTurn);
  else trackUpdate(options);
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
): void | Promise<void> {
  if (isCustom(kind.def) && kind.strategy.fieldPlan === undefined) return;
  if (kind.strategy.converter !== undefined && old !== undefined) {
    return trackConverted(deps, kind, ctx, manager, obj, old);
  }
  const served = toServed(kind, obj);
  if (served !== obj && isObject(served['metadata'])) served['metadata'] = { ...served['metadata'] };
  const options: TrackUpdateOptions = {
    typeName: kind.def.type,
    apiVersion: kind.apiVersion,
    old: old === undefined ? undefined : toServed(kind, old),
    obj: served,
    manager,
    subresource: ctx.subresource,
    now: ctx.now,
    convert: convertHook(deps, kind),
    ...ownership(kind, ctx.subresource),
  };
  const finish = (): void => {
    putBack(obj, served);
  };
  const tracking = ctx.isLarge ? trackUpdateInTurns(options, nextTurn) : trackUpdate(options);
  return tracking instanceof Promise ? tracking.then(finish) : finish();
}

/** The managedFields of what was tracked in the request's version, in the object itself. */
function putBack(obj: JsonObject, served: JsonObject): void {
  if (served === obj) return;
  const tracked = isObject(served['metadata']) ? served['metadata']['managedFields'] : undefined;
  const meta = metaOf(obj);
  if (tracked === undefined) delete meta['managedFields'];
  else meta['managedFields'] = tracked;
}
