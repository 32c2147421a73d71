import { append } from '../../machinery/append.js';
import { randomUUID } from 'node:crypto';
import { type FieldError, invalid } from '../../machinery/field.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { changesIntent } from '../../registry/generic/generation.js';
import { metaChecks } from '../../registry/generic/meta-checks.js';
import { objectMetaErrors, objectMetaUpdateErrors } from '../../registry/generic/object-meta.js';
import type { FieldErrors, SubresourceStrategy } from '../../registry/types.js';
import { isCustom } from '../../schema/types.js';
import { matchNamespace } from './decode.js';
import { between, type Kind, metaOf, metaText, type Writing } from './target.js';

/** Identity and birth of a new object (rest.FillObjectMetaSystemFields). */
export function fillSystemFields(meta: JsonObject, ctx: Writing): void {
  meta['creationTimestamp'] = ctx.now;
  meta['uid'] = randomUUID();
}

/** Brings a new object into the form in which it is stored (the first part of rest.BeforeCreate). */
export function prepareCreate(kind: Kind, ctx: Writing, obj: JsonObject): void {
  const { strategy } = kind;
  const meta = metaOf(obj);
  if (kind.generation !== undefined && kind.generation.first !== 0) meta['generation'] = 1;
  if (kind.hasStatus && strategy.keepStatusOnCreate !== true) delete obj['status'];
  strategy.prepareForCreate?.(ctx, obj);
  if (kind.emptyStatus !== undefined) {
    const status = obj['status'];
    if (!isObject(status)) obj['status'] = kind.emptyStatus();
  }
}

/** Throws 422 with everything that is wrong; else the kind's warnings are told, and the object is defaulted once more. */
function checked(kind: Kind, ctx: Writing, obj: JsonObject, errors: FieldError[], old: JsonObject | undefined): void {
  const { strategy } = kind;
  if (errors.length > 0) throw invalid(kind.gk, metaText(metaOf(obj), 'name'), errors);
  const sub = old === undefined ? undefined : subresourceStrategy(kind, ctx.subresource);
  if (sub === undefined && strategy.warnings !== undefined) append(ctx.warnings, strategy.warnings(obj, old));
  if (ctx.subresource === 'status' && strategy.statusWarnings !== undefined) {
    append(ctx.warnings, strategy.statusWarnings(obj));
  }
  // What is read from kube-apiserver's store is defaulted once more; a kind may have given itself more to default.
  strategy.defaults?.(obj);
}

/** Checks a new object (the second part of rest.BeforeCreate). Throws 422 with everything that is wrong. */
export function checkCreate(kind: Kind, ctx: Writing, obj: JsonObject): void | Promise<void> {
  const { strategy } = kind;
  const first = strategy.validateFirst?.(obj, ctx) ?? [];
  const own = strategy.validate?.(obj, ctx) ?? [];
  const meta = objectMetaErrors(metaOf(obj), kind.metaRules);
  const all = (before: FieldError[], after: FieldError[]): FieldError[] =>
    strategy.metadataLast === true && after.length > 0 ? after : [...before, ...meta, ...after];
  if (first instanceof Promise || own instanceof Promise) {
    return Promise.all([first, own]).then(([before, after]) => checked(kind, ctx, obj, all(before, after), undefined));
  }
  const errors = all(first, own);
  const resting = between(ctx);
  if (resting === undefined) return checked(kind, ctx, obj, errors, undefined);
  return resting.then(() => {
    checked(kind, ctx, obj, errors, undefined);
  });
}

/** What metav1.ResetObjectMetaForStatus puts back. */
const STATUS_KEEPS = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp', 'selfLink'];

/** Puts back everything that `/status` may not change. */
function prepareStatus(kind: Kind, ctx: Writing, obj: JsonObject, old: JsonObject): void {
  for (const field of new Set([...Object.keys(old), ...Object.keys(obj)])) {
    if (field === 'metadata' || field === 'status' || field === 'kind' || field === 'apiVersion') continue;
    if (old[field] === undefined) delete obj[field];
    else obj[field] = old[field];
  }
  const keeps = kind.strategy.statusKeepsMetadata;
  const kept = keeps === true ? STATUS_KEEPS : keeps === false ? undefined : keeps;
  if (kept !== undefined) {
    const meta = metaOf(obj);
    const before = metaOf(old);
    for (const field of kept) {
      if (before[field] === undefined) delete meta[field];
      else meta[field] = before[field];
    }
  }
  kind.strategy.prepareForStatusUpdate?.(ctx, obj, old);
}

function prepareMain(kind: Kind, ctx: Writing, obj: JsonObject, old: JsonObject): void {
  if (kind.hasStatus) {
    if (old['status'] === undefined) delete obj['status'];
    else obj['status'] = old['status'];
  }
  kind.strategy.prepareForUpdate?.(ctx, obj, old);
}

function keepMeta(meta: JsonObject, old: JsonObject): void {
  if (metaText(meta, 'uid') === '' && old['uid'] !== undefined) meta['uid'] = old['uid'];
  if (old['creationTimestamp'] !== undefined) meta['creationTimestamp'] = old['creationTimestamp'];
  if (old['deletionTimestamp'] !== undefined) meta['deletionTimestamp'] = old['deletionTimestamp'];
  if (meta['deletionGracePeriodSeconds'] === undefined && old['deletionGracePeriodSeconds'] !== undefined) {
    meta['deletionGracePeriodSeconds'] = old['deletionGracePeriodSeconds'];
  }
  if (meta['selfLink'] !== undefined) delete meta['selfLink'];
}

/** How an update of this path treats the object: undefined for the main resource. */
export function subresourceStrategy(kind: Kind, subresource: string): SubresourceStrategy | 'status' | undefined {
  if (subresource === '') return undefined;
  const own = kind.strategy.subresources?.[subresource];
  if (own !== undefined) return own;
  return subresource === 'status' ? 'status' : undefined;
}

/** Brings a changed object into the form in which it is stored (the first part of rest.BeforeUpdate); `old` is not changed. */
export function prepareUpdate(kind: Kind, ctx: Writing, obj: JsonObject, old: JsonObject): void {
  const oldMeta = metaOf(old);
  matchNamespace(metaOf(obj), ctx.namespace);
  const sub = subresourceStrategy(kind, ctx.subresource);
  if (sub === undefined) prepareMain(kind, ctx, obj, old);
  else if (sub === 'status') prepareStatus(kind, ctx, obj, old);
  else sub.prepare(ctx, obj, old);
  // Only now: a subresource may have put other metadata into the object.
  const meta = metaOf(obj);
  if (oldMeta['generation'] === undefined) delete meta['generation'];
  else meta['generation'] = oldMeta['generation'];
  const counts = sub === undefined || (sub !== 'status' && sub.generation === true);
  if (counts && kind.generation !== undefined && changesIntent(kind.generation, obj, old, kind.storedType)) {
    meta['generation'] = Number(oldMeta['generation'] ?? 0) + 1;
  }
  keepMeta(meta, oldMeta);
}

/** Checks a changed object (the second part of rest.BeforeUpdate). Throws 422 with everything that is wrong. */
export function checkUpdate(kind: Kind, ctx: Writing, obj: JsonObject, old: JsonObject): void | Promise<void> {
  const { strategy } = kind;
  const sub = subresourceStrategy(kind, ctx.subresource);
  const errors = objectMetaUpdateErrors(metaOf(obj), metaOf(old), kind.metaRules, () => {
    const { storage } = kind.def;
    return metaChecks(storage.group, storage.resource, ctx.subresource, isCustom(kind.def));
  });
  let own: FieldErrors | undefined;
  if (sub === undefined) own = strategy.validateUpdate?.(obj, old, ctx);
  else if (sub === 'status') own = strategy.validateStatusUpdate?.(obj, old, ctx);
  else own = sub.validate?.(obj, old, ctx);
  if (own instanceof Promise) return own.then((more) => checked(kind, ctx, obj, [...errors, ...more], old));
  if (own !== undefined) append(errors, own);
  const resting = between(ctx);
  if (resting === undefined) return checked(kind, ctx, obj, errors, old);
  return resting.then(() => {
    checked(kind, ctx, obj, errors, old);
  });
}
