import type { JsonObject, JsonValue } from '../../machinery/json.js';

/**
 * One step of a field path in its FieldsV1 spelling: `f:<field>`, `k:<json object of key fields>`, `v:<json scalar>`,
 * `i:<index>`. Equal steps have equal spellings: key fields are sorted and the JSON has no spaces.
 */
export type Element = string;

const HTML = /[<>&\u2028\u2029]/;
/** JSON of a string as Go writes it: `<`, `>`, `&` and the two line separators are escaped. */
function stringJson(s: string): string {
  const json = JSON.stringify(s);
  return HTML.test(json)
    ? json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
}

/** Canonical JSON of a value: object keys sorted, no spaces. */
export function canonicalJson(value: JsonValue | undefined): string {
  if (typeof value === 'string') return stringJson(value);
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const parts = Object.keys(value)
    .sort()
    .map((key) => `${stringJson(key)}:${canonicalJson(value[key])}`);
  return `{${parts.join(',')}}`;
}

/** Step into a field of a struct or map. */
export const fieldElement = (name: string): Element => `f:${name}`;
/** Step to the item of a set that has this value. */
export const valueElement = (value: JsonValue): Element => `v:${canonicalJson(value)}`;

/** The canonical spelling of a step that a client sent, or undefined when it is none. */
export function normalizeElement(text: string): Element | undefined {
  const kind = text.slice(0, 2);
  if (kind === 'f:') return text;
  const rest = text.slice(2);
  if (kind === 'i:') return /^-?\d+$/.test(rest) ? `i:${Number(rest)}` : undefined;
  if (kind !== 'k:' && kind !== 'v:') return undefined;
  try {
    const value = JSON.parse(rest) as JsonValue;
    if (kind === 'v:') return valueElement(value);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? `k:${canonicalJson(value)}`
      : undefined;
  } catch {
    return undefined;
  }
}

const RANK: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

/** The order of steps in FieldsV1: fields, keys, values, indexes; inside each by value (numbers as numbers). */
export function compareElements(a: Element, b: Element): number {
  if (a === b) return 0;
  const kind = a.charCodeAt(0);
  if (kind !== b.charCodeAt(0)) return (RANK[a.charAt(0)] ?? 9) - (RANK[b.charAt(0)] ?? 9);
  if (kind === 0x66) return a < b ? -1 : 1;
  return compareQuickly(a, b) ?? compareParsed(a, b);
}

/** Two spellings that first differ inside a plain string need no parsing; anything else is undefined. */
function compareQuickly(a: string, b: string): number | undefined {
  let inString = false;
  for (let i = 2; i < a.length && i < b.length; i++) {
    const ca = a.charCodeAt(i);
    const cb = b.charCodeAt(i);
    if (ca === 0x5c || cb === 0x5c) return undefined;
    if (ca !== cb) {
      if (!inString) return undefined;
      // The shorter string ends here with its quote and comes first.
      if (ca === 0x22) return -1;
      if (cb === 0x22) return 1;
      return ca - cb;
    }
    if (ca === 0x22) inString = !inString;
  }
  return undefined;
}

function compareParsed(a: Element, b: Element): number {
  const va = JSON.parse(a.slice(2)) as JsonValue;
  const vb = JSON.parse(b.slice(2)) as JsonValue;
  return a.startsWith('k:') ? compareKeys(va as JsonObject, vb as JsonObject) : compareValues(va, vb);
}

function compareKeys(a: JsonObject, b: JsonObject): number {
  const ka = Object.keys(a);
  const kb = Object.keys(b);
  for (let i = 0; i < ka.length && i < kb.length; i++) {
    const na = ka[i] ?? '';
    const nb = kb[i] ?? '';
    if (na !== nb) return na < nb ? -1 : 1;
    const c = compareValues(a[na] ?? null, b[nb] ?? null);
    if (c !== 0) return c;
  }
  return ka.length - kb.length;
}

/** Numbers before strings before booleans before lists before objects before null, as value.Compare of structured-merge-diff. */
const typeRank = (v: JsonValue): number => {
  if (typeof v === 'number' || typeof v === 'bigint') return 0;
  if (typeof v === 'string') return 1;
  if (typeof v === 'boolean') return 2;
  if (v === null) return 5;
  return Array.isArray(v) ? 3 : 4;
};

function compareValues(a: JsonValue, b: JsonValue): number {
  const rank = typeRank(a) - typeRank(b);
  if (rank !== 0) return rank;
  if (typeof a === 'object') {
    const ja = canonicalJson(a);
    const jb = canonicalJson(b);
    return ja === jb ? 0 : ja < jb ? -1 : 1;
  }
  return a === b ? 0 : a < (b as typeof a) ? -1 : 1;
}

/** The step as error texts show it: `.spec`, `[name="x"]`, `[="x"]`, `[0]`. */
export function elementText(element: Element): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const value = JSON.parse(rest) as JsonValue;
  if (element.startsWith('v:')) return `[=${valueText(value)}]`;
  const pairs = Object.entries(value as JsonObject).map(([name, v]) => `${name}=${valueText(v ?? null)}`);
  return `[${pairs.join(',')}]`;
}

/** A value as error texts show it; strings quoted. */
export function valueText(value: JsonValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${key}=${valueText(value[key] ?? null)}`);
  return `{${pairs.join(';')}}`;
}
