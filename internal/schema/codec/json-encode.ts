import { assert } from '../../machinery/assert.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';

/** Slow, exact encoding: for values that hold a BigInt, which JSON.stringify refuses. */
function stringify(v: JsonValue | undefined, indent: string, step: string): string {
  if (typeof v === 'bigint') return v.toString();
  if (typeof v !== 'object' || v === null) return JSON.stringify(v) ?? 'null';
  const inner = indent + step;
  const gap = step === '' ? '' : `\n${inner}`;
  const end = step === '' ? '' : `\n${indent}`;
  if (Array.isArray(v)) {
    if (v.length === 0) return '[]';
    return `[${v.map((item) => gap + stringify(item, inner, step)).join(',')}${end}]`;
  }
  const parts: string[] = [];
  for (const name of Object.keys(v)) {
    const child = v[name];
    if (child === undefined) continue;
    parts.push(`${gap}${JSON.stringify(name)}:${step === '' ? '' : ' '}${stringify(child, inner, step)}`);
  }
  return parts.length === 0 ? '{}' : `{${parts.join(',')}${end}}`;
}

/** JSON text of a value; int64 beyond 2^53 (BigInt) is written exactly. */
export function jsonText(v: JsonValue, pretty = false): string {
  try {
    return pretty ? JSON.stringify(v, undefined, 2) : JSON.stringify(v);
  } catch (e) {
    // BigInt is what JSON.stringify refuses; anything else (a cycle) is our own bug and fails below as well.
    if (!(e instanceof TypeError)) throw e;
    return stringify(v, '', pretty ? '  ' : '');
  }
}

/** JSON bytes of an object. `pretty` indents by two spaces, as kube-apiserver does. */
export function encodeJson(v: JsonValue, options: { readonly pretty?: boolean } = {}): Buffer {
  return Buffer.from(jsonText(v, options.pretty ?? false));
}

/** ObjectMeta's fields in Go's order. */
const BEFORE_REVISION = ['name', 'generateName', 'namespace', 'selfLink', 'uid'];
const AFTER_REVISION = [
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];
const META_FIELDS: ReadonlySet<string> = new Set([...BEFORE_REVISION, 'resourceVersion', ...AFTER_REVISION]);

function member(name: string, v: JsonValue | undefined): string {
  return v === undefined ? '' : `,${JSON.stringify(name)}:${jsonText(v)}`;
}

export interface StoredForm {
  readonly value: Buffer;
  /** Byte offset between the quotes of the empty resourceVersion. */
  readonly revisionAt: number;
}

/**
 * The canonical JSON that is stored and answered: kind, apiVersion and metadata first, metadata in Go's order, with an
 * empty resourceVersion whose place is `revisionAt` (see store Op). The object is not changed.
 */
export function encodeForStorage(object: JsonObject): StoredForm {
  const { kind, apiVersion, metadata } = object;
  assert(typeof kind === 'string' && typeof apiVersion === 'string', 'a stored object has a kind and an apiVersion');
  const meta: JsonObject = isObject(metadata) ? metadata : {};
  let before = '';
  for (const name of BEFORE_REVISION) before += member(name, meta[name]);
  let after = '';
  for (const name of AFTER_REVISION) after += member(name, meta[name]);
  for (const name of Object.keys(meta)) if (!META_FIELDS.has(name)) after += member(name, meta[name]);
  let rest = '';
  for (const name of Object.keys(object)) {
    if (name !== 'kind' && name !== 'apiVersion' && name !== 'metadata' && name !== 'status') {
      rest += member(name, object[name]);
    }
  }
  rest += member('status', object.status);
  const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":{${before === '' ? '' : `${before.slice(1)},`}"resourceVersion":"`;
  return { value: Buffer.from(`${head}"${after}}${rest}}`), revisionAt: Buffer.byteLength(head) };
}
