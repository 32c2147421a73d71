import { parseBool } from '../../machinery/parse-bool.js';
import { parseDuration, TimeError } from '../../machinery/time.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  STRING,
  TIMESTAMP,
  typeOf,
  typeParam,
  UINT,
} from '../check/types.js';
import { type FunctionDecl, type Implementation, overload } from '../check/environment.js';
import { doubleToInt, doubleToUint, formatG, int64, parseFloat64, parseInteger, uint64 } from '../values/numbers.js';
import { formatSeconds, formatTimestamp, parseTimestamp, secondsOf, timestamp } from '../values/time.js';
import { CelError, Duration, type Timestamp, TypeValue, typeName, Uint, type Value } from '../values/value.js';

const A = typeParam('A');

const failed = (from: string, to: string): CelError => new CelError(`type conversion error from '${from}' to '${to}'`);
const fromString =
  (to: string, parse: (s: string) => Value | undefined): Implementation =>
  (s) =>
    parse(s as string) ?? failed('string', to);
const same: Implementation = (v) => v;

/** A duration as Go writes it (`1h30m`), undefined for what is none. */
export function durationOf(s: string): Duration | undefined {
  try {
    return new Duration(parseDuration(s));
  } catch (e) {
    if (e instanceof TimeError) return undefined;
    throw e;
  }
}

function bytesToString(b: Value): Value {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(b as Uint8Array);
  } catch (e) {
    if (e instanceof TypeError) return new CelError('invalid UTF-8 in bytes, cannot convert to string');
    throw e;
  }
}

type Form = readonly [id: string, from: CelType, run: Implementation];

const conversion = (name: string, to: CelType, ...forms: Form[]): FunctionDecl => ({
  name,
  overloads: forms.map(([id, from, run]) => overload(id, [from], to, run)),
});

/** Names of the functions that convert; of a constant they are computed when an expression is compiled. */
export const CONVERSIONS: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);

/** CEL's conversions between types. */
export const CONVERSION_FUNCTIONS: readonly FunctionDecl[] = [
  { name: 'type', overloads: [overload('type', [A], typeOf(A), (v) => new TypeValue(typeName(v)))] },
  { name: 'dyn', overloads: [overload('to_dyn', [A], DYN, same)] },
  conversion('bool', BOOL, ['bool_to_bool', BOOL, same], ['string_to_bool', STRING, fromString('bool', parseBool)]),
  conversion(
    'bytes',
    BYTES,
    ['bytes_to_bytes', BYTES, same],
    ['string_to_bytes', STRING, (s) => new Uint8Array(Buffer.from(s as string, 'utf8'))],
  ),
  conversion(
    'double',
    DOUBLE,
    ['double_to_double', DOUBLE, same],
    ['int64_to_double', INT, (n) => Number(n)],
    ['string_to_double', STRING, fromString('double', parseFloat64)],
    ['uint64_to_double', UINT, (n) => Number((n as Uint).value)],
  ),
  conversion(
    'duration',
    DURATION,
    ['duration_to_duration', DURATION, same],
    ['int64_to_duration', INT, (n) => new Duration(n as bigint)],
    ['string_to_duration', STRING, fromString('google.protobuf.Duration', durationOf)],
  ),
  conversion(
    'int',
    INT,
    ['int64_to_int64', INT, same],
    ['double_to_int64', DOUBLE, (x) => doubleToInt(x as number)],
    ['duration_to_int64', DURATION, (d) => (d as Duration).nanos],
    ['string_to_int64', STRING, fromString('int', (s) => parseInteger(s, true))],
    ['timestamp_to_int64', TIMESTAMP, (t) => secondsOf(t as Timestamp)],
    ['uint64_to_int64', UINT, (n) => int64((n as Uint).value)],
  ),
  conversion(
    'string',
    STRING,
    ['string_to_string', STRING, same],
    ['bool_to_string', BOOL, (b) => (b === true ? 'true' : 'false')],
    ['bytes_to_string', BYTES, (b) => bytesToString(b)],
    ['double_to_string', DOUBLE, (x) => formatG(x as number)],
    ['duration_to_string', DURATION, (d) => formatSeconds(d as Duration)],
    ['int64_to_string', INT, (n) => (n as bigint).toString()],
    ['timestamp_to_string', TIMESTAMP, (t) => formatTimestamp(t as Timestamp)],
    ['uint64_to_string', UINT, (n) => (n as Uint).value.toString()],
  ),
  conversion(
    'timestamp',
    TIMESTAMP,
    ['timestamp_to_timestamp', TIMESTAMP, same],
    ['int64_to_timestamp', INT, (n) => timestamp((n as bigint) * 1_000_000_000n)],
    ['string_to_timestamp', STRING, fromString('google.protobuf.Timestamp', parseTimestamp)],
  ),
  conversion(
    'uint',
    UINT,
    ['uint64_to_uint64', UINT, same],
    ['double_to_uint64', DOUBLE, (x) => doubleToUint(x as number)],
    ['int64_to_uint64', INT, (n) => uint64(n as bigint)],
    [
      'string_to_uint64',
      STRING,
      fromString('uint', (s) => {
        const n = parseInteger(s, false);
        return n === undefined ? undefined : new Uint(n);
      }),
    ],
  ),
];
