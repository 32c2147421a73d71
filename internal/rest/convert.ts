import type { JsonObject } from '../machinery/json.js';
import { decodeValue, encodeJson } from '../schema/codec/index.js';
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
  /** The bytes with which every canonical object begins: kind and apiVersion, up to `"metadata"`. */
  readonly head: Buffer;
}

function headOf(kind: string, apiVersion: string): Buffer {
  return Buffer.from(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`);
}

/** Whether `value` begins with `head`. */
export function beginsWith(value: Buffer, head: Buffer): boolean {
  return value.length > head.length && head.compare(value, 0, head.length) === 0;
}

/** The converter from the storage version to the one that `def` serves. */
export function converterFor(deps: RestDeps, def: ResourceDef): Converter {
  const apiVersion = apiVersionOf(def);
  const head = headOf(def.kind, apiVersion);
  if (def.group === def.storage.group && def.version === def.storage.version) {
    return { head, json: (obj) => obj.value, object: (obj) => obj.object };
  }
  const strategy = deps.strategyFor(def.group, def.resource, def.version);
  if (strategy.toVersion === undefined) {
    // The same shape under another name: only the head of the text is another.
    const storedHead = headOf(def.kind, apiVersionOf(def.storage));
    const object = (obj: LazyObject): JsonObject => ({ ...obj.object, apiVersion });
    return {
      head,
      object,
      json: (obj) =>
        beginsWith(obj.value, storedHead)
          ? Buffer.concat([head, obj.value.subarray(storedHead.length)])
          : encodeJson(object(obj)),
    };
  }
  const object = (obj: LazyObject): JsonObject => {
    const stored = structuredClone(obj.object);
    const converted = strategy.toVersion?.(stored, def.version) ?? stored;
    // Through the type's decoder: that puts the fields into their order.
    return def.type === '' ? converted : decodeValue(converted, def.type, 'Ignore').object;
  };
  return { head, object, json: (obj) => encodeJson(object(obj)) };
}
