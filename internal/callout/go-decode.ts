import { LARGE_BYTES, nextTurn } from '../machinery/breathe.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { requestEntityTooLarge, StatusError } from '../machinery/status.js';
import { checkAnswerShape, parseJson, yamlToJson } from '../schema/codec/index.js';

/* What a webhook answers, decoded as Go decodes it: with the words of encoding/json where a type is wrong. */

/** The type of a field: a Go type that is a text, a number or a bool; or what holds others. */
export type GoType =
  | string
  | { readonly struct: GoStruct; readonly type: string }
  | { readonly list: GoStruct | string; readonly type: string }
  | { readonly map: string; readonly type: string }
  /** Anything at all. */
  | { readonly raw: true };

export interface GoStruct {
  readonly name: string;
  readonly type?: string;
  readonly fields: Readonly<Record<string, GoType>>;
}

/** What is expected: a kind of a group, in one of the versions that the scheme knows. */
export interface Expected {
  readonly group: string;
  readonly kind: string;
  /** The version that was sent, and that the answer must have. */
  readonly version: string;
  readonly known: readonly string[];
  readonly struct: (version: string) => GoStruct;
}

/** The answer as it stands there, or why it cannot be decoded. */
export interface GoDecoded {
  readonly value: JsonObject | undefined;
  readonly problem: string;
  /** It was not decoded, for it has more values than can be looked at at once. */
  readonly isTooLarge?: true;
}

/** Where client-go made its scheme; it stands in the message. */
const SCHEME = 'pkg/util/webhook/client.go:71';
const HEAD = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

class Mismatch extends Error {}

const NUMBERS: Readonly<Record<string, number>> = { int32: 2 ** 31, int64: 2 ** 63 };

function nameOf(v: JsonValue): string {
  if (Array.isArray(v)) return 'array';
  if (typeof v === 'boolean') return 'bool';
  if (typeof v === 'bigint') return 'number';
  return typeof v;
}

function scalarFits(v: JsonValue, type: string): boolean {
  const bound = NUMBERS[type];
  if (bound !== undefined) {
    const fits = typeof v === 'bigint' || (typeof v === 'number' && Number.isInteger(v));
    return fits && Number(v) >= -bound && Number(v) < bound;
  }
  return type === 'bool' ? typeof v === 'boolean' : typeof v === 'string';
}

function mismatch(v: JsonValue, struct: string, path: string, type: string): Mismatch {
  const what = typeof v === 'number' && NUMBERS[type] !== undefined ? `number ${v}` : nameOf(v);
  const at = path === '' ? 'Go value' : `Go struct field ${struct}.${path}`;
  return new Mismatch(`json: cannot unmarshal ${what} into ${at} of type ${type}`);
}

function checkStruct(v: JsonObject, struct: GoStruct, path: string): void {
  for (const [field, type] of Object.entries(struct.fields)) {
    const value = v[field];
    if (value === undefined || value === null) continue;
    check(value, type, struct.name, path === '' ? field : `${path}.${field}`);
  }
}

function check(v: JsonValue, type: GoType, struct: string, path: string): void {
  if (typeof type === 'string') {
    if (!scalarFits(v, type)) throw mismatch(v, struct, path, type);
    return;
  }
  if ('raw' in type) return;
  if ('list' in type) {
    if (!Array.isArray(v)) throw mismatch(v, struct, path, type.type);
    for (const item of v) if (item !== null) checkItem(item, type.list, struct, path);
    return;
  }
  if (!isObject(v)) throw mismatch(v, struct, path, type.type);
  if ('struct' in type) {
    checkStruct(v, type.struct, path);
    return;
  }
  for (const item of Object.values(v)) if (item !== null && item !== undefined) check(item, type.map, struct, path);
}

function checkItem(v: JsonValue, of: GoStruct | string, struct: string, path: string): void {
  if (typeof of === 'string') {
    check(v, of, struct, path);
    return;
  }
  if (!isObject(v)) throw mismatch(v, struct, path, of.type ?? of.name);
  checkStruct(v, of, path);
}

/** Bytes of an answer in YAML, which takes long to read and which no webhook is known to write. */
const MAX_YAML_BYTES = 64 * 1024;

/** What begins with a brace is JSON, everything else YAML, as apimachinery's recognizer has it. Throws 413 for too much of it. */
async function parse(body: Buffer): Promise<JsonValue> {
  if (/^\s*\{/.test(body.subarray(0, 64).toString())) {
    const isLarge = body.length >= LARGE_BYTES;
    if (isLarge) await nextTurn();
    checkAnswerShape(body);
    if (isLarge) await nextTurn();
    const value = parseJson(body);
    if (isLarge) await nextTurn();
    return value;
  }
  if (body.length > MAX_YAML_BYTES) throw requestEntityTooLarge(`limit is ${MAX_YAML_BYTES} bytes of YAML`);
  return parseJson(yamlToJson(body).json);
}

function headProblem(v: JsonValue): string {
  const problem = (text: string): string => `couldn't get version/kind; json parse error: ${text}`;
  if (v === null) return '';
  if (!isObject(v)) return problem(`json: cannot unmarshal ${nameOf(v)} into Go value of type ${HEAD}`);
  for (const field of ['apiVersion', 'kind']) {
    const value = v[field];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      return problem(`json: cannot unmarshal ${nameOf(value)} into Go struct field .${field} of type string`);
    }
  }
  return '';
}

const textOf = (v: JsonValue | undefined): string => (typeof v === 'string' ? v : '');

/** Decodes an answer of a webhook, a large one in several turns of the loop. Unknown fields are left in it. */
export async function goDecode(body: Buffer, expected: Expected): Promise<GoDecoded> {
  const refused = (problem: string): GoDecoded => ({ value: undefined, problem });
  let parsed: JsonValue;
  try {
    parsed = await parse(body);
  } catch (error) {
    if (error instanceof StatusError && error.code === 413) return { ...refused(error.message), isTooLarge: true };
    return refused(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const head = headProblem(parsed);
  if (head !== '') return refused(head);
  const value = isObject(parsed) ? parsed : {};
  const kind = textOf(value['kind']) || expected.kind;
  const apiVersion = textOf(value['apiVersion']) || `${expected.group}/${expected.version}`;
  const version = apiVersion.startsWith(`${expected.group}/`) ? apiVersion.slice(expected.group.length + 1) : '';
  if (kind !== expected.kind || !expected.known.includes(version)) {
    return refused(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${SCHEME}"`,
    );
  }
  try {
    checkStruct(value, expected.struct(version), '');
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return refused(error.message);
  }
  if (version !== expected.version) {
    const names = [version, expected.version].map((v) => `(${v}.${expected.kind})`);
    return refused(`converting ${names[0]} to ${names[1]}: unknown conversion`);
  }
  return { value, problem: '' };
}
