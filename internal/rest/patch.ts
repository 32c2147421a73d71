import { nextTurn } from '../machinery/breathe.js';
import { invalid, invalidValue } from '../machinery/field.js';
import { conflict, notFound, StatusError } from '../machinery/status.js';
import type { JsonObject } from '../machinery/json.js';
import {
  applyPatch,
  applyPatchInTurns,
  type ApplyPatchOptions,
  requireFieldManager,
  unfitObject,
} from '../schema/apply/index.js';
import { decodeValue, type FieldValidation, jsonText, strictText } from '../schema/codec/index.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import { retryConflicts } from './conflicts.js';
import type { RestDeps } from './deps.js';
import { handleScalePatch } from './scale.js';
import { negotiate } from './negotiation.js';
import { notServed } from './not-served.js';
import type { ApiRequest, Reply } from './types.js';
import { answerStored } from './write/answer.js';
import { patchObject, readPatch } from './write/apply-patch-body.js';
import { readApplyPatch, tellDuplicates } from './write/apply-body.js';
import { checkName, matchNamespace, toServed, toStored } from './write/decode.js';
import { type PatchOptions, patchOptions } from './write/options.js';
import { dedupeOwners } from './write/owners.js';
import { patchTypeOf, type PatchType } from './write/patch-types.js';
import { subresourceStrategy } from './write/prepare.js';
import {
  between,
  type Kind,
  kindOf,
  metaOf,
  metaText,
  resourceOf,
  startWriting,
  type Writing,
} from './write/target.js';
import { unstructuredText } from './write/unstructured-text.js';
import { convertHook, managerOf, ownership, track } from './write/track.js';
import { type Change, updateObject } from './write/update-object.js';

/** Answers PATCH of an object or of one of its update subresources: JSON, merge, strategic merge and server-side apply. */
export async function handlePatch(deps: RestDeps, request: ApiRequest): Promise<Reply> {
  const def = resourceOf(deps, request);
  const { subresource } = request.info;
  const patchType = patchTypeOf(request, !isCustom(def));
  request.audit?.requestPatch(request.body);
  if (subresource === 'scale') return handleScalePatch(deps, request, def, patchType);
  negotiate(request, def);
  const kind = kindOf(deps, def);
  if (subresource !== '' && subresourceStrategy(kind, subresource) === undefined) throw notServed(def, subresource);
  const options = patchOptions(request, patchType === 'apply');
  const ctx = startWriting(deps, request, def, options.dryRun);
  const change =
    patchType === 'apply'
      ? await applyChange(deps, request, kind, ctx, options)
      : patchChange(deps, request, kind, ctx, options, patchType);
  const updated = await retryConflicts(true, () => updateObject(deps, kind, ctx, change));
  return answerStored(deps, request, kind, updated.value, updated.created ? 201 : 200, ctx.warnings);
}

function checkPatched(def: ResourceDef, ctx: Writing, obj: JsonObject, old: JsonObject | undefined): void {
  const meta = metaOf(obj);
  const uid = metaText(meta, 'uid');
  if (old === undefined && uid !== '') {
    throw conflict(
      def,
      ctx.name,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  matchNamespace(meta, ctx.namespace);
  checkName(obj, ctx.name, ctx.namespace);
  dedupeOwners(meta, ctx.warnings, false);
}

function patchChange(
  deps: RestDeps,
  request: ApiRequest,
  kind: Kind,
  ctx: Writing,
  options: PatchOptions,
  patchType: PatchType,
): Change {
  const patch = readPatch(request.body, patchType, options.fieldValidation);
  const manager = managerOf(request, options.fieldManager);
  const target = { type: kind.def.type, gvk: kind.gvk };
  return {
    uid: '',
    createAlways: false,
    async next(old) {
      if (old === undefined) throw notFound(kind.def, ctx.name);
      const served = toServed(kind, old);
      const told = ctx.warnings.length;
      if (ctx.isLarge) await between(ctx);
      const patched = await patchObject(served, patch, patchType, target, options.fieldValidation, ctx.warnings);
      if (ctx.isLarge) await between(ctx);
      if (kind.strategy.coerce !== undefined) {
        coercePatched(kind, patched, options.fieldValidation, ctx.warnings, told);
      }
      const obj = toStored(kind, patched);
      if (ctx.isLarge) await between(ctx);
      const tracking = track(deps, kind, ctx, manager, obj, old);
      if (tracking !== undefined) await tracking;
      checkPatched(kind.def, ctx, obj, old);
      return obj;
    },
  };
}

/**
 * What a patch made of a custom resource, brought to its schema. With `Strict`, everything that is unknown there or
 * twice in the patch (`warnings` from `told` on) is the patch's fault. Throws 422.
 */
function coercePatched(
  kind: Kind,
  patched: JsonObject,
  validation: FieldValidation,
  warnings: string[],
  told: number,
): void {
  if (validation !== 'Strict') {
    kind.strategy.coerce?.(patched, validation, warnings);
    return;
  }
  const shown = jsonText(patched);
  kind.strategy.coerce?.(patched, 'Warn', warnings);
  const all = warnings.splice(told);
  if (all.length === 0) return;
  throw invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, strictText(all))]);
}

function decodeApplied(kind: Kind, obj: JsonObject, patch: JsonObject): JsonObject {
  try {
    return decodeValue(obj, kind.def.type, 'Ignore', kind.gvk).object;
  } catch (e) {
    if (e instanceof StatusError && e.code === 400) throw unfitObject(patch, unstructuredText(e));
    throw e;
  }
}

async function applyChange(
  deps: RestDeps,
  request: ApiRequest,
  kind: Kind,
  ctx: Writing,
  options: PatchOptions,
): Promise<Change> {
  requireFieldManager(options.fieldManager);
  const { object: patch, duplicates } = await readApplyPatch(request);
  // To read it was a piece of work by itself.
  if (ctx.isLarge) await between(ctx);
  return {
    uid: '',
    createAlways: true,
    async next(old) {
      const apply: ApplyPatchOptions = {
        typeName: kind.def.type,
        apiVersion: kind.apiVersion,
        live: old === undefined ? undefined : toServed(kind, old),
        patch,
        manager: options.fieldManager,
        force: options.force,
        subresource: ctx.subresource,
        now: ctx.now,
        convert: convertHook(deps, kind),
        ...ownership(kind, ctx.subresource),
        ...(isCustom(kind.def) ? { kind: kind.def.kind } : {}),
        defaulter: (obj) => {
          if (isCustom(kind.def)) return toStored(kind, obj);
          return toServed(kind, toStored(kind, decodeApplied(kind, obj, patch)));
        },
      };
      const merged = ctx.isLarge ? await applyPatchInTurns(apply, nextTurn) : applyPatch(apply);
      if (ctx.isLarge) await between(ctx);
      // Only now, as in kube-apiserver: an error of the apply itself comes first.
      tellDuplicates(duplicates, options.fieldValidation, ctx.warnings);
      const obj = kind.sameVersion ? merged : toStored(kind, merged);
      checkPatched(kind.def, ctx, obj, old);
      return obj;
    },
  };
}
