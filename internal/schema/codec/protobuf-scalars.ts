import type { JsonValue } from '../../machinery/json.js';
import { canonicalAmount, canonicalQuantity } from '../../machinery/quantity.js';
import { formatDuration, formatMicroTime, formatTime } from '../../machinery/time.js';
import type { Scalar } from '../types.js';
import type { ProtobufReader } from './protobuf-reader.js';
import { BYTES, FIXED64, VARINT } from './protobuf-writer.js';

export type ReadItem = (r: ProtobufReader, end: number) => JsonValue | undefined;
export interface ItemReader {
  readonly wireType: number;
  readonly read: ReadItem;
}

/** Scalars whose protobuf form holds no JSON. */
export type PlainScalar = Exclude<Scalar, 'rawExtension' | 'json' | 'fieldsV1'>;

function readInstant(r: ProtobufReader, end: number): { seconds: number; nanos: number } | undefined {
  let seconds = 0;
  let nanos = 0;
  let empty = true;
  r.eachField(end, (number, wireType, limit) => {
    empty = false;
    if (wireType !== VARINT || number < 1 || number > 2) return false;
    if (number === 1) seconds = Number(r.int64(limit));
    else nanos = r.int32(limit);
    return true;
  });
  // Years that Go's JSON cannot write are no times.
  if (empty || seconds < -62135596800 || seconds > 253402300799) return undefined;
  return { seconds, nanos };
}

function readString1(r: ProtobufReader, end: number): string {
  let text = '';
  r.eachField(end, (number, wireType, limit) => {
    if (number !== 1 || wireType !== BYTES) return false;
    text = r.string(limit);
    return true;
  });
  return text;
}

function readIntOrString(r: ProtobufReader, end: number): JsonValue {
  let type = 0;
  let int = 0;
  let text = '';
  r.eachField(end, (number, wireType, limit) => {
    if (number === 1 && wireType === VARINT) type = r.varint(limit);
    else if (number === 2 && wireType === VARINT) int = r.int32(limit);
    else if (number === 3 && wireType === BYTES) text = r.string(limit);
    else return false;
    return true;
  });
  return type === 1 ? text : int;
}

/** A quantity of a ResourceList. */
export const RESOURCE_AMOUNT: ItemReader = {
  wireType: BYTES,
  read: (r, end) => canonicalAmount(readString1(r, end) || '0'),
};

/** How each scalar is read, into its JSON form. */
export const PLAIN_SCALARS: Readonly<Record<PlainScalar, ItemReader>> = {
  string: { wireType: BYTES, read: (r, end) => r.string(end) },
  bool: { wireType: VARINT, read: (r, end) => r.varint(end) !== 0 },
  int32: { wireType: VARINT, read: (r, end) => r.int32(end) },
  int64: { wireType: VARINT, read: (r, end) => r.int64(end) },
  double: { wireType: FIXED64, read: (r, end) => r.double(end) },
  bytes: { wireType: BYTES, read: (r, end) => r.view(end).toString('base64') },
  quantity: { wireType: BYTES, read: (r, end) => canonicalQuantity(readString1(r, end) || '0') },
  intOrString: { wireType: BYTES, read: readIntOrString },
  time: {
    wireType: BYTES,
    read: (r, end) => {
      const t = readInstant(r, end);
      return t === undefined ? undefined : formatTime(t) || undefined;
    },
  },
  microTime: {
    wireType: BYTES,
    read: (r, end) => {
      const t = readInstant(r, end);
      return t === undefined ? undefined : formatMicroTime(t) || undefined;
    },
  },
  duration: {
    wireType: BYTES,
    read: (r, end) => {
      let nanos = 0n;
      r.eachField(end, (number, wireType, limit) => {
        if (number !== 1 || wireType !== VARINT) return false;
        nanos = BigInt(r.int64(limit));
        return true;
      });
      return formatDuration(nanos);
    },
  },
};
