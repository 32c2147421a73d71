import { CelList, CelMap, Opaque, sizeOf, type Value } from '../values/value.js';
import { NamedFormat } from '../library/named-formats.js';

/** What a call of a function costs when it is evaluated, from its arguments (a target first) and its result. */
export type CallCost = (args: readonly Value[], result: Value) => number;

/** Cost units for one character of a text, and for one of a pattern (cel-go's common cost factors). */
export const STRING_FACTOR = 0.1;
export const PATTERN_FACTOR = 0.25;
export const LIST_COST = 10;
export const MAP_COST = 30;
export const STRUCT_COST = 40;

const size = (args: readonly Value[], i = 0): number => sizeOf(args[i] as Value);
const traversal = (n: number): number => Math.ceil(n * STRING_FACTOR);
const first: CallCost = (args) => traversal(size(args));
const firstTwice: CallCost = (args) => Math.ceil(size(args) * 2 * STRING_FACTOR);
const one: CallCost = () => 1;

/** The cost of matching a text of a length with a pattern of a length. */
const matching = (text: number, pattern: number): number => traversal(text + 1) * Math.ceil(pattern * PATTERN_FACTOR);

function dataCost(v: Value): number {
  if (typeof v === 'string') return Math.floor(Buffer.byteLength(v) * STRING_FACTOR);
  if (v instanceof Uint8Array) return Math.floor(v.length * STRING_FACTOR);
  let cost = 0;
  if (v instanceof CelList) {
    for (let i = 0; i < v.size; i++) cost += dataCost(v.at(i));
    return cost;
  }
  if (v instanceof CelMap) {
    for (const key of v.keys()) cost += dataCost(key) + dataCost(v.get(key) as Value);
    return cost;
  }
  return 1;
}

const wholeData: CallCost = (args) => dataCost(args[0] as Value);
const smaller: CallCost = (args) => traversal(Math.min(size(args), size(args, 1)));
const equality: CallCost = (args, result) => (args[0] instanceof Opaque ? 1 : smaller(args, result));

/** Cost of a selector of a length: its parsing, and the requirements that it may hold. */
export const selectorCost = (length: number): number =>
  LIST_COST + traversal(length) + Math.ceil(Math.ceil(length * 0.5) * (LIST_COST + STRUCT_COST));

function contains(args: readonly Value[], parsed: boolean, extra: number): number {
  const net = size(args);
  return (
    Math.ceil((net + net) * STRING_FACTOR) +
    (extra > 0 ? traversal(net) + extra : 0) +
    (parsed ? traversal(size(args, 1)) : 0)
  );
}

const output: CallCost = (_args, result) => 1 + LIST_COST + sizeOf(result);
const sorting =
  (arg: number): CallCost =>
  (args) => {
    const n = size(args, arg);
    const item = n > 0 ? (args[arg] as CelList).at(0) : null;
    const factor = typeof item === 'string' || item instanceof Uint8Array ? 2 + STRING_FACTOR : 2;
    return 1 + LIST_COST + Math.floor(n * n * factor);
  };
const sets =
  (factor: number): CallCost =>
  (args) =>
    1 + Math.floor(size(args) * size(args, 1) * factor);

type Costs = Readonly<Record<string, CallCost>>;
const each = (names: string, cost: CallCost): Costs => Object.fromEntries(names.split(' ').map((n) => [n, cost]));

/** By overload id, which counts first (cel-go's extensions bring their own). */
const TRACKED: Costs = {
  ...each('list_slice lists_range list_reverse', output),
  ...each('list_flatten list_flatten_int', (args) => {
    const depth = args.length > 1 ? Math.max(Number(args[1]), 0) : 1;
    return 1 + LIST_COST + size(args) * depth;
  }),
  list_distinct: sorting(0),
  ...Object.fromEntries(
    ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'].flatMap((n) => [
      [`list_${n}_sort`, sorting(0)],
      [`list_${n}_sortByAssociatedKeys`, sorting(1)],
    ]),
  ),
  ...each('list_sets_contains_list list_sets_intersects_list', sets(1)),
  list_sets_equivalent_list: sets(2),
};

/** By function name (Kubernetes' library/cost.go), whatever the overload. */
const BY_NAME: Costs = {
  check: () => 350_000,
  ...each('serviceAccount path group resource subresource namespace name allowed reason error errored', one),
  ...each('fieldSelector labelSelector', (args) => selectorCost(size(args, 1))),
  ...each('isSorted sum max min indexOf lastIndexOf', wholeData),
  ...each('url lowerAscii upperAscii substring trim jsonpatch.escapeKey cidr isIP isCIDR', first),
  ...each('quantity isQuantity semver isSemver', first),
  ...each('replace split ip.isCanonical', firstTwice),
  join: (_args, result) => Math.ceil(sizeOf(result) * 2 * STRING_FACTOR),
  ...each('find findAll', (args) => matching(size(args), size(args, 1))),
  ip: (args) => (args[0] instanceof Opaque ? 1 : traversal(size(args))),
  containsIP: (args) => contains(args, typeof args[1] === 'string', 0),
  containsCIDR: (args) => contains(args, typeof args[1] === 'string', 1),
  validate: (args) => (args[0] instanceof NamedFormat ? matching(size(args, 1), args[0].patternSize) : 1),
  '_==_': equality,
};

/** By overload id, for what nobody else has a cost (cel-go's cost tracker). */
const STANDARD: Costs = {
  ...each('starts_with_string ends_with_string string_to_bytes bytes_to_string strings_quote string_format', first),
  in_list: (args) => size(args, 1),
  ...each(
    ['less', 'greater', 'less_equals', 'greater_equals'].flatMap((n) => [`${n}_string`, `${n}_bytes`]).join(' '),
    smaller,
  ),
  not_equals: smaller,
  ...each('add_string add_bytes', (args) => traversal(size(args) + size(args, 1))),
  matches_string: (args) => matching(size(args), size(args, 1)),
  contains_string: (args) => traversal(size(args)) * traversal(size(args, 1)),
};

const lookUp = (costs: Costs, key: string): CallCost | undefined =>
  Object.hasOwn(costs, key) ? costs[key] : undefined;

/** What calls of a function cost that may be any of some overloads; undefined: always 1. */
export function callCost(name: string, overloads: readonly string[]): CallCost | undefined {
  const [id] = overloads;
  const only = overloads.length === 1 && id !== undefined ? id : '';
  return lookUp(TRACKED, only) ?? lookUp(BY_NAME, name) ?? lookUp(STANDARD, only);
}
