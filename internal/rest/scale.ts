import { append } from '../machinery/append.js';
import { cloneJson } from '../machinery/equal.js';
import { invalid, invalidValue } from '../machinery/field.js';
import { type JsonObject, isObject } from '../machinery/json.js';
import { conflict, notFound } from '../machinery/status.js';
import { objectMetaErrors } from '../registry/generic/object-meta.js';
import {
  applyPatch,
  parentManagedFields,
  requireFieldManager,
  scaleManagedFields,
  trackUpdate,
} from '../schema/apply/index.js';
import { decodeBody, parseJson } from '../schema/codec/index.js';
import type { ResourceDef } from '../schema/types.js';
import { objectKey } from '../store/keys.js';
import type { RestDeps } from './deps.js';
import { retryConflicts } from './conflicts.js';
import { untilReadable } from './get.js';
import { negotiate } from './negotiation.js';
import { respondObject } from './respond.js';
import type { ApiRequest, Reply } from './types.js';
import { readApplyPatch, tellDuplicates } from './write/apply-body.js';
import { patchObject, readPatch } from './write/apply-patch-body.js';
import { checkName, matchNamespace } from './write/decode.js';
import { patchOptions, writeOptions } from './write/options.js';
import type { PatchType } from './write/patch-types.js';
import {
  replicasPaths,
  SCALE_DEF,
  SCALE_GVK,
  SCALE_TYPE,
  scaleOf,
  scalePaths,
  setAt,
  SPEC_REPLICAS,
} from './write/scale-object.js';
import { loadStored } from './write/stored.js';
import { type Kind, kindOf, metaOf, metaText, startWriting, type Writing } from './write/target.js';
import { managerOf } from './write/track.js';
import { type Projection, updateObject } from './write/update-object.js';

const SCALE_VERSION = 'autoscaling/v1';

/** Answers GET of `/scale`, as fresh as a GET of the object. */
export async function handleScaleGet(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<Reply> {
  await untilReadable(deps.backend, request, SCALE_DEF);
  const { group, resource } = def.storage;
  const found = deps.backend.get(objectKey(group, resource, request.info.namespace, request.info.name));
  if (found === undefined) {
    // What the client takes is asked first.
    negotiate(request, SCALE_DEF);
    throw notFound(def, request.info.name);
  }
  const obj = await loadStored(kindOf(deps, def), found);
  return respondObject(deps, request, SCALE_DEF, scaleOf(obj, scalePaths(deps, def)), 200);
}

/** Answers PUT of `/scale`. */
export async function handleScaleUpdate(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<Reply> {
  const kind = kindOf(deps, def);
  const options = writeOptions(request, 'UpdateOptions');
  const ctx = startWriting(deps, request, def, options.dryRun);
  const decoded = decodeBody(
    request.body,
    request.header('content-type'),
    SCALE_TYPE,
    SCALE_GVK,
    options.fieldValidation,
  );
  append(ctx.warnings, decoded.warnings);
  const sent = decoded.object;
  request.audit?.requestObject(sent);
  matchNamespace(metaOf(sent), ctx.namespace);
  checkName(sent, ctx.name, ctx.namespace);
  const manager = managerOf(request, options.fieldManager);
  return answer(deps, request, kind, ctx, (old) => tracked(ctx, manager, cloneJson(sent), old));
}

/** Answers PATCH of `/scale`, whatever the kind of patch. */
export async function handleScalePatch(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  patchType: PatchType,
): Promise<Reply> {
  const kind = kindOf(deps, def);
  const options = patchOptions(request, patchType === 'apply');
  const ctx = startWriting(deps, request, def, options.dryRun);
  if (patchType === 'apply') {
    requireFieldManager(options.fieldManager);
    const { object: patch, duplicates } = await readApplyPatch(request);
    return answer(deps, request, kind, ctx, (live) => {
      const { fieldManager: manager, force } = options;
      const common = { typeName: SCALE_TYPE, apiVersion: SCALE_VERSION, subresource: 'scale', now: ctx.now };
      const merged = applyPatch({ ...common, live, patch, manager, force });
      tellDuplicates(duplicates, options.fieldValidation, ctx.warnings);
      return merged;
    });
  }
  const patch = readPatch(request.body, patchType, options.fieldValidation);
  const manager = managerOf(request, options.fieldManager);
  const target = { type: SCALE_TYPE, gvk: SCALE_GVK };
  return answer(deps, request, kind, ctx, async (old) => {
    const patched = await patchObject(old, patch, patchType, target, options.fieldValidation, ctx.warnings);
    checkName(patched, ctx.name, ctx.namespace);
    return tracked(ctx, manager, patched, old);
  });
}

function tracked(ctx: Writing, manager: string, obj: JsonObject, old: JsonObject): JsonObject {
  trackUpdate({
    typeName: SCALE_TYPE,
    apiVersion: SCALE_VERSION,
    old,
    obj,
    manager,
    subresource: 'scale',
    now: ctx.now,
  });
  return obj;
}

function checkScale(def: ResourceDef, scale: JsonObject, old: JsonObject): void {
  const meta = metaOf(scale);
  const errors = objectMetaErrors(meta, { namespaced: true, nameRule: 'dns1123Subdomain', anyFinalizer: true });
  const replicas = replicasOf(scale);
  if (replicas < 0) errors.push(invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'));
  const name = metaText(metaOf(old), 'name');
  if (errors.length > 0) throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, errors);
  const uid = metaText(meta, 'uid');
  const stored = metaText(metaOf(old), 'uid');
  if (uid !== '' && uid !== stored) {
    throw conflict(
      { group: def.group, resource: `${def.resource}/scale` },
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored}`,
    );
  }
}

function replicasOf(scale: JsonObject): number {
  const spec = scale['spec'];
  return isObject(spec) && typeof spec['replicas'] === 'number' ? spec['replicas'] : 0;
}

/** How a scaled object is shown as a Scale, and takes the replica count (and who owns it) from one. */
function projectionOf(kind: Kind): Projection {
  const { def } = kind;
  const custom = kind.strategy.scale;
  const paths = replicasPaths(def, custom);
  const specPath = custom?.spec ?? SPEC_REPLICAS;
  return {
    type: SCALE_TYPE,
    of(stored) {
      const scale = scaleOf(stored, custom, true);
      const owners = scaleManagedFields(metaOf(stored)['managedFields'], paths);
      if (owners !== undefined) metaOf(scale)['managedFields'] = owners;
      return scale;
    },
    into(old, scale) {
      checkScale(def, scale, old);
      const obj = cloneJson(old);
      const meta = metaOf(obj);
      setAt(obj, specPath, replicasOf(scale));
      // Without one the count is set whatever the object has become, also of kinds that want one in an update.
      const asked = metaText(metaOf(scale), 'resourceVersion');
      if (asked !== '') meta['resourceVersion'] = asked;
      const owners = metaOf(scale)['managedFields'];
      const entries = parentManagedFields(meta['managedFields'], owners, kind.apiVersion, paths);
      if (entries === undefined) delete meta['managedFields'];
      else meta['managedFields'] = entries;
      return obj;
    },
  };
}

/** Changes the Scale, writes it into the scaled object, and answers the new Scale. */
async function answer(
  deps: RestDeps,
  request: ApiRequest,
  kind: Kind,
  ctx: Writing,
  change: (old: JsonObject) => JsonObject | Promise<JsonObject>,
): Promise<Reply> {
  const { def } = kind;
  const updated = await retryConflicts(request.method === 'PATCH', () =>
    updateObject(deps, kind, ctx, {
      uid: '',
      createAlways: false,
      projection: projectionOf(kind),
      next(old) {
        if (old === undefined) throw notFound({ group: def.group, resource: `${def.resource}/scale` }, ctx.name);
        return change(old);
      },
    }),
  );
  const obj = parseJson(updated.value);
  const scale = scaleOf(isObject(obj) ? obj : {}, kind.strategy.scale);
  return respondObject(deps, request, SCALE_DEF, scale, 200, ctx.warnings);
}
