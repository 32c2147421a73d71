import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { QuantityError } from '../../machinery/quantity.js';
import { typeByKind, typeByName } from '../index.js';
import type { FieldDef, GroupVersionKind, TypeDef, TypeRef } from '../types.js';
import { cannotBeHandled, groupVersionText, unrecognized } from './errors.js';
import { checkShape, type Tally } from './body-shape.js';
import { actualKind, expectedKind, kindFault } from './gvk.js';
import { JsonSyntaxError, parseJson } from './json.js';
import { type Envelope, PROTOBUF_MAGIC, readEnvelope } from './protobuf-envelope.js';
import { type Layout, layoutOf } from './protobuf-layout.js';
import { ProtobufError, ProtobufReader } from './protobuf-reader.js';
import { type ItemReader, PLAIN_SCALARS, RESOURCE_AMOUNT } from './protobuf-scalars.js';
import { BYTES } from './protobuf-writer.js';
import { alwaysOf, omitsZero, zeroOf } from './zero.js';

/** Decoding of Kubernetes protobuf from the tables: a type compiled once into a reader per field number. */
type ReadField = (r: ProtobufReader, end: number, out: JsonObject, wireType: number) => void;

function wrongWireType(wireType: number, field: string): ProtobufError {
  return new ProtobufError(`proto: wrong wireType = ${wireType} for field ${field}`);
}
function goFieldName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** JSON text, or (RawExtension) a whole protobuf object inside. */
function readRaw(r: ProtobufReader, end: number): JsonValue | undefined {
  let raw: Buffer | undefined;
  r.eachField(end, (number, wireType, limit) => {
    if (number !== 1 || wireType !== BYTES) return false;
    raw = r.view(limit);
    return true;
  });
  if (raw === undefined || raw.length === 0) return undefined;
  if (raw.subarray(0, 4).equals(PROTOBUF_MAGIC)) {
    const unknown = readEnvelope(raw);
    const gv = unknown.apiVersion.split('/');
    const type = typeByKind(gv.length > 1 ? (gv[0] ?? '') : '', gv.at(-1) ?? '', unknown.kind);
    if (type === undefined)
      throw new ProtobufError(`no kind "${unknown.kind}" is registered for version "${unknown.apiVersion}"`);
    const object = readMessage(type.name, unknown.raw, r.depth, r.tally);
    return { kind: unknown.kind, apiVersion: unknown.apiVersion, ...object };
  }
  checkShape(raw, false);
  return parseJson(raw);
}

const RAW: ItemReader = { wireType: BYTES, read: readRaw };

function itemReader(ref: TypeRef): ItemReader {
  if (ref.k === 'scalar') {
    const { scalar } = ref;
    if (ref.milli === true) return RESOURCE_AMOUNT;
    return scalar === 'rawExtension' || scalar === 'json' || scalar === 'fieldsV1' ? RAW : PLAIN_SCALARS[scalar];
  }
  if (ref.k === 'message') {
    const read = messageReader(ref.type);
    return {
      wireType: BYTES,
      read: (r, end) => {
        const limit = r.enter(end);
        const out = read(r, limit, undefined);
        r.leave();
        return out;
      },
    };
  }
  if (ref.k === 'map') throw new TypeError('no API type has a map of maps');
  // A list as a message of its own (ExtraValue).
  const item = itemReader(ref.of);
  return {
    wireType: BYTES,
    read: (r, end) => {
      const out: JsonValue[] = [];
      r.eachField(end, (number, wireType, limit) => {
        if (number !== 1 || wireType !== item.wireType) return false;
        out.push(item.read(r, limit) ?? null);
        return true;
      });
      return out;
    },
  };
}

function setOwn(out: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__')
    Object.defineProperty(out, key, { value, writable: true, enumerable: true, configurable: true });
  else out[key] = value;
}

function fieldReader(field: FieldDef): ReadField {
  const { name, ref } = field;
  if (ref.k === 'list' && field.wrapped !== true) {
    const item = itemReader(ref.of);
    return (r, end, out, wireType) => {
      let list = out[name];
      if (!Array.isArray(list)) out[name] = list = [];
      r.tally.items(list.length);
      if (wireType === item.wireType) {
        list.push(item.read(r, end) ?? null);
      } else if (wireType === BYTES && item.wireType !== BYTES) {
        // Packed: proto2 does not write it, every reader takes it.
        const limit = r.limit(end);
        while (r.at < limit) {
          r.tally.items(list.length);
          list.push(item.read(r, limit) ?? null);
        }
      } else {
        throw wrongWireType(wireType, goFieldName(name));
      }
    };
  }
  if (ref.k === 'map') {
    const item = itemReader(ref.of);
    return (r, end, out, wireType) => {
      if (wireType !== BYTES) throw wrongWireType(wireType, goFieldName(name));
      let map = out[name];
      if (!isObject(map)) out[name] = map = {};
      r.tally.entry();
      let key = '';
      let value: JsonValue | undefined;
      r.eachField(end, (number, type, limit) => {
        if (number === 1 && type === BYTES) key = r.string(limit);
        else if (number === 2 && type === item.wireType) value = item.read(r, limit);
        else return false;
        return true;
      });
      setOwn(map, key, value ?? zeroOf(ref.of) ?? null);
    };
  }
  const { wireType: expected, read } = itemReader(ref);
  const omits = omitsZero(field);
  return (r, end, out, wireType) => {
    if (wireType !== expected) throw wrongWireType(wireType, goFieldName(name));
    const v = read(r, end);
    if (v === undefined) return;
    if (omits && (v === '' || v === 0 || v === false || (Array.isArray(v) && v.length === 0))) {
      if (out[name] !== undefined) delete out[name];
      return;
    }
    out[name] = v;
  };
}

type ReadMessage = (r: ProtobufReader, end: number, into: JsonObject | undefined) => JsonObject;

function layoutReader(typeName: string, layout: Layout): ReadMessage {
  const readers: (ReadField | undefined)[] = [];
  for (const entry of layout.entries) {
    if ('field' in entry) {
      readers[entry.number] = fieldReader(entry.field);
    } else {
      const inner = layoutReader(typeName, entry.embedded);
      readers[entry.number] = (r, end, out, wireType) => {
        if (wireType !== BYTES) throw wrongWireType(wireType, typeName);
        const limit = r.enter(end);
        inner(r, limit, out);
        r.leave();
      };
    }
  }
  return (r, end, into) => {
    const out = into ?? {};
    while (r.at < end) {
      r.tally.value();
      const tag = r.varint(end);
      const number = tag < 0x80000000 ? tag >>> 3 : Math.floor(tag / 8);
      const wireType = tag & 7;
      if (wireType === 4) throw new ProtobufError(`proto: ${typeName}: wiretype end group for non-group`);
      const read = number < readers.length ? readers[number] : undefined;
      if (read !== undefined) {
        read(r, end, out, wireType);
      } else {
        if (number === 0) throw new ProtobufError(`proto: ${typeName}: illegal tag ${number} (wire type ${tag})`);
        r.skip(wireType, end);
      }
    }
    return out;
  };
}

/** Brings the struct that protobuf carries for a JSONSchemaPropsOr… to its JSON form. */
function jsonOfOneOf(type: TypeDef, o: JsonObject): JsonValue | undefined {
  const [first, second] = [...type.fields.keys()];
  if (first === undefined || second === undefined) return undefined;
  if (type.oneOf === 'bool') return o[second] ?? o[first] === true;
  return o[second] ?? o[first];
}

const compiled = new Map<
  string,
  (r: ProtobufReader, end: number, into: JsonObject | undefined) => JsonValue | undefined
>();

function messageReader(
  name: string,
): (r: ProtobufReader, end: number, into: JsonObject | undefined) => JsonValue | undefined {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  let read: ReadMessage | undefined;
  let type: TypeDef | undefined;
  const lazy = (r: ProtobufReader, end: number, into: JsonObject | undefined): JsonValue | undefined => {
    if (read === undefined || type === undefined) {
      type = typeByName(name);
      read = layoutReader(name.slice(name.lastIndexOf('.') + 1), layoutOf(type));
    }
    const out = read(r, end, into);
    if (type.oneOf !== undefined) return jsonOfOneOf(type, out);
    const always = alwaysOf(type);
    for (let i = 0; i < always.length; i++) {
      const zero = always[i];
      if (zero !== undefined && out[zero.name] === undefined) out[zero.name] = zero.make();
    }
    return out;
  };
  compiled.set(name, lazy);
  return lazy;
}

function readMessage(typeName: string, raw: Buffer, depth: number, tally?: Tally): JsonObject {
  const r = new ProtobufReader(raw, tally);
  r.depth = depth + 1;
  const out = messageReader(typeName)(r, raw.length, undefined);
  return isObject(out) ? out : {};
}

function fieldError(e: unknown): string {
  if (e instanceof ProtobufError || e instanceof QuantityError || e instanceof JsonSyntaxError) return e.message;
  throw e;
}

export interface DecodedProtobuf {
  readonly object: JsonObject;
  readonly gvk: GroupVersionKind;
}

/**
 * Decodes an `application/vnd.kubernetes.protobuf` body. With `typeName` the body must be of that type (an envelope that
 * names no kind is taken for it); without, its own kind says what it is. Throws nothing but StatusError (400).
 */
export function decodeProtobuf(
  body: Buffer,
  typeName?: string,
  expected: GroupVersionKind | undefined = typeName === undefined ? undefined : expectedKind(typeName),
): DecodedProtobuf {
  const wanted = expected?.kind ?? 'Object';
  let unknown: Envelope;
  try {
    unknown = readEnvelope(body);
  } catch (e) {
    throw unrecognized(wanted, fieldError(e), body);
  }
  const gvk = actualKind(unknown.apiVersion, unknown.kind, expected ?? { group: '', version: '', kind: '' }, body);
  let name = typeName;
  if (name === undefined) {
    name = typeByKind(gvk.group, gvk.version, gvk.kind)?.name;
    if (name === undefined) {
      throw unrecognized(
        wanted,
        `no kind "${gvk.kind}" is registered for version "${groupVersionText(gvk)}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
        body,
      );
    }
  } else if (expected !== undefined) {
    const fault = kindFault(gvk, expected, name);
    if (fault !== undefined) throw fault;
  }
  let object: JsonObject;
  try {
    object = readMessage(name, unknown.raw, 0);
  } catch (e) {
    throw cannotBeHandled(gvk, expected?.kind ?? gvk.kind, fieldError(e));
  }
  return { object: { kind: gvk.kind, apiVersion: groupVersionText(gvk), ...object }, gvk };
}
