import { assert } from '../machinery/assert.js';
import type { JsonObject } from '../machinery/json.js';
import { decodeValue, encodeObjectJson } from '../schema/codec/index.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import type { VersionWebhook } from '../registry/types.js';
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
  /** Must have been waited for before objects are asked for; absent where nobody has to be asked. */
  readonly prepare?: (objects: readonly LazyObject[]) => Promise<void>;
}

/** Objects that one call of a conversion webhook is about at most. */
const BATCH = 500;

/** The converter that a webhook is behind: what it makes of objects is kept with them. */
function webhookConverter(webhook: VersionWebhook, apiVersion: string, head: Buffer): Converter {
  const object = (obj: LazyObject): JsonObject => {
    const kept = obj.in(apiVersion);
    assert(kept !== undefined, 'the object was converted before it is shown');
    return kept;
  };
  return {
    head,
    object,
    json: (obj) => encodeObjectJson(object(obj)),
    prepare: async (objects) => {
      for (let from = 0; from < objects.length; from += BATCH) {
        const batch = objects.slice(from, from + BATCH).filter((o) => o.in(apiVersion) === undefined);
        const converted = await webhook.served(batch.map((o) => o.object));
        for (const [i, o] of batch.entries()) {
          const made = converted[i];
          if (made !== undefined) o.keep(apiVersion, made);
        }
      }
    },
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
  if (def.group === def.storage.group && def.version === def.storage.version) {
    return { head, json: (obj) => obj.value, object: (obj) => obj.object };
  }
  const strategy = deps.strategyFor(def.group, def.resource, def.version);
  if (strategy.webhook !== undefined) return webhookConverter(strategy.webhook, apiVersion, head);
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
    return isCustom(def) ? converted : decodeValue(converted, def.type, 'Ignore').object;
  };
  return { head, object, json: (obj) => encodeObjectJson(object(obj)) };
}
