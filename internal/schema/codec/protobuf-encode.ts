import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { parseDuration, parseTime } from '../../machinery/time.js';
import { typeByName } from '../index.js';
import type { FieldDef, Scalar, TypeDef, TypeRef } from '../types.js';
import { jsonText } from './json-encode.js';
import { PROTOBUF_MAGIC } from './protobuf-envelope.js';
import { type Layout, layoutOf } from './protobuf-layout.js';
import { BYTES, FIXED64, ProtobufWriter, VARINT } from './protobuf-writer.js';

export { PROTOBUF_MAGIC };

/**
 * Kubernetes protobuf from the tables: a type compiled once into closures. What is written is what gogo/protobuf's
 * generated code writes: fields by number, values that are no pointers always (zero or not), maps by key.
 */
type Write = (w: ProtobufWriter, v: JsonValue | undefined) => void;

function asText(v: JsonValue | undefined): string {
  return typeof v === 'string' ? v : '';
}
function asInteger(v: JsonValue | undefined): number | bigint {
  return typeof v === 'number' || typeof v === 'bigint' ? v : 0;
}

/** Seconds and nanoseconds; the zero time is an empty message. */
function writeTime(w: ProtobufWriter, v: JsonValue | undefined): void {
  if (typeof v !== 'string' || v === '') return;
  const { seconds, nanos } = parseTime(v);
  w.integer(nanos);
  w.tag(2, VARINT);
  w.integer(seconds);
  w.tag(1, VARINT);
}

function writeIntOrString(w: ProtobufWriter, v: JsonValue | undefined): void {
  w.string(asText(v));
  w.tag(3, BYTES);
  w.integer(asInteger(v));
  w.tag(2, VARINT);
  w.byte(typeof v === 'string' ? 1 : 0);
  w.tag(1, VARINT);
}

/** JSON text in field 1: RawExtension, JSON and FieldsV1. */
function writeRaw(w: ProtobufWriter, v: JsonValue | undefined): void {
  if (v === undefined) return;
  w.string(jsonText(v));
  w.tag(1, BYTES);
}

interface Coding {
  readonly wireType: number;
  /** Writes the value after the tag, with its length where the wire type has one. */
  readonly write: Write;
}

/** A message whose content `write` writes. */
function message(write: Write): Coding {
  return {
    wireType: BYTES,
    write: (w, v) => {
      const before = w.length;
      write(w, v);
      w.varint(w.length - before);
    },
  };
}

const SCALARS: Readonly<Record<Scalar, Coding>> = {
  string: { wireType: BYTES, write: (w, v) => w.string(asText(v)) },
  bool: { wireType: VARINT, write: (w, v) => w.byte(v === true ? 1 : 0) },
  int32: { wireType: VARINT, write: (w, v) => w.integer(asInteger(v)) },
  int64: { wireType: VARINT, write: (w, v) => w.integer(asInteger(v)) },
  double: { wireType: FIXED64, write: (w, v) => w.double(Number(asInteger(v))) },
  bytes: { wireType: BYTES, write: (w, v) => w.base64(asText(v)) },
  quantity: message((w, v) => {
    w.string(typeof v === 'string' ? v : '0');
    w.tag(1, BYTES);
  }),
  intOrString: message(writeIntOrString),
  time: message(writeTime),
  microTime: message(writeTime),
  duration: message((w, v) => {
    w.integer(typeof v === 'string' ? parseDuration(v) : 0);
    w.tag(1, VARINT);
  }),
  rawExtension: message(writeRaw),
  json: message(writeRaw),
  fieldsV1: message(writeRaw),
};

/** A list wrapped in a message of its own: `Verbs`, `ExtraValue`. */
function wrappedList(of: TypeRef): Coding {
  const item = codingOf(of);
  return message((w, v) => {
    if (!Array.isArray(v)) return;
    for (let i = v.length - 1; i >= 0; i--) {
      item.write(w, v[i]);
      w.tag(1, item.wireType);
    }
  });
}

function codingOf(ref: TypeRef): Coding {
  if (ref.k === 'scalar') return SCALARS[ref.scalar];
  if (ref.k === 'list') return wrappedList(ref.of);
  if (ref.k === 'map') throw new TypeError('no API type has a map of maps');
  const write = messageWriter(ref.type);
  return message(write);
}

function byKey(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Writes one field of `o`, tag and all, or nothing when Go has nil there. */
function fieldWriter(field: FieldDef): (w: ProtobufWriter, o: JsonObject) => void {
  const { name, number, ref } = field;
  if (ref.k === 'list' && field.wrapped !== true) {
    const item = codingOf(ref.of);
    return (w, o) => {
      const list = o[name];
      if (!Array.isArray(list)) return;
      for (let i = list.length - 1; i >= 0; i--) {
        item.write(w, list[i]);
        w.tag(number, item.wireType);
      }
    };
  }
  if (ref.k === 'map') {
    const item = codingOf(ref.of);
    return (w, o) => {
      const map = o[name];
      if (!isObject(map)) return;
      const keys = Object.keys(map);
      if (keys.length > 1) keys.sort(byKey);
      for (let i = keys.length - 1; i >= 0; i--) {
        const key = keys[i] ?? '';
        const before = w.length;
        item.write(w, map[key]);
        w.tag(2, item.wireType);
        w.string(key);
        w.byte(0x0a);
        w.message(before, number);
      }
    };
  }
  const { wireType, write } = ref.k === 'list' ? wrappedList(ref.of) : codingOf(ref);
  // A pointer, and bytes, are written when they are there; anything else always is.
  const optional = field.pointer === true || ref.k === 'list' || (ref.k === 'scalar' && ref.scalar === 'bytes');
  return (w, o) => {
    const v = o[name];
    if (optional && (v === undefined || v === null)) return;
    write(w, v ?? undefined);
    w.tag(number, wireType);
  };
}

function layoutWriter(layout: Layout): (w: ProtobufWriter, o: JsonObject) => void {
  const writers = layout.entries
    .map((entry) => {
      if ('field' in entry) return fieldWriter(entry.field);
      const inner = layoutWriter(entry.embedded);
      return (w: ProtobufWriter, o: JsonObject): void => {
        const before = w.length;
        inner(w, o);
        w.message(before, entry.number);
      };
    })
    .reverse();
  return (w, o) => {
    for (const write of writers) write(w, o);
  };
}

/** Brings the JSON form of a JSONSchemaPropsOr… to the struct that protobuf carries. */
function structOfOneOf(type: TypeDef, v: JsonValue | undefined): JsonObject {
  const [first, second] = [...type.fields.keys()];
  if (first === undefined || second === undefined) return {};
  if (type.oneOf === 'bool') {
    return isObject(v) ? { [first]: true, [second]: v } : { [first]: v === true };
  }
  return Array.isArray(v) ? { [second]: v } : v === undefined || v === null ? {} : { [first]: v };
}

const EMPTY: JsonObject = {};
const compiled = new Map<string, Write>();

function messageWriter(name: string): Write {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  let write: ((w: ProtobufWriter, o: JsonObject) => void) | undefined;
  let type: TypeDef | undefined;
  // Compiled when a value of it turns up: types refer to each other in cycles, and most are never seen.
  const lazy: Write = (w, v) => {
    if (write === undefined || type === undefined) {
      type = typeByName(name);
      write = layoutWriter(layoutOf(type));
    }
    if (type.oneOf !== undefined) write(w, structOfOneOf(type, v));
    else write(w, isObject(v) ? v : EMPTY);
  };
  compiled.set(name, lazy);
  return lazy;
}

const writer = new ProtobufWriter();

function written(f: (w: ProtobufWriter) => void): Buffer {
  try {
    f(writer);
    return writer.take();
  } catch (e) {
    writer.clear();
    throw e;
  }
}

/** Ends an envelope (runtime.Unknown) whose raw message was begun when `length` was `before`: it comes out in front. */
function envelope(w: ProtobufWriter, before: number, apiVersion: string, kind: string): void {
  w.message(before, 2);
  const head = w.length;
  w.string(kind);
  w.byte(0x12);
  w.string(apiVersion);
  w.byte(0x0a);
  w.message(head, 1);
  w.raw(PROTOBUF_MAGIC);
}

/** Content encoding and content type: empty, but always there. */
function envelopeTail(w: ProtobufWriter): void {
  w.byte(0);
  w.byte(0x22);
  w.byte(0);
  w.byte(0x1a);
}

/** An object as `application/vnd.kubernetes.protobuf`: magic, envelope with its kind, message. */
export function encodeProtobuf(object: JsonObject, typeName: string): Buffer {
  return written((w) => {
    envelopeTail(w);
    const before = w.length;
    messageWriter(typeName)(w, object);
    envelope(w, before, asText(object.apiVersion), asText(object.kind));
  });
}

/** An object's message alone, without magic and envelope: an item for `protobufList`. */
export function protobufMessage(object: JsonObject, typeName: string): Buffer {
  return written((w) => messageWriter(typeName)(w, object));
}

/** A list body around items that are messages already; `metadata` is its ListMeta. */
export function protobufList(
  apiVersion: string,
  kind: string,
  metadata: JsonObject,
  items: readonly Uint8Array[],
): Buffer {
  return written((w) => {
    envelopeTail(w);
    const before = w.length;
    for (let i = items.length - 1; i >= 0; i--) {
      const item = items[i];
      if (item === undefined) continue;
      w.raw(item);
      w.varint(item.length);
      w.byte(0x12);
    }
    const meta = w.length;
    messageWriter('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta')(w, metadata);
    w.message(meta, 1);
    envelope(w, before, apiVersion, kind);
  });
}

/** An object as an item of a streamed list: the tag of `items`, its length, its message. */
export function protobufListItem(object: JsonObject, typeName: string): Buffer {
  return written((w) => {
    messageWriter(typeName)(w, object);
    w.message(0, 2);
  });
}

/**
 * What precedes the items of a streamed list whose `protobufListItem`s take `itemsBytes` in all; PROTOBUF_LIST_TAIL
 * follows them.
 */
export function protobufListHead(apiVersion: string, kind: string, metadata: JsonObject, itemsBytes: number): Buffer {
  return written((w) => {
    messageWriter('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta')(w, metadata);
    w.message(0, 1);
    envelope(w, -itemsBytes, apiVersion, kind);
  });
}
/** Ends a streamed list: the envelope's empty content encoding and content type. */
export const PROTOBUF_LIST_TAIL = Buffer.from([0x1a, 0, 0x22, 0]);

/** One frame of `;stream=watch`: four bytes of length (big-endian), then a WatchEvent around an encoded object. */
export function protobufWatchFrame(eventType: string, object: Uint8Array): Buffer {
  return written((w) => {
    w.raw(object);
    w.varint(object.length);
    w.byte(0x0a);
    w.message(0, 2);
    w.string(eventType);
    w.byte(0x0a);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(w.length);
    w.raw(length);
  });
}
