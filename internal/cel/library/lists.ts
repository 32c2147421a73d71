import { type FunctionDecl, member, type Overload, overload } from '../check/environment.js';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
  typeParam,
  UINT,
} from '../check/types.js';
import { compare, isEqual } from '../values/compare.js';
import { int64, uint64 } from '../values/numbers.js';
import { duration } from '../values/time.js';
import { keyText } from '../eval/access.js';
import {
  CelError,
  CelList,
  type CelMap,
  Duration,
  EntryMap,
  keyOf,
  list,
  NO_OVERLOAD,
  typeName,
  Uint,
  type Value,
} from '../values/value.js';

const T = typeParam('T');
const LIST = listOf(T);

/** Types whose values have an order, by the names that overloads use. */
const COMPARABLE: readonly (readonly [string, CelType])[] = [
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['bool', BOOL],
  ['duration', DURATION],
  ['timestamp', TIMESTAMP],
  ['string', STRING],
  ['bytes', BYTES],
];
const SUMMABLE: readonly (readonly [string, CelType, Value])[] = [
  ['int', INT, 0n],
  ['uint', UINT, new Uint(0n)],
  ['double', DOUBLE, 0],
  ['duration', DURATION, new Duration(0n)],
];

/** The longest list that `lists.range` makes: as many elements as the cost of one evaluation allows. */
const MAX_RANGE = 10_000_000n;

export const itemsOf = (l: CelList): Value[] => Array.from({ length: l.size }, (_, i) => l.at(i));

function isSorted(l: CelList): Value {
  for (let i = 1; i < l.size; i++) if (compare(l.at(i - 1), l.at(i)) === 1) return false;
  return true;
}

/** The sum of two values of the types that can be summed. */
function add(a: Value, b: Value): Value {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? int64(a + b) : NO_OVERLOAD;
  if (typeof a === 'number') return typeof b === 'number' ? a + b : NO_OVERLOAD;
  if (a instanceof Uint) return b instanceof Uint ? uint64(a.value + b.value) : NO_OVERLOAD;
  if (a instanceof Duration && b instanceof Duration) return duration(a.nanos + b.nanos);
  return NO_OVERLOAD;
}

function sum(l: CelList, zero: Value): Value {
  let total = zero;
  for (let i = 0; i < l.size; i++) {
    total = add(total, l.at(i));
    if (total instanceof CelError) return total;
  }
  return total;
}

function extreme(l: CelList, name: string, worse: number): Value {
  if (l.size === 0) return new CelError(`${name} called on empty list`);
  let best = l.at(0);
  for (let i = 1; i < l.size; i++) {
    const item = l.at(i);
    if (compare(best, item) === worse) best = item;
  }
  return best;
}

function indexOf(l: CelList, item: Value): Value {
  for (let i = 0; i < l.size; i++) if (isEqual(l.at(i), item)) return BigInt(i);
  return -1n;
}

function lastIndexOf(l: CelList, item: Value): Value {
  for (let i = l.size - 1; i >= 0; i--) if (isEqual(l.at(i), item)) return BigInt(i);
  return -1n;
}

function slice(l: CelList, start: bigint, end: bigint): Value {
  const why =
    start < 0n || end < 0n
      ? 'negative indexes not supported'
      : start > end
        ? 'start index must be less than or equal to end index'
        : BigInt(l.size) < end
          ? `list is length ${l.size}`
          : undefined;
  if (why !== undefined) return new CelError(`cannot slice(${start}, ${end}), ${why}`);
  return list(itemsOf(l).slice(Number(start), Number(end)));
}

function flattenInto(out: Value[], l: CelList, depth: bigint): void {
  for (let i = 0; i < l.size; i++) {
    const item = l.at(i);
    if (item instanceof CelList && depth > 0n) flattenInto(out, item, depth - 1n);
    else out.push(item);
  }
}

function flatten(l: CelList, depth: bigint): Value {
  if (depth < 0n) return new CelError('level must be non-negative');
  const out: Value[] = [];
  flattenInto(out, l, depth);
  return list(out);
}

const ORDERED_TYPES: ReadonlySet<string> = new Set(COMPARABLE.map(([, type]) => type.name));

function sortBy(l: CelList, keys: CelList): Value {
  if (l.size !== keys.size) {
    return new CelError(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${l.size} and ${keys.size} elements respectively`,
    );
  }
  if (l.size === 0) return l;
  const type = typeName(keys.at(0));
  if (!ORDERED_TYPES.has(type)) return new CelError('list elements must be comparable');
  const pairs = itemsOf(keys).map((key, i): [Value, Value] => [key, l.at(i)]);
  if (pairs.some(([key]) => typeName(key) !== type)) return new CelError('list elements must have the same type');
  pairs.sort(([a], [b]) => {
    const order = compare(a, b);
    return typeof order === 'number' ? order : 0;
  });
  return list(pairs.map(([, item]) => item));
}

function distinct(l: CelList): Value {
  const out: Value[] = [];
  const seen = new Set<string | bigint | boolean>();
  for (let i = 0; i < l.size; i++) {
    const item = l.at(i);
    // What can be a key of a map is found at once; the rest is compared one by one.
    const key = keyOf(item);
    if (key === undefined) {
      if (!out.some((other) => isEqual(item, other))) out.push(item);
    } else if (!seen.has(key)) {
      seen.add(key);
      out.push(item);
    }
  }
  return list(out);
}

function range(n: bigint): Value {
  if (n > MAX_RANGE) return new CelError('operation cancelled: actual cost limit exceeded');
  return list(Array.from({ length: n < 0n ? 0 : Number(n) }, (_, i) => BigInt(i)));
}

/** Whether each of the items of one list is in the other. */
function containsAll(l: CelList, items: CelList): boolean {
  return itemsOf(items).every((item) => indexOf(l, item) !== -1n);
}

/** A map with one more entry; an error when the key is there. */
export function insertKey(m: CelMap, key: Value, value: Value): Value {
  if (m.get(key) !== undefined) return new CelError(`insert failed: key ${keyText(key)} already exists`);
  const target = m instanceof EntryMap ? m : new EntryMap(m.keys().map((k) => [k, m.get(k) as Value]));
  if (!target.set(key, value)) return new CelError(`unsupported key type: ${typeName(key)}`);
  return target;
}

function insertAll(m: CelMap, other: CelMap): Value {
  let target = m;
  for (const key of other.keys()) {
    const next = insertKey(target, key, other.get(key) as Value);
    if (next instanceof CelError) return next;
    target = next as CelMap;
  }
  return target;
}

const ordered = (id: (name: string) => string, result: (type: CelType) => CelType, run: Overload['run']): Overload[] =>
  COMPARABLE.map(([name, type]) => member(id(name), [listOf(type)], result(type), run));

const both =
  (f: (a: CelList, b: CelList) => Value): Overload['run'] =>
  (a, b) =>
    f(a as CelList, b as CelList);
const MAP_KV = mapOf(typeParam('K'), typeParam('V'));

/** The functions of lists, sets and maps: Kubernetes' lists, cel-go's lists (version 3), sets, two-variable loops. */
export const LIST_FUNCTIONS: readonly FunctionDecl[] = [
  {
    name: 'isSorted',
    overloads: ordered(
      (n) => `list_${n}_is_sorted_bool`,
      () => BOOL,
      (l) => isSorted(l as CelList),
    ),
  },
  {
    name: 'sum',
    overloads: SUMMABLE.map(([n, type, zero]) =>
      member(`list_${n}_sum_${n}`, [listOf(type)], type, (l) => sum(l as CelList, zero)),
    ),
  },
  {
    name: 'max',
    overloads: ordered(
      (n) => `list_${n}_max_${n}`,
      (t) => t,
      (l) => extreme(l as CelList, 'max', -1),
    ),
  },
  {
    name: 'min',
    overloads: ordered(
      (n) => `list_${n}_min_${n}`,
      (t) => t,
      (l) => extreme(l as CelList, 'min', 1),
    ),
  },
  {
    name: 'indexOf',
    overloads: [member('list_a_index_of_int', [LIST, T], INT, (l, item) => indexOf(l as CelList, item))],
  },
  {
    name: 'lastIndexOf',
    overloads: [member('list_a_last_index_of_int', [LIST, T], INT, (l, item) => lastIndexOf(l as CelList, item))],
  },
  {
    name: 'slice',
    overloads: [
      member('list_slice', [LIST, INT, INT], LIST, (l, a, b) => slice(l as CelList, a as bigint, b as bigint)),
    ],
  },
  {
    name: 'flatten',
    overloads: [
      { ...member('list_flatten', [listOf(LIST)], LIST, (l) => flatten(l as CelList, 1n)), anyElements: true },
      member('list_flatten_int', [listOf(DYN), INT], listOf(DYN), (l, n) => flatten(l as CelList, n as bigint)),
    ],
  },
  {
    name: 'sort',
    overloads: ordered(
      (n) => `list_${n}_sort`,
      listOf,
      (l) => sortBy(l as CelList, l as CelList),
    ),
  },
  {
    name: '@sortByAssociatedKeys',
    overloads: COMPARABLE.map(([n, type]) =>
      member(`list_${n}_sortByAssociatedKeys`, [LIST, listOf(type)], LIST, both(sortBy)),
    ),
  },
  { name: 'lists.range', overloads: [overload('lists_range', [INT], listOf(INT), (n) => range(n as bigint))] },
  { name: 'reverse', overloads: [member('list_reverse', [LIST], LIST, (l) => list(itemsOf(l as CelList).reverse()))] },
  { name: 'distinct', overloads: [member('list_distinct', [LIST], LIST, (l) => distinct(l as CelList))] },
  { name: 'sets.contains', overloads: [overload('list_sets_contains_list', [LIST, LIST], BOOL, both(containsAll))] },
  {
    name: 'sets.equivalent',
    overloads: [
      overload(
        'list_sets_equivalent_list',
        [LIST, LIST],
        BOOL,
        both((a, b) => containsAll(a, b) && containsAll(b, a)),
      ),
    ],
  },
  {
    name: 'sets.intersects',
    overloads: [
      overload(
        'list_sets_intersects_list',
        [LIST, LIST],
        BOOL,
        both((a, b) => itemsOf(a).some((x) => indexOf(b, x) !== -1n)),
      ),
    ],
  },
  {
    name: 'cel.@mapInsert',
    overloads: [
      overload('@mapInsert_map_key_value', [MAP_KV, typeParam('K'), typeParam('V')], MAP_KV, (m, k, v) =>
        insertKey(m as CelMap, k, v),
      ),
      overload('@mapInsert_map_map', [MAP_KV, MAP_KV], MAP_KV, (m, o) => insertAll(m as CelMap, o as CelMap)),
    ],
  },
];
