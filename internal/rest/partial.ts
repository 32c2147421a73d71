import { type JsonObject, isObject } from '../machinery/json.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import { metaText } from '../schema/codec/index.js';
import { metadataOf } from './json-scan.js';
import type { LazyObject } from './lazy.js';

/**
 * Annotations in which an old field travels: kube-apiserver takes them off before it makes tables and metadata-only
 * objects, because there they are a field (pkg/apis/apps/v1/conversion.go).
 */
const CARRIED: Readonly<Record<string, string>> = {
  'apps/daemonsets': 'deprecated.daemonset.template.generation',
};

/** Reads the metadata that PartialObjectMetadata shows of the objects of one resource. */
export type MetadataReader = (obj: LazyObject) => Buffer;

const EMPTY = Buffer.from('{}');

function plain(obj: LazyObject): Buffer {
  return metadataOf(obj.value) ?? EMPTY;
}

/** A custom resource's metadata has its keys sorted; in PartialObjectMetadata they have the order of ObjectMeta. */
function reordered(obj: LazyObject): Buffer {
  const meta = obj.object['metadata'];
  return isObject(meta) ? Buffer.from(metaText(meta)) : EMPTY;
}

/** The reader for `def`: the stored bytes, but for custom resources and those whose annotations carry a field. */
export function metadataReader(def: ResourceDef): MetadataReader {
  const carried = CARRIED[`${def.group}/${def.resource}`];
  if (carried === undefined) return isCustom(def) ? reordered : plain;
  return (obj) => {
    const bytes = plain(obj);
    if (!bytes.includes(`"${carried}":"`)) return bytes;
    const meta = JSON.parse(bytes.toString()) as JsonObject;
    const annotations = isObject(meta['annotations']) ? { ...meta['annotations'] } : {};
    delete annotations[carried];
    if (Object.keys(annotations).length === 0) delete meta['annotations'];
    else meta['annotations'] = annotations;
    return Buffer.from(metaText(meta));
  };
}

/** PartialObjectMetadata in JSON: the object's metadata, nothing else of it looked at. */
export function partialJson(obj: LazyObject, version: string, read: MetadataReader): Buffer {
  return Buffer.concat([
    Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`),
    read(obj),
    Buffer.from('}'),
  ]);
}
