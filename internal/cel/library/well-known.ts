import type { TypeProvider } from '../check/environment.js';
import { BOOL, BYTES, type CelType, DOUBLE, DYN, INT, listOf, mapOf, STRING, UINT } from '../check/types.js';
import { timestamp } from '../values/time.js';
import { Duration, EntryMap, list, Uint, type Value } from '../values/value.js';

const PREFIX = 'google.protobuf.';

/** The fields of the message types that every environment of cel-go has. */
const FIELDS: ReadonlyMap<string, Readonly<Record<string, CelType>>> = new Map([
  [`${PREFIX}Duration`, { seconds: INT, nanos: INT }],
  [`${PREFIX}Timestamp`, { seconds: INT, nanos: INT }],
  [`${PREFIX}Struct`, { fields: mapOf(STRING, DYN) }],
  [`${PREFIX}ListValue`, { values: listOf(DYN) }],
  [
    `${PREFIX}Value`,
    {
      null_value: INT,
      number_value: DOUBLE,
      string_value: STRING,
      bool_value: BOOL,
      struct_value: mapOf(STRING, DYN),
      list_value: listOf(DYN),
    },
  ],
  ...(
    [
      ['BoolValue', BOOL],
      ['BytesValue', BYTES],
      ['DoubleValue', DOUBLE],
      ['FloatValue', DOUBLE],
      ['Int32Value', INT],
      ['Int64Value', INT],
      ['StringValue', STRING],
      ['UInt32Value', UINT],
      ['UInt64Value', UINT],
    ] as const
  ).map(([name, value]): [string, Record<string, CelType>] => [PREFIX + name, { value }]),
]);

const ZERO: Readonly<Record<string, Value>> = {
  bool: false,
  bytes: new Uint8Array(),
  double: 0,
  int: 0n,
  string: '',
  uint: new Uint(0n),
};

function make(struct: string, fields: ReadonlyMap<string, Value>): Value | undefined {
  const of = FIELDS.get(struct);
  if (of === undefined) return undefined;
  const int = (name: string): bigint => (fields.get(name) as bigint | undefined) ?? 0n;
  const nanos = int('seconds') * 1_000_000_000n + int('nanos');
  switch (struct.slice(PREFIX.length)) {
    case 'Duration':
      return new Duration(nanos);
    case 'Timestamp':
      return timestamp(nanos);
    case 'Struct':
      return fields.get('fields') ?? new EntryMap();
    case 'ListValue':
      return fields.get('values') ?? list([]);
    case 'Value':
      return fields.has('null_value') ? null : (Array.from(fields.values())[0] ?? null);
    default:
      return fields.get('value') ?? ZERO[of['value']?.kind ?? ''];
  }
}

/** Protobuf's own messages: each is the plain value that it stands for. */
export const WELL_KNOWN: TypeProvider = {
  hasStruct: (name) => FIELDS.has(name),
  fieldType: (struct, field) => {
    const fields = FIELDS.get(struct);
    return fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined;
  },
  make,
};
