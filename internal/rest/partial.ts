import { metadataOf } from './json-scan.js';
import type { LazyObject } from './lazy.js';

/** PartialObjectMetadata in JSON: the object's metadata bytes as they are stored, nothing else of it looked at. */
export function partialJson(obj: LazyObject, version: string): Buffer {
  const metadata = metadataOf(obj.value) ?? Buffer.from('{}');
  return Buffer.concat([
    Buffer.from(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`),
    metadata,
    Buffer.from('}'),
  ]);
}
