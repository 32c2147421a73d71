import { type FunctionDecl, member, overload } from '../check/environment.js';
import { BOOL, INT, DYN, listOf, mapOf, optionalOf, STRING, typeParam } from '../check/types.js';
import { optionalIndex } from '../eval/access.js';
import {
  CelError,
  CelList,
  CelMap,
  Duration,
  list,
  NONE,
  Opaque,
  Optional,
  Timestamp,
  Uint,
  type Value,
} from '../values/value.js';

const K = typeParam('K');
const V = typeParam('V');
const OPT = optionalOf(V);
const LIST = listOf(V);
const MAP = mapOf(K, V);

/** Whether a value is the one that its type begins with: zero, empty, null. */
function isZero(v: Value): boolean {
  switch (typeof v) {
    case 'boolean':
      return !v;
    case 'bigint':
      return v === 0n;
    case 'number':
      return v === 0;
    case 'string':
      return v === '';
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      if (v === null) return true;
      if (v instanceof CelList || v instanceof CelMap) return v.size === 0;
      if (v instanceof Uint) return v.value === 0n;
      if (v instanceof Uint8Array) return v.length === 0;
      if (v instanceof Duration) return v.nanos === 0n;
      if (v instanceof Timestamp) return v.nanos === -62135596800n * 1_000_000_000n;
      if (v instanceof Optional) return v.value === undefined || isZero(v.value);
      return v instanceof Opaque && v.isZero;
  }
}

function unwrap(l: CelList): Value {
  const out: Value[] = [];
  for (let i = 0; i < l.size; i++) {
    const item = l.at(i);
    if (!(item instanceof Optional)) return new CelError('value is not optional');
    if (item.value !== undefined) out.push(item.value);
  }
  return list(out);
}

const at = (l: CelList, i: number): Value => (l.size === 0 ? NONE : new Optional(l.at(i < 0 ? l.size - 1 : i)));
const orElse = (o: Value, other: Value): Value => {
  const { value } = o as Optional;
  return value === undefined ? other : value;
};
const DEREFERENCED = new CelError('optional.none() dereference');

/** Optional values (cel-go's library); `or` and `orValue` evaluate their argument only when it is needed. */
export const OPTIONAL_FUNCTIONS: readonly FunctionDecl[] = [
  { name: 'optional.of', overloads: [overload('optional_of', [V], OPT, (v) => new Optional(v))] },
  {
    name: 'optional.ofNonZeroValue',
    overloads: [overload('optional_ofNonZeroValue', [V], OPT, (v) => (isZero(v) ? NONE : new Optional(v)))],
  },
  { name: 'optional.none', overloads: [overload('optional_none', [], OPT, () => NONE)] },
  {
    name: 'value',
    overloads: [member('optional_value', [OPT], V, (o) => orElse(o, DEREFERENCED))],
  },
  {
    name: 'hasValue',
    overloads: [member('optional_hasValue', [OPT], BOOL, (o) => (o as Optional).value !== undefined)],
  },
  {
    name: 'or',
    overloads: [
      member('optional_or_optional', [OPT, OPT], OPT, (a, b) => ((a as Optional).value === undefined ? b : a)),
    ],
  },
  {
    name: 'orValue',
    overloads: [member('optional_orValue_value', [OPT, V], V, (a, b) => orElse(a, b))],
  },
  {
    name: '_?._',
    overloads: [overload('select_optional_field', [DYN, STRING], OPT, (v, f) => optionalIndex(v, f))],
  },
  {
    name: '_[?_]',
    overloads: [
      overload('list_optindex_optional_int', [LIST, INT], OPT, (v, i) => optionalIndex(v, i)),
      overload('optional_list_optindex_optional_int', [optionalOf(LIST), INT], OPT, (v, i) => optionalIndex(v, i)),
      overload('map_optindex_optional_value', [MAP, K], OPT, (v, i) => optionalIndex(v, i)),
      overload('optional_map_optindex_optional_value', [optionalOf(MAP), K], OPT, (v, i) => optionalIndex(v, i)),
    ],
  },
  {
    name: '_[_]',
    overloads: [
      overload('optional_list_index_int', [optionalOf(LIST), INT], OPT, (v, i) => optionalIndex(v, i)),
      overload('optional_map_index_value', [optionalOf(MAP), K], OPT, (v, i) => optionalIndex(v, i)),
    ],
  },
  { name: 'last', overloads: [member('list_last', [LIST], OPT, (l) => at(l as CelList, -1))] },
  { name: 'first', overloads: [member('list_first', [LIST], OPT, (l) => at(l as CelList, 0))] },
  {
    name: 'optional.unwrap',
    overloads: [overload('optional_unwrap', [listOf(OPT)], LIST, (l) => unwrap(l as CelList))],
  },
  { name: 'unwrapOpt', overloads: [member('optional_unwrapOpt', [listOf(OPT)], LIST, (l) => unwrap(l as CelList))] },
];
