import { type FunctionDecl, type Implementation, member, overload } from '../check/environment.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
  typeParam,
  UINT,
} from '../check/types.js';
import { compare, equals, isEqual } from '../values/compare.js';
import { divideInt, divideUint, int64, moduloInt, moduloUint, uint64 } from '../values/numbers.js';
import { duration, timestamp } from '../values/time.js';
import {
  CelError,
  CelList,
  CelMap,
  type Duration,
  NO_OVERLOAD,
  sizeOf,
  type Timestamp,
  type Uint,
  type Value,
} from '../values/value.js';
import { indexOf } from '../eval/access.js';

const A = typeParam('A');
const B = typeParam('B');
const LIST_A = listOf(A);
const MAP_AB = mapOf(A, B);

type Form = readonly [id: string, args: readonly CelType[], result: CelType, run: Implementation];
const operator = (name: string, ...forms: readonly Form[]): FunctionDecl => ({
  name,
  overloads: forms.map(([id, args, result, run]) => overload(id, args, result, run)),
});

function concatBytes(a: Value, b: Value): Value {
  return new Uint8Array(Buffer.concat([a as Uint8Array, b as Uint8Array]));
}

const ints =
  (f: (a: bigint, b: bigint) => Value): Implementation =>
  (a, b) =>
    f(a as bigint, b as bigint);
const uints =
  (f: (a: Uint, b: Uint) => Value): Implementation =>
  (a, b) =>
    f(a as Uint, b as Uint);
const doubles =
  (f: (a: number, b: number) => number): Implementation =>
  (a, b) =>
    f(a as number, b as number);
const nanos = (v: Value): bigint => (v as Timestamp | Duration).nanos;

const ORDERED: readonly (readonly [string, CelType])[] = [
  ['bool', BOOL],
  ['int64', INT],
  ['uint64', UINT],
  ['double', DOUBLE],
  ['string', STRING],
  ['bytes', BYTES],
  ['timestamp', TIMESTAMP],
  ['duration', DURATION],
];
const NUMBERS = ORDERED.slice(1, 4);

/** A comparison of values of one type, or of numbers of two. */
function comparison(symbol: string, name: string, holds: (order: number) => boolean): FunctionDecl {
  const run: Implementation = (a, b) => {
    const order = compare(a, b);
    return order instanceof CelError ? order : holds(order);
  };
  const forms: Form[] = ORDERED.map(([id, type]) => [`${name}_${id}`, [type, type], BOOL, run]);
  for (const [a, left] of NUMBERS) {
    for (const [b, right] of NUMBERS) if (a !== b) forms.push([`${name}_${a}_${b}`, [left, right], BOOL, run]);
  }
  return operator(symbol, ...forms);
}

function contains(item: Value, list: Value): Value {
  if (!(list instanceof CelList)) return NO_OVERLOAD;
  for (let i = 0; i < list.size; i++) if (isEqual(list.at(i), item)) return true;
  return false;
}

const size: Implementation = (v) => BigInt(sizeOf(v));

/** CEL's operators and `size`. `&&`, `||`, `?:` and indexing are evaluated without these bodies. */
export const OPERATOR_FUNCTIONS: readonly FunctionDecl[] = [
  operator('_?_:_', ['conditional', [BOOL, A, A], A, () => NO_OVERLOAD]),
  operator('_&&_', ['logical_and', [BOOL, BOOL], BOOL, () => NO_OVERLOAD]),
  operator('_||_', ['logical_or', [BOOL, BOOL], BOOL, () => NO_OVERLOAD]),
  operator('!_', ['logical_not', [BOOL], BOOL, (b) => !(b as boolean)]),
  operator('@not_strictly_false', ['not_strictly_false', [BOOL], BOOL, () => NO_OVERLOAD]),
  operator('_==_', ['equals', [A, A], BOOL, (a, b) => equals(a, b)]),
  operator('_!=_', [
    'not_equals',
    [A, A],
    BOOL,
    (a, b) => {
      const same = equals(a, b);
      return same instanceof CelError ? same : !same;
    },
  ]),
  operator(
    '_+_',
    ['add_bytes', [BYTES, BYTES], BYTES, concatBytes],
    ['add_double', [DOUBLE, DOUBLE], DOUBLE, doubles((a, b) => a + b)],
    ['add_duration_duration', [DURATION, DURATION], DURATION, (a, b) => duration(nanos(a) + nanos(b))],
    [
      'add_duration_timestamp',
      [DURATION, TIMESTAMP],
      TIMESTAMP,
      (a, b) => timestamp(nanos(a) + nanos(b), (b as Timestamp).offset),
    ],
    [
      'add_timestamp_duration',
      [TIMESTAMP, DURATION],
      TIMESTAMP,
      (a, b) => timestamp(nanos(a) + nanos(b), (a as Timestamp).offset),
    ],
    ['add_int64', [INT, INT], INT, ints((a, b) => int64(a + b))],
    ['add_list', [LIST_A, LIST_A], LIST_A, (a, b) => (a as CelList).concat(b as CelList)],
    ['add_string', [STRING, STRING], STRING, (a, b) => (a as string) + (b as string)],
    ['add_uint64', [UINT, UINT], UINT, uints((a, b) => uint64(a.value + b.value))],
  ),
  operator(
    '_-_',
    ['subtract_double', [DOUBLE, DOUBLE], DOUBLE, doubles((a, b) => a - b)],
    ['subtract_duration_duration', [DURATION, DURATION], DURATION, (a, b) => duration(nanos(a) - nanos(b))],
    ['subtract_int64', [INT, INT], INT, ints((a, b) => int64(a - b))],
    [
      'subtract_timestamp_duration',
      [TIMESTAMP, DURATION],
      TIMESTAMP,
      (a, b) => timestamp(nanos(a) - nanos(b), (a as Timestamp).offset),
    ],
    ['subtract_timestamp_timestamp', [TIMESTAMP, TIMESTAMP], DURATION, (a, b) => duration(nanos(a) - nanos(b))],
    ['subtract_uint64', [UINT, UINT], UINT, uints((a, b) => uint64(a.value - b.value))],
  ),
  operator(
    '_*_',
    ['multiply_double', [DOUBLE, DOUBLE], DOUBLE, doubles((a, b) => a * b)],
    ['multiply_int64', [INT, INT], INT, ints((a, b) => int64(a * b))],
    ['multiply_uint64', [UINT, UINT], UINT, uints((a, b) => uint64(a.value * b.value))],
  ),
  operator(
    '_/_',
    ['divide_double', [DOUBLE, DOUBLE], DOUBLE, doubles((a, b) => a / b)],
    ['divide_int64', [INT, INT], INT, ints(divideInt)],
    ['divide_uint64', [UINT, UINT], UINT, uints(divideUint)],
  ),
  operator(
    '_%_',
    ['modulo_int64', [INT, INT], INT, ints(moduloInt)],
    ['modulo_uint64', [UINT, UINT], UINT, uints(moduloUint)],
  ),
  operator(
    '-_',
    ['negate_double', [DOUBLE], DOUBLE, (x) => -(x as number)],
    ['negate_int64', [INT], INT, (n) => int64(-(n as bigint))],
  ),
  comparison('_<_', 'less', (o) => o < 0),
  comparison('_<=_', 'less_equals', (o) => o <= 0),
  comparison('_>_', 'greater', (o) => o > 0),
  comparison('_>=_', 'greater_equals', (o) => o >= 0),
  operator(
    '_[_]',
    ['index_list', [LIST_A, INT], A, (l, i) => indexOf(l, i)],
    ['index_map', [MAP_AB, A], B, (m, k) => indexOf(m, k)],
  ),
  operator(
    '@in',
    ['in_list', [A, LIST_A], BOOL, (item, l) => contains(item, l)],
    ['in_map', [A, MAP_AB], BOOL, (key, m) => (m as CelMap).get(key) !== undefined],
  ),
  {
    name: 'size',
    overloads: [
      overload('size_bytes', [BYTES], INT, size),
      member('bytes_size', [BYTES], INT, size),
      overload('size_list', [LIST_A], INT, size),
      member('list_size', [LIST_A], INT, size),
      overload('size_map', [MAP_AB], INT, size),
      member('map_size', [MAP_AB], INT, size),
      overload('size_string', [STRING], INT, size),
      member('string_size', [STRING], INT, size),
    ],
  },
];
