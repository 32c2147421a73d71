import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { encodeYaml } from '../codec/yaml-encode.js';
import { atOnce, type Entries, isStep, ready, type Steps } from './steps.js';
import type { SwaggerParts } from './v2.js';

/*
 * The v2 document as the protobuf message openapi.v2.Document (github.com/google/gnostic-models), which kubectl and
 * client-go ask for. Each function writes one message; the numbers are the fields of that message.
 */

function varint(n: number): number[] {
  const out: number[] = [];
  let rest = n;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80);
  out.push(rest);
  return out;
}

const LENGTH_DELIMITED = 2;

/** The key and length of a field whose bytes follow. */
const header = (field: number, length: number): Buffer =>
  Buffer.from([...varint(field * 8 + LENGTH_DELIMITED), ...varint(length)]);

function bytes(field: number, value: Buffer | string): Buffer {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([header(field, content.length), content]);
}
const message = (parts: readonly Buffer[]): Buffer => Buffer.concat(parts);
const flag = (field: number, value: JsonValue | undefined): Buffer[] =>
  value === true ? [Buffer.from([...varint(field * 8), 1])] : [];
const text = (field: number, value: JsonValue | undefined): Buffer[] =>
  typeof value === 'string' && value !== '' ? [bytes(field, value)] : [];
const texts = (field: number, value: JsonValue | undefined): Buffer[] =>
  Array.isArray(value) ? value.filter((v) => typeof v === 'string').map((v) => bytes(field, v)) : [];

/** A map entry: name 1, value 2. */
const named = (name: string, value: Buffer): Buffer => message([...text(1, name), bytes(2, value)]);
const entries = (value: JsonValue | undefined): [string, JsonObject][] =>
  isObject(value) ? Object.entries(value).flatMap(([k, v]) => (isObject(v) ? [[k, v]] : [])) : [];

/** Text that YAML writes as it is. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z]+$/;
/** Any: what has no message of its own is written as YAML text. */
const any = (value: JsonValue): Buffer =>
  bytes(2, typeof value === 'string' && PLAIN.test(value) ? `${value}\n` : encodeYaml(value));
const extensions = (field: number, value: JsonObject): Buffer[] =>
  Object.entries(value)
    .filter((e): e is [string, JsonValue] => e[0].startsWith('x-') && e[1] !== undefined)
    .map(([k, v]) => bytes(field, named(k, any(v))));

function* schema(s: JsonObject): Steps<Buffer> {
  if (isStep()) yield;
  const { items, additionalProperties, enum: values } = s;
  const properties: Buffer[] = [];
  for (const [k, v] of entries(s['properties'])) properties.push(bytes(1, named(k, yield* schema(v))));
  return message([
    ...text(1, s['$ref']),
    ...text(2, s['format']),
    ...text(3, s['title']),
    ...text(4, s['description']),
    ...texts(19, s['required']),
    ...(Array.isArray(values) ? values.map((v) => bytes(20, any(v))) : []),
    ...(isObject(additionalProperties) ? [bytes(21, bytes(1, yield* schema(additionalProperties)))] : []),
    ...(typeof s['type'] === 'string' ? [bytes(22, bytes(1, s['type']))] : []),
    ...(isObject(items) ? [bytes(23, bytes(1, yield* schema(items)))] : []),
    ...(isObject(s['properties']) ? [bytes(25, message(properties))] : []),
    ...extensions(31, s),
  ]);
}

function parameter(p: JsonObject): Buffer {
  if (p['in'] === 'body') {
    const of = isObject(p['schema']) ? [bytes(5, atOnce(schema(p['schema'])))] : [];
    return bytes(
      1,
      message([
        ...text(1, p['description']),
        ...text(2, p['name']),
        ...text(3, 'body'),
        ...flag(4, p['required']),
        ...of,
      ]),
    );
  }
  const path = p['in'] === 'path';
  const [type, unique, place] = path ? [5, 19, 4] : [6, 20, 3];
  const parts = [
    ...flag(1, p['required']),
    ...text(2, p['in']),
    ...text(3, p['description']),
    ...text(4, p['name']),
    ...text(type, p['type']),
    ...flag(unique, p['uniqueItems']),
  ];
  return bytes(2, bytes(place, message(parts)));
}

/** ParametersItem: a parameter, or a reference to a shared one. */
const parameterItem = (p: JsonObject): Buffer =>
  p['$ref'] === undefined ? bytes(1, parameter(p)) : bytes(2, message(text(1, p['$ref'])));
const parameters = (field: number, value: JsonValue | undefined): Buffer[] =>
  Array.isArray(value) ? value.filter(isObject).map((p) => bytes(field, parameterItem(p))) : [];

function response(r: JsonObject): Buffer {
  const of = isObject(r['schema']) ? [bytes(2, bytes(1, atOnce(schema(r['schema']))))] : [];
  return bytes(1, message([...text(1, r['description']), ...of]));
}

function operation(o: JsonObject): Buffer {
  return message([
    ...texts(1, o['tags']),
    ...text(3, o['description']),
    ...text(5, o['operationId']),
    ...texts(6, o['produces']),
    ...texts(7, o['consumes']),
    ...parameters(8, o['parameters']),
    bytes(9, message(entries(o['responses']).map(([code, r]) => bytes(1, named(code, response(r)))))),
    ...texts(10, o['schemes']),
    ...extensions(13, o),
  ]);
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];
function pathItem(item: JsonObject): Buffer {
  const operations = METHODS.flatMap((method, i) => {
    const o = item[method];
    return isObject(o) ? [bytes(2 + i, operation(o))] : [];
  });
  return message([...operations, ...parameters(9, item['parameters'])]);
}

function* mapped(of: Entries<JsonObject>, write: (v: JsonObject) => Steps<Buffer>): Entries<Buffer> {
  for (const entry of of) {
    if (entry === undefined) yield undefined;
    else yield [entry[0], then(entry[1], write)];
  }
}

function* then<T, U>(steps: Steps<T>, next: (value: T) => Steps<U>): Steps<U> {
  return yield* next(yield* steps);
}

const STEP = Buffer.alloc(0);

/** Entries of a message that is written whole, with the number of its field in Document before it. */
function* section(field: number, entryField: number, of: Entries<Buffer>): Iterable<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for (const entry of of) {
    yield STEP;
    if (entry === undefined) continue;
    const [name, steps] = entry;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) yield STEP;
    const part = bytes(entryField, named(name, step.value));
    parts.push(part);
    length += part.length;
  }
  yield header(field, length);
  yield* parts;
}

/** The v2 document as gnostic's protobuf, in pieces; some are empty. */
export function* swaggerProtobuf(parts: SwaggerParts): Iterable<Buffer> {
  const info = parts.head['info'] as JsonObject;
  yield* text(1, parts.head['swagger']);
  yield bytes(2, message([...text(1, info['title']), ...text(2, info['version'])]));
  yield* section(
    8,
    2,
    mapped(parts.paths(), (p) => ready(pathItem(p))),
  );
  yield* section(9, 1, mapped(parts.definitions(), schema));
  yield* section(
    10,
    1,
    mapped(parts.parameters(), (p) => ready(parameter(p))),
  );
  for (const requirement of parts.tail.security)
    yield bytes(12, message(Object.entries(requirement).map(([k, v]) => bytes(1, named(k, message(texts(1, v)))))));
  const apiKey = (s: JsonObject): Buffer =>
    bytes(
      2,
      message([...text(1, s['type']), ...text(2, s['name']), ...text(3, s['in']), ...text(4, s['description'])]),
    );
  const schemes = entries(parts.tail.securityDefinitions).map(([name, s]) => [name, ready(apiKey(s))] as const);
  yield* section(13, 1, schemes);
}
