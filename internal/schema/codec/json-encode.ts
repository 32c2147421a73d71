import type { JsonValue } from '../../machinery/json.js';

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

const HTML = /[<>&\u2028\u2029]/g;
const HAS_HTML = /[<>&\u2028\u2029]/;

/** JSON text with the characters escaped that Go's encoding/json escapes so that JSON may stand in a web page. */
export function escapeHtml(json: string): string {
  if (!HAS_HTML.test(json)) return json;
  return json.replace(HTML, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON text of a value; int64 beyond 2^53 (BigInt) is written exactly. */
export function jsonText(v: JsonValue, pretty = false): string {
  try {
    return escapeHtml(pretty ? JSON.stringify(v, undefined, 2) : JSON.stringify(v));
  } catch (e) {
    // BigInt is what JSON.stringify refuses; anything else (a cycle) is our own bug and fails below as well.
    if (!(e instanceof TypeError)) throw e;
    return escapeHtml(stringify(v, '', pretty ? '  ' : ''));
  }
}

/** JSON bytes of an object. `pretty` indents by two spaces, as kube-apiserver does. */
export function encodeJson(v: JsonValue, options: { readonly pretty?: boolean } = {}): Buffer {
  return Buffer.from(jsonText(v, options.pretty ?? false));
}
