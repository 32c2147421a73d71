import { assert } from '../machinery/assert.js';
import { mapInTurns, nextTurn } from '../machinery/breathe.js';
import { cloneJson } from '../machinery/equal.js';
import type { JsonObject } from '../machinery/json.js';
import { decodeValue, encodeObjectJson } from '../schema/codec/index.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import type { Strategy, VersionConverter } from '../registry/types.js';
import type { RestDeps } from './deps.js';
import { writeNulls } from '../schema/nulls.js';
import type { LazyObject } from './lazy.js';

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

/** How stored objects of a resource become those of the version that is asked for. */
export interface Converter {
  /** The object's canonical JSON. */
  json(obj: LazyObject): Buffer;
  object(obj: LazyObject): JsonObject;
  /** The bytes with which every canonical object begins: kind and apiVersion. */
  readonly head: Buffer;
  /** Must have been waited for before objects are asked for; absent where nobody has to be asked. */
  readonly prepare?: (objects: readonly LazyObject[]) => Promise<void>;
  /** Makes a large object what is asked for, in several turns of the loop; absent where that is quick. */
  readonly madeInTurns?: (obj: LazyObject) => Promise<void>;
}

/** Objects that one call of a conversion webhook is about at most, and bytes of them as they are stored but for the last. */
const BATCH = 500;
const BATCH_BYTES = 256 * 1024;

/** As many of the objects from there on as one call is about. */
function batchOf(objects: readonly LazyObject[], from: number): readonly LazyObject[] {
  let bytes = 0;
  let to = from;
  while (to < objects.length && to - from < BATCH && bytes < BATCH_BYTES) bytes += objects[to++]?.value.length ?? 0;
  return objects.slice(from, to);
}

/** The converter of a custom resource: what is made of objects is kept with them. */
function customConverter(def: ResourceDef, strategy: Strategy): Converter {
  const apiVersion = apiVersionOf(def);
  const head = headOf(def, apiVersion);
  const { converter, outdated } = strategy;
  const isOutdated = (obj: LazyObject): boolean => outdated !== undefined && obj.modRevision <= outdated.until;
  const isStorage = def.version === def.storage.version;
  const made = (obj: LazyObject): JsonObject => {
    if (converter?.servedNow !== undefined) return converter.servedNow(obj.object);
    assert(converter?.hasForeign !== true, 'the object was converted before it is shown');
    const own = cloneJson(obj.object);
    if (isOutdated(obj)) outdated?.renew(own);
    own['apiVersion'] = apiVersion;
    return own;
  };
  const isShown = (obj: LazyObject): boolean => isStorage && !isOutdated(obj);
  const object = (obj: LazyObject): JsonObject => {
    if (isShown(obj)) return obj.object;
    let kept = obj.in(apiVersion);
    if (kept === undefined) obj.keep(apiVersion, (kept = made(obj)));
    return kept;
  };
  // The same shape under another name: only the head of the text is another.
  const storedHead = headOf(def, apiVersionOf(def.storage));
  const json = (obj: LazyObject): Buffer => {
    if (isShown(obj)) return obj.value;
    return converter === undefined && !isOutdated(obj) && beginsWith(obj.value, storedHead)
      ? Buffer.concat([head, obj.value.subarray(storedHead.length)])
      : encodeObjectJson(object(obj));
  };
  const asks = converter !== undefined && converter.servedNow === undefined && converter.hasForeign;
  const madeInTurns = async (obj: LazyObject): Promise<void> => {
    if (isShown(obj)) return;
    // Each of these takes long: it is read, made, and then written by who asked.
    await nextTurn();
    void obj.object;
    await nextTurn();
    object(obj);
    await nextTurn();
  };
  return {
    head,
    object,
    json,
    ...(asks ? { prepare: asking(converter, apiVersion, isShown) } : {}),
    ...(converter?.servedNow === undefined ? {} : { madeInTurns }),
  };
}

/** Asks a webhook for objects, some hundred at a time. */
function asking(
  converter: VersionConverter,
  apiVersion: string,
  isShown: (obj: LazyObject) => boolean,
): NonNullable<Converter['prepare']> {
  return async (objects) => {
    for (let from = 0; from < objects.length; ) {
      const next = batchOf(objects, from);
      from += next.length;
      const batch = next.filter((o) => !isShown(o) && o.in(apiVersion) === undefined);
      if (batch.length === 0) continue;
      const converted = await converter.served(await mapInTurns(batch, (o) => o.object));
      for (const [i, o] of batch.entries()) {
        const made = converted[i];
        if (made !== undefined) o.keep(apiVersion, made);
      }
    }
  };
}

/** Kind and apiVersion in the order in which they are written: the keys of custom resources are sorted. */
function headOf(def: ResourceDef, apiVersion: string): Buffer {
  const kind = `"kind":${JSON.stringify(def.kind)}`;
  const version = `"apiVersion":${JSON.stringify(apiVersion)}`;
  return Buffer.from(isCustom(def) ? `{${version},${kind},` : `{${kind},${version},`);
}

/** Whether `value` begins with `head`. */
export function beginsWith(value: Buffer, head: Buffer): boolean {
  return value.length > head.length && head.compare(value, 0, head.length) === 0;
}

/** The converter from the storage version to the one that `def` serves. */
export function converterFor(deps: RestDeps, def: ResourceDef): Converter {
  const apiVersion = apiVersionOf(def);
  const head = headOf(def, apiVersion);
  if (isCustom(def)) return customConverter(def, deps.strategyFor(def.group, def.resource, def.version));
  if (def.group === def.storage.group && def.version === def.storage.version) {
    return { head, json: (obj) => obj.value, object: (obj) => obj.object };
  }
  const strategy = deps.strategyFor(def.group, def.resource, def.version);
  if (strategy.toVersion === undefined) {
    // The same shape under another name: only the head of the text is another.
    const storedHead = headOf(def, apiVersionOf(def.storage));
    const object = (obj: LazyObject): JsonObject => ({ ...obj.object, apiVersion });
    return {
      head,
      object,
      json: (obj) =>
        beginsWith(obj.value, storedHead)
          ? Buffer.concat([head, obj.value.subarray(storedHead.length)])
          : encodeObjectJson(object(obj)),
    };
  }
  const object = (obj: LazyObject): JsonObject => {
    const stored = structuredClone(obj.object);
    const converted = strategy.toVersion?.(stored, def.version) ?? stored;
    converted['apiVersion'] = apiVersion;
    // Through the type's decoder: that puts the fields into their order.
    return decodeValue(converted, def.type, 'Ignore').object;
  };
  const json = (obj: LazyObject): Buffer => {
    const shown = object(obj);
    writeNulls(def.type, shown);
    return encodeObjectJson(shown);
  };
  return { head, object, json };
}
