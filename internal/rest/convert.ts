import type { JsonObject } from '../machinery/json.js';
import { decodeValue, encodeObjectJson } from '../schema/codec/index.js';
import type { ResourceDef } from '../schema/types.js';
import type { RestDeps } from './deps.js';
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
}

/** Kind and apiVersion in the order in which they are written: the keys of custom resources are sorted. */
function headOf(def: ResourceDef, apiVersion: string): Buffer {
  const kind = `"kind":${JSON.stringify(def.kind)}`;
  const version = `"apiVersion":${JSON.stringify(apiVersion)}`;
  return Buffer.from(def.type === '' ? `{${version},${kind},` : `{${kind},${version},`);
}

/** Whether `value` begins with `head`. */
export function beginsWith(value: Buffer, head: Buffer): boolean {
  return value.length > head.length && head.compare(value, 0, head.length) === 0;
}

/** The converter from the storage version to the one that `def` serves. */
export function converterFor(deps: RestDeps, def: ResourceDef): Converter {
  const apiVersion = apiVersionOf(def);
  const head = headOf(def, apiVersion);
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
    // Through the type's decoder: that puts the fields into their order.
    return def.type === '' ? converted : decodeValue(converted, def.type, 'Ignore').object;
  };
  return { head, object, json: (obj) => encodeObjectJson(object(obj)) };
}
