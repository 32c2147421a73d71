import { isObject, type JsonObject } from '../../machinery/json.js';
import { canonicalJson } from './element.js';

/** Where `kubectl apply` keeps what it applied last. */
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Keys and values of all annotations together, in bytes. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

function annotationsOf(obj: JsonObject): JsonObject | undefined {
  const metadata = obj['metadata'];
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined;
  return isObject(annotations) ? annotations : undefined;
}

/** The last-applied annotation; '' when there is none. */
export function lastAppliedOf(obj: JsonObject): string {
  const value = annotationsOf(obj)?.[LAST_APPLIED];
  return typeof value === 'string' ? value : '';
}

/** What `kubectl apply` would write into the annotation for this configuration: its JSON without the annotation itself, and a line end. */
export function buildLastApplied(patch: JsonObject): string {
  const metadata = isObject(patch['metadata']) ? patch['metadata'] : {};
  const annotations = annotationsOf(patch);
  const clean: JsonObject = { ...metadata };
  if (annotations !== undefined) {
    const rest = { ...annotations };
    delete rest[LAST_APPLIED];
    clean['annotations'] = rest;
  }
  return `${canonicalJson(dropUndefined({ ...patch, metadata: clean }))}\n`;
}
function dropUndefined(obj: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(obj).filter(([, v]) => v !== undefined));
}

/** Replaces the annotation, or drops it when the annotations would become too large. */
export function setLastApplied(obj: JsonObject, value: string): void {
  const metadata = obj['metadata'];
  if (!isObject(metadata)) return;
  const annotations: JsonObject = { ...annotationsOf(obj), [LAST_APPLIED]: value };
  let bytes = 0;
  for (const [key, v] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + (typeof v === 'string' ? Buffer.byteLength(v) : 0);
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) delete annotations[LAST_APPLIED];
  metadata['annotations'] = annotations;
}
