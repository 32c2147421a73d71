import { assert } from '../../machinery/assert.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { typeByName } from '../index.js';
import type { GroupVersionKind } from '../types.js';
import { type FieldValidation, cannotBeHandled, groupVersionText, strictText, unrecognized } from './errors.js';
import { checkShape } from './body-shape.js';
import { actualKind, expectedKind, kindFault, otherVersion } from './gvk.js';
import { jsonText } from './json-encode.js';
import { JsonSyntaxError, MAX_DEPTH, Members, type Node, parseExact } from './json-exact.js';
import { SLOW, countNames, messageWalk, seen } from './json-fast.js';
import { reportTyped, reportUntyped } from './json-report.js';
import { type Scan, scanJson } from './json-scan.js';

export interface Decoded {
  readonly object: JsonObject;
  /** With `Warn`: what was unknown or duplicate, for Warning headers. */
  readonly warnings: string[];
  /** The same as one strict error lists it, where that is worded differently (YAML's duplicate keys). */
  readonly strict?: readonly string[];
}

const scan: Scan = { names: 0, exotic: false, depth: 0 };

/** What encoding/json says of a body that is no object. */
function notAnObject(node: Node): string {
  const what = Array.isArray(node)
    ? 'array'
    : typeof node === 'string'
      ? 'string'
      : typeof node === 'boolean'
        ? 'bool'
        : 'number';
  return `json: cannot unmarshal ${what} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
}

const INTERPRET = "couldn't get version/kind; json parse error: ";

/** Parses for the slow path; what is no JSON object is a 400. */
function exactObject(body: Buffer, text: string, kind: string): Members {
  let node: Node;
  try {
    node = parseExact(text);
  } catch (e) {
    if (!(e instanceof JsonSyntaxError)) throw e;
    throw unrecognized(kind, INTERPRET + e.message, body);
  }
  if (node === null) return new Members();
  if (!(node instanceof Members)) throw unrecognized(kind, INTERPRET + notAnObject(node), body);
  return node;
}

/** `kind` or `apiVersion` of the exactly parsed body; the last one wins. */
function headField(members: Members, name: string, kind: string, body: Buffer): string {
  let found = '';
  for (let i = 0; i < members.names.length; i++) {
    if (members.names[i] !== name) continue;
    const value = members.values[i] ?? null;
    if (value === null) continue;
    if (typeof value !== 'string') {
      const what = Array.isArray(value)
        ? 'array'
        : value instanceof Members
          ? 'object'
          : typeof value === 'boolean'
            ? 'bool'
            : 'number';
      const why = `json: cannot unmarshal ${what} into Go struct field .${name} of type string`;
      throw unrecognized(kind, INTERPRET + why, body);
    }
    found = value;
  }
  return found;
}

function setKind(object: JsonObject, gvk: GroupVersionKind): JsonObject {
  const apiVersion = groupVersionText(gvk);
  if (object.kind === gvk.kind && object.apiVersion === apiVersion) return object;
  if ('kind' in object && 'apiVersion' in object) {
    object.kind = gvk.kind;
    object.apiVersion = apiVersion;
    return object;
  }
  return { ...object, kind: gvk.kind, apiVersion };
}

function decodeSlow(
  body: Buffer,
  text: string,
  typeName: string,
  expected: GroupVersionKind,
  fieldValidation: FieldValidation,
): Decoded {
  const members = exactObject(body, text, expected.kind);
  const type = typeByName(typeName);
  let actual = expected;
  if (type.typeMeta) {
    const apiVersion = headField(members, 'apiVersion', expected.kind, body);
    actual = actualKind(apiVersion, headField(members, 'kind', expected.kind, body), expected, body);
    const fault = kindFault(actual, expected, typeName);
    if (fault !== undefined) throw fault;
  }
  const { value, error, strict } = reportTyped(members, type);
  if (error !== undefined) throw cannotBeHandled(actual, expected.kind, error);
  if (fieldValidation === 'Strict' && strict.length > 0) {
    throw cannotBeHandled(actual, expected.kind, strictText(strict));
  }
  const object = messageWalk(typeName)(value ?? {});
  assert(isObject(object), 'a decoded message is an object');
  return {
    object: type.typeMeta ? setKind(object, actual) : object,
    warnings: fieldValidation === 'Warn' ? [...strict] : [],
  };
}

/**
 * The object that a body is, where JSON.parse reads it as Go would: undefined when the slow path has to look, which
 * also says what is wrong. `scan` counts the names that the text has, for finding duplicates.
 */
function parsePlain(body: Buffer, text: string): JsonObject | undefined {
  scanJson(body, scan);
  if (scan.exotic || scan.depth > MAX_DEPTH) return undefined;
  try {
    const parsed = JSON.parse(text) as JsonValue;
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined; // not JSON
  }
}

/**
 * Decodes a JSON body as the type with this definition name: unknown fields are dropped, wrong types and (with `Strict`)
 * unknown or duplicate fields are a 400 in kube-apiserver's words, values come out in canonical form. `expected` is the
 * kind that the endpoint takes (by default the type's own); a body that names none is taken for it.
 * Throws nothing but StatusError. Nesting is bounded by MAX_DEPTH.
 */
export function decodeJson(
  body: Buffer,
  typeName: string,
  fieldValidation: FieldValidation,
  expected: GroupVersionKind = expectedKind(typeName),
): Decoded {
  checkShape(body, true);
  const text = body.toString();
  const parsed = parsePlain(body, text);
  if (parsed !== undefined) {
    const { names } = scan;
    const { kind, apiVersion } = parsed;
    const plain =
      (kind === undefined || kind === expected.kind) &&
      (apiVersion === undefined || apiVersion === groupVersionText(expected));
    if (plain) {
      seen.names = 0;
      try {
        const object = messageWalk(typeName)(parsed);
        if (seen.names === names && isObject(object)) {
          return {
            object: kind === undefined || apiVersion === undefined ? named(object, typeName, expected) : object,
            warnings: [],
          };
        }
      } catch (e) {
        if (e !== SLOW) throw e;
      }
    }
  }
  return decodeSlow(body, text, typeName, expected, fieldValidation);
}

function named(object: JsonObject, typeName: string, gvk: GroupVersionKind): JsonObject {
  return typeByName(typeName).typeMeta ? setKind(object, gvk) : object;
}

/**
 * Like decodeJson, for an object that is parsed already (the outcome of a patch, a conversion): the object is used up,
 * its parts may be in the result. Throws nothing but StatusError.
 */
export function decodeValue(
  object: JsonObject,
  typeName: string,
  fieldValidation: FieldValidation,
  expected: GroupVersionKind = expectedKind(typeName),
): Decoded {
  const { kind, apiVersion } = object;
  if (kind === expected.kind && apiVersion === groupVersionText(expected)) {
    try {
      const walked = messageWalk(typeName)(object);
      if (isObject(walked)) return { object: walked, warnings: [] };
    } catch (e) {
      if (e !== SLOW) throw e;
    }
  }
  const text = jsonText(object);
  return decodeSlow(Buffer.from(text), text, typeName, expected, fieldValidation);
}

/**
 * Decodes a JSON body of a custom resource: everything is kept, integers are exact (BigInt beyond 2^53), duplicates are
 * reported. Throws 400 where kind or apiVersion are missing; whether others are acceptable is for the caller to judge.
 * `original` is the body as the client sent it, for error texts.
 */
export function decodeUntyped(
  body: Buffer,
  fieldValidation: FieldValidation,
  expected: GroupVersionKind,
  original = body,
): Decoded {
  checkShape(body, false);
  const text = body.toString();
  const parsed = parsePlain(body, text);
  if (parsed !== undefined) {
    seen.names = 0;
    countNames(parsed);
    const { kind, apiVersion } = parsed;
    const both = typeof kind === 'string' && kind !== '' && typeof apiVersion === 'string' && apiVersion !== '';
    if (both && seen.names === scan.names) {
      actualKind(apiVersion, kind, expected, body);
      return { object: parsed, warnings: [] };
    }
  }
  const members = exactObject(body, text, expected.kind);
  const kind = headField(members, 'kind', expected.kind, body);
  if (kind === '') throw unrecognized(expected.kind, `Object 'Kind' is missing in '${original.toString()}'`, original);
  const apiVersion = headField(members, 'apiVersion', expected.kind, body);
  const actual = actualKind(apiVersion, kind, expected, body);
  if (apiVersion === '') throw otherVersion('', expected);
  const { value, error, strict } = reportUntyped(members);
  if (error !== undefined) throw cannotBeHandled(actual, expected.kind, error);
  if (fieldValidation === 'Strict' && strict.length > 0) {
    throw cannotBeHandled(actual, expected.kind, strictText(strict));
  }
  assert(isObject(value), 'a decoded custom resource is an object');
  return { object: setKind(value, actual), warnings: fieldValidation === 'Warn' ? [...strict] : [] };
}

/**
 * Parses any JSON exactly (patches, annotations): integers beyond 2^53 are BigInt. Throws JsonSyntaxError with
 * encoding/json's text, for the caller to put into its own.
 */
export function parseJson(body: Buffer | string): JsonValue {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const text = bytes.toString();
  return parseText(text, isPlain(bytes));
}

/** The same for a large text: others get their turn by `rest` between looking at it and parsing it. */
export async function parseJsonInTurns(text: string, rest: () => Promise<void>): Promise<JsonValue> {
  const plain = isPlain(Buffer.from(text));
  await rest();
  return parseText(text, plain);
}

/** Whether JSON.parse reads it exactly, and as deeply as Go would. */
function isPlain(bytes: Buffer): boolean {
  scanJson(bytes, scan);
  return !scan.exotic && scan.depth <= MAX_DEPTH;
}

function parseText(text: string, plain: boolean): JsonValue {
  if (plain) {
    try {
      return JSON.parse(text) as JsonValue;
    } catch {
      // Parsed again below, to say what is wrong in Go's words.
    }
  }
  const { value, error } = reportUntyped(parseExact(text));
  if (error !== undefined) throw new JsonSyntaxError(error);
  return value ?? null;
}

/**
 * Parses a patch as `parseJson` does, and answers what Go's strict decoder has field errors of as well: members that occur
 * twice. Throws JsonSyntaxError.
 */
export function parsePatch(body: Buffer): { readonly value: JsonValue; readonly strict: readonly string[] } {
  checkShape(body, false);
  scanJson(body, scan);
  const { names } = scan;
  if (!scan.exotic && scan.depth <= MAX_DEPTH) {
    const value = parseJson(body);
    seen.names = 0;
    countNames(value);
    if (seen.names === names) return { value, strict: [] };
  }
  const { value, error, strict } = reportUntyped(parseExact(body.toString()));
  if (error !== undefined) throw new JsonSyntaxError(error);
  return { value: value ?? null, strict };
}

export { JsonSyntaxError } from './json-exact.js';
