import { append } from '../../machinery/append.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { encodeYaml } from '../codec/yaml-encode.js';
import { type Entries, isStep, type Steps } from './steps.js';
import type { DocumentParts } from './v3.js';

/*
 * v3 documents as the protobuf message openapi.v3.Document (github.com/google/gnostic-models), which client-go can ask
 * for. The messages are a table: for each member of the JSON form the number and the form of its field.
 */

/** How a field is written: a scalar, a message, a list of them, or a map; `any` is YAML text inside a message. */
type Form =
  | 'text'
  | 'flag'
  | 'integer'
  | 'number'
  | 'texts'
  | 'any'
  | 'anys'
  | 'default'
  /** Schema of `additionalProperties`, or a boolean. */
  | 'schemaOrFlag'
  | { readonly one: string }
  | { readonly list: string }
  /** A message that repeats name and value as its field 1. */
  | { readonly map: string };

type Message = Readonly<Record<string, readonly [number, Form]>>;

const SCHEMA_OR_REF = 'SchemaOrReference';
const MESSAGES: Readonly<Record<string, Message>> = {
  Document: {
    openapi: [1, 'text'],
    info: [2, { one: 'Info' }],
    paths: [4, { map: 'PathItem' }],
    components: [5, { one: 'Components' }],
  },
  Info: { title: [1, 'text'], description: [2, 'text'], version: [6, 'text'] },
  PathItem: {
    get: [4, { one: 'Operation' }],
    put: [5, { one: 'Operation' }],
    post: [6, { one: 'Operation' }],
    delete: [7, { one: 'Operation' }],
    options: [8, { one: 'Operation' }],
    head: [9, { one: 'Operation' }],
    patch: [10, { one: 'Operation' }],
    parameters: [13, { list: 'ParameterOrReference' }],
  },
  Operation: {
    tags: [1, 'texts'],
    description: [3, 'text'],
    operationId: [5, 'text'],
    parameters: [6, { list: 'ParameterOrReference' }],
    requestBody: [7, { one: 'RequestBodyOrReference' }],
    responses: [8, { one: 'Responses' }],
    'x-': [13, 'any'],
  },
  Parameter: {
    name: [1, 'text'],
    in: [2, 'text'],
    description: [3, 'text'],
    required: [4, 'flag'],
    schema: [10, { one: SCHEMA_OR_REF }],
  },
  RequestBody: { description: [1, 'text'], content: [2, { map: 'MediaType' }], required: [3, 'flag'] },
  MediaType: { schema: [1, { one: SCHEMA_OR_REF }] },
  Response: { description: [1, 'text'], content: [3, { map: 'MediaType' }] },
  Components: {
    schemas: [1, { map: SCHEMA_OR_REF }],
    securitySchemes: [7, { map: 'SecuritySchemeOrReference' }],
  },
  SecurityScheme: { type: [1, 'text'], description: [2, 'text'], name: [3, 'text'], in: [4, 'text'] },
  Reference: { $ref: [1, 'text'] },
  Schema: {
    nullable: [1, 'flag'],
    example: [7, 'any'],
    title: [9, 'text'],
    multipleOf: [10, 'number'],
    maximum: [11, 'number'],
    exclusiveMaximum: [12, 'flag'],
    minimum: [13, 'number'],
    exclusiveMinimum: [14, 'flag'],
    maxLength: [15, 'integer'],
    minLength: [16, 'integer'],
    pattern: [17, 'text'],
    maxItems: [18, 'integer'],
    minItems: [19, 'integer'],
    uniqueItems: [20, 'flag'],
    maxProperties: [21, 'integer'],
    minProperties: [22, 'integer'],
    required: [23, 'texts'],
    enum: [24, 'anys'],
    type: [25, 'text'],
    allOf: [26, { list: SCHEMA_OR_REF }],
    oneOf: [27, { list: SCHEMA_OR_REF }],
    anyOf: [28, { list: SCHEMA_OR_REF }],
    not: [29, { one: 'Schema' }],
    items: [30, { one: 'ItemsItem' }],
    properties: [31, { map: SCHEMA_OR_REF }],
    additionalProperties: [32, 'schemaOrFlag'],
    default: [33, 'default'],
    description: [34, 'text'],
    format: [35, 'text'],
    'x-': [36, 'any'],
  },
};

const LENGTH_DELIMITED = 2;
const FIXED64 = 1;

function varint(n: number): Buffer {
  const out: number[] = [];
  let rest = n;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80);
  out.push(rest);
  return Buffer.from(out);
}

function bytes(field: number, value: Buffer | string): Buffer {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(content.length), content]);
}

function double(field: number, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + FIXED64), content]);
}

const integer = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const named = (name: string, value: Buffer): Buffer => Buffer.concat([bytes(1, name), bytes(2, value)]);
const any = (value: JsonValue): Buffer => bytes(2, encodeYaml(value));

/** Message names that end so stand for one of two: field 1 the thing itself, field 2 a reference to it. */
const OR_REFERENCE = 'OrReference';

function* message(name: string, o: JsonObject): Steps<Buffer> {
  if (isStep()) yield;
  if (name === 'ItemsItem') return bytes(1, yield* message(SCHEMA_OR_REF, o));
  if (name === 'Responses') return yield* responses(o);
  if (name.endsWith(OR_REFERENCE)) {
    if (typeof o['$ref'] === 'string') return bytes(2, yield* message('Reference', o));
    return bytes(1, yield* message(name.slice(0, -OR_REFERENCE.length), o));
  }
  const table = MESSAGES[name] ?? {};
  const parts: { at: number; content: Buffer }[] = [];
  for (const [key, value] of Object.entries(o)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith('x-')) {
      const extension = table['x-'];
      if (extension !== undefined)
        parts.push({ at: extension[0], content: bytes(extension[0], named(key, any(value))) });
      continue;
    }
    const field = Object.hasOwn(table, key) ? table[key] : undefined;
    if (field === undefined) continue;
    parts.push({ at: field[0], content: yield* written(field[0], field[1], value) });
  }
  return Buffer.concat(parts.sort((a, b) => a.at - b.at).map((p) => p.content));
}

/** `default` has a field of its own; the others are by their code. */
function* responses(o: JsonObject): Steps<Buffer> {
  const parts: Buffer[] = [];
  for (const [code, r] of Object.entries(o)) {
    if (!isObject(r)) continue;
    const response = yield* message('ResponseOrReference', r);
    parts.push(code === 'default' ? bytes(1, response) : bytes(2, named(code, response)));
  }
  return Buffer.concat(parts);
}

const NOTHING = Buffer.alloc(0);

function* written(field: number, form: Form, value: JsonValue): Steps<Buffer> {
  if (typeof form === 'object') return yield* structured(field, form, value);
  switch (form) {
    case 'text':
      return typeof value === 'string' && value !== '' ? bytes(field, value) : NOTHING;
    case 'flag':
      return value === true ? integer(field, 1) : NOTHING;
    case 'integer':
      return typeof value === 'number' && value > 0 ? integer(field, value) : NOTHING;
    case 'number':
      return typeof value === 'number' && value !== 0 ? double(field, value) : NOTHING;
    case 'texts':
      return Array.isArray(value)
        ? Buffer.concat(value.map((v) => (typeof v === 'string' ? bytes(field, v) : NOTHING)))
        : NOTHING;
    case 'any':
      return bytes(field, any(value));
    case 'anys': {
      const parts: Buffer[] = [];
      for (const v of Array.isArray(value) ? value : []) {
        parts.push(bytes(field, any(v)));
        if (isStep()) yield;
      }
      return Buffer.concat(parts);
    }
    case 'default':
      return defaultValue(field, value);
    case 'schemaOrFlag':
      if (isObject(value)) return bytes(field, bytes(1, yield* message(SCHEMA_OR_REF, value)));
      return bytes(field, integer(2, value === true ? 1 : 0));
  }
}

function* structured(field: number, form: Exclude<Form, string>, value: JsonValue): Steps<Buffer> {
  const parts: Buffer[] = [];
  if ('list' in form) {
    for (const v of Array.isArray(value) ? value : []) {
      if (isObject(v)) parts.push(bytes(field, yield* message(form.list, v)));
    }
    return Buffer.concat(parts);
  }
  if (!isObject(value)) return NOTHING;
  if ('one' in form) return bytes(field, yield* message(form.one, value));
  for (const [name, v] of Object.entries(value)) {
    if (isObject(v)) parts.push(bytes(1, named(name, yield* message(form.map, v))));
  }
  return bytes(field, Buffer.concat(parts));
}

/** The message has fields for scalars only. */
function defaultValue(field: number, value: JsonValue): Buffer {
  if (typeof value === 'number') return bytes(field, double(1, value));
  if (typeof value === 'boolean') return bytes(field, integer(2, value ? 1 : 0));
  return typeof value === 'string' ? bytes(field, bytes(3, value)) : NOTHING;
}

/** What a map of a document or of its components holds. Its bytes come in pieces; empty ones are steps. */
function* map(name: string, of: Entries<JsonObject>): Generator<Buffer, Buffer[]> {
  const parts: Buffer[] = [];
  for (const entry of of) {
    yield NOTHING;
    if (entry === undefined) continue;
    let making = entry[1].next();
    for (; making.done !== true; making = entry[1].next()) yield NOTHING;
    const steps = message(name, making.value);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) yield NOTHING;
    parts.push(bytes(1, named(entry[0], step.value)));
  }
  return parts;
}

/** The header of a message of these parts, and they. */
function* framed(field: number, parts: readonly Buffer[]): Iterable<Buffer> {
  const length = parts.reduce((n, part) => n + part.length, 0);
  yield Buffer.concat([varint(field * 8 + LENGTH_DELIMITED), varint(length)]);
  yield* parts;
}

/** A v3 document as gnostic's protobuf, in pieces; some are empty: there a step ends. */
export function* documentProtobuf(document: DocumentParts): Iterable<Buffer> {
  yield* steps(message('Document', { openapi: '3.0.0', info: document.info }));
  yield* framed(4, yield* map('PathItem', document.paths()));
  const components: Buffer[] = [];
  const schemas = yield* map(SCHEMA_OR_REF, document.schemas());
  if (schemas.length > 0) append(components, [...framed(1, schemas)]);
  const { securitySchemes } = document;
  if (securitySchemes !== undefined) components.push(...steps(message('Components', { securitySchemes })));
  yield* framed(5, components);
}

/** A small message: what comes of its steps. */
function* steps(of: Steps<Buffer>): Iterable<Buffer> {
  let step = of.next();
  for (; step.done !== true; step = of.next()) yield NOTHING;
  yield step.value;
}
