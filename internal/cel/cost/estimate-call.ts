import { isOptional, sameType, type CelType } from '../check/types.js';
import type { Expr } from '../syntax/ast.js';
import { LIST_COST, PATTERN_FACTOR, STRING_FACTOR, STRUCT_COST } from './call-cost.js';
import { fixed, MAX, ONE, plus, type Range, scaled, times, UNKNOWN, ZERO } from './range.js';

/** What is known of an argument when a cost is estimated. */
export interface Node {
  readonly type: CelType;
  /** From a variable down: names of fields, `@items`, `@keys`, `@values`. Empty when it comes from no variable. */
  readonly path: readonly string[];
  readonly size: Range | undefined;
  readonly expr: Expr | undefined;
}

/** The estimated cost of a call without its arguments, and the size of its result. */
export interface CallEstimate {
  readonly cost: Range;
  readonly size?: Range;
}

/** Tells the size of what is at a path of a variable, when the schema bounds it. */
export type SizeOf = (node: Node) => Range | undefined;

/** One call: its arguments, a target apart. */
export interface Call {
  readonly name: string;
  readonly overload: string;
  readonly target: Node | undefined;
  readonly args: readonly Node[];
  readonly sizeOf: SizeOf;
}

const size = (c: Call, node: Node): Range => node.size ?? c.sizeOf(node) ?? UNKNOWN;
const text = (r: Range): Range => scaled(r, STRING_FACTOR);
const nominal = (): CallEstimate => ({ cost: ONE });
type Estimate = (c: Call) => CallEstimate | undefined;

const target = (c: Call, run: (t: Node) => CallEstimate | undefined): CallEstimate | undefined =>
  c.target === undefined ? undefined : run(c.target);
const argument = (c: Call, run: (a: Node) => CallEstimate | undefined): CallEstimate | undefined => {
  const [a] = c.args;
  return a === undefined ? undefined : run(a);
};

function elementOf(list: Node): Node | undefined {
  const [type] = list.type.params;
  if (type === undefined) return undefined;
  return { type, path: list.path.length > 0 ? [...list.path, '@items'] : [], size: undefined, expr: undefined };
}

const traversal: Estimate = (c) =>
  target(c, (t) => {
    const element = elementOf(t);
    if (element === undefined) return { cost: text(size(c, t)) };
    const isText = element.type.kind === 'string' || element.type.kind === 'bytes';
    return { cost: times(size(c, t), isText ? plus(ONE, text(size(c, element))) : ONE) };
  });

const firstArgument =
  (factor: number, sized = false): Estimate =>
  (c) =>
    argument(c, (a) => ({ cost: scaled(size(c, a), factor), ...(sized ? { size: size(c, a) } : {}) }));
const ofTarget: Estimate = (c) => target(c, (t) => ({ cost: text(size(c, t)), size: size(c, t) }));

/** How often a text is replaced, and what of it stays, in the extreme. */
function replaced(text: number, old: number, by: number, longest: boolean): { count: number; kept: number } {
  if (old === 0) return { count: text < MAX ? text + 1 : text, kept: text };
  if (longest ? by <= old : old <= by) return { count: 0, kept: text };
  return { count: Math.ceil(text / old), kept: 0 };
}

const replace: Estimate = (c) =>
  target(c, (t) => {
    const [a, b] = c.args;
    if (a === undefined || b === undefined) return undefined;
    const [whole, old, by] = [size(c, t), size(c, a), size(c, b)];
    const most = replaced(whole.max, old.min, by.max, true);
    // The shortest: the longest parts are replaced by the shortest ones.
    const least = replaced(whole.min, old.max, by.min, false);
    const count = { min: least.count, max: most.count };
    const result = plus(times(count, by), { min: least.kept, max: most.kept });
    return { cost: scaled(whole, 2 * STRING_FACTOR), size: result };
  });

const split: Estimate = (c) =>
  target(c, (t) => {
    const whole = size(c, t);
    const limit = c.args[1]?.expr;
    const given = limit?.kind === 'literal' && typeof limit.value === 'bigint' ? limit.value : undefined;
    const max = given === undefined ? whole.max : given < 0n ? MAX : Number(given);
    return { cost: scaled(whole, 2 * STRING_FACTOR), size: { min: 0, max } };
  });

const join: Estimate = (c) =>
  target(c, (t) => {
    const items = size(c, t);
    const element = elementOf(t);
    let total = element === undefined ? ZERO : times(items, size(c, element));
    const [separator] = c.args;
    if (separator !== undefined) {
      const gaps = { min: Math.max(items.min - 1, 0), max: items.max === MAX ? MAX : Math.max(items.max - 1, 0) };
      total = plus(total, times(size(c, separator), gaps));
    }
    return { cost: text(total), size: total };
  });

const find: Estimate = (c) =>
  target(c, (t) =>
    argument(c, (pattern) => ({
      cost: times(text(plus(size(c, t), ONE)), scaled(size(c, pattern), PATTERN_FACTOR)),
      size: { min: 0, max: size(c, t).max },
    })),
  );

/** Addresses have 4 or 16 bytes. */
const ADDRESS: Range = { min: 4, max: 16 };

const within =
  (isCidr: boolean): Estimate =>
  (c) =>
    argument(c, (a) => {
      let cost = text(plus(ADDRESS, ADDRESS));
      if (isCidr) cost = plus(plus(cost, text(ADDRESS)), ONE);
      if (c.overload.endsWith('_string')) cost = plus(cost, text(size(c, a)));
      return { cost };
    });

const selector: Estimate = (c) =>
  argument(c, (a) => {
    const requirements = scaled(scaled(size(c, a), 0.5), LIST_COST + STRUCT_COST);
    return { cost: plus(plus(fixed(LIST_COST), text(size(c, a))), requirements) };
  });

const SIMPLE_EQUALITY = /^(?:net\.(?:IP|CIDR)|kubernetes\.(?:Quantity|Semver|authorization\..*))$/;

const equality: Estimate = (c) => {
  const [a, b] = c.args;
  if (a === undefined || b === undefined || !sameType(a.type, b.type)) return undefined;
  if (SIMPLE_EQUALITY.test(a.type.name)) return nominal();
  if (a.type.name === 'kubernetes.NamedFormat') return { cost: text({ min: 1, max: 64 }) };
  if (a.type.name === 'kubernetes.URL') return { cost: text({ min: 1, max: b.size?.max ?? 1 }) };
  return undefined;
};

/** Longest pattern of a named format that estimates assume. */
const FORMAT_PATTERN = 128;

type Table = Readonly<Record<string, Estimate>>;
const each = (names: string, e: Estimate): Table => Object.fromEntries(names.split(' ').map((n) => [n, e]));

/** Kubernetes' estimates by function name (library/cost.go). */
const BY_NAME: Table = {
  check: () => ({ cost: fixed(350_000) }),
  ...each('serviceAccount path group resource subresource namespace name allowed reason error errored', nominal),
  ...each('fieldSelector labelSelector', selector),
  ...each('isSorted sum max min indexOf lastIndexOf', traversal),
  ...each('url jsonpatch.escapeKey', firstArgument(STRING_FACTOR, true)),
  ...each('lowerAscii upperAscii substring trim', ofTarget),
  replace,
  split,
  join,
  ...each('find findAll', find),
  ...each('cidr isIP isCIDR quantity isQuantity semver isSemver', firstArgument(STRING_FACTOR)),
  ip: (c) => (c.overload === 'cidr_ip' ? nominal() : firstArgument(STRING_FACTOR)(c)),
  'ip.isCanonical': firstArgument(2 * STRING_FACTOR),
  ...each('masked prefixLength family isUnspecified isLoopback', nominal),
  ...each('isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast', nominal),
  containsIP: within(false),
  containsCIDR: within(true),
  validate: (c) => argument(c, (a) => ({ cost: scaled(text(size(c, a)), FORMAT_PATTERN * PATTERN_FACTOR) })),
  'format.named': nominal,
  ...each('sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub', nominal),
  ...each('major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery', nominal),
  '_==_': equality,
};

/** A call that makes a list. */
const allocating = (factor: number, n: Range): CallEstimate => ({
  cost: plus(scaled(n, factor), fixed(1 + LIST_COST)),
  size: n,
});

function literalInt(node: Node | undefined, otherwise: number): number {
  const e = node?.expr;
  if (e?.kind !== 'literal' || typeof e.value !== 'bigint' || e.value < 0n) return otherwise;
  return Number(e.value);
}

const sorting =
  (isText: boolean, byKeys: boolean): Estimate =>
  (c) => {
    const node = byKeys ? c.args[0] : c.target;
    if (node === undefined) return undefined;
    const n = size(c, node);
    return allocating(isText ? 2 + STRING_FACTOR : 2, times(n, n));
  };

const sets =
  (factor: number): Estimate =>
  (c) => {
    const [a, b] = c.args;
    if (a === undefined || b === undefined) return undefined;
    return { cost: plus(scaled(times(size(c, a), size(c, b)), factor), ONE) };
  };

/** cel-go's extensions, by overload. */
const BY_OVERLOAD: Table = {
  list_slice: (c) =>
    target(c, (t) => {
      const whole = size(c, t);
      return allocating(1, fixed(Math.max(literalInt(c.args[1], whole.max) - literalInt(c.args[0], 0), 0)));
    }),
  lists_range: (c) => allocating(1, fixed(literalInt(c.args[0], MAX))),
  list_reverse: (c) => target(c, (t) => allocating(1, size(c, t))),
  list_flatten: (c) => target(c, (t) => allocating(1, size(c, t))),
  list_flatten_int: (c) => target(c, (t) => allocating(literalInt(c.args[0], MAX), size(c, t))),
  list_distinct: (c) => target(c, (t) => allocating(2, times(size(c, t), size(c, t)))),
  ...Object.fromEntries(
    [
      'int',
      'uint',
      'double',
      'bool',
      'google.protobuf.Duration',
      'google.protobuf.Timestamp',
      'duration',
      'timestamp',
      'string',
      'bytes',
    ].flatMap((n) => [
      [`list_${n}_sort`, sorting(n === 'string' || n === 'bytes', false)],
      [`list_${n}_sortByAssociatedKeys`, sorting(n === 'string' || n === 'bytes', true)],
    ]),
  ),
  ...each('list_sets_contains_list list_sets_intersects_list', sets(1)),
  list_sets_equivalent_list: sets(2),
};

const smaller: Estimate = (c) => {
  const [a, b] = c.args;
  if (a === undefined || b === undefined) return undefined;
  const max = Math.min(sizeOnly(a), sizeOnly(b));
  return { cost: text({ min: max > 0 ? 1 : 0, max }) };
};
const sizeOnly = (n: Node): number => (n.size ?? UNKNOWN).max;
const own = (n: Node): Range => n.size ?? UNKNOWN;

/** CEL's own functions, by overload (cel-go's checker/cost.go); here only sizes count that are known already. */
const STANDARD: Table = {
  string_format: (c) => target(c, (t) => ({ cost: text(own(t)) })),
  string_to_bytes: (c) => argument(c, (a) => ({ cost: text(own(a)), size: times(own(a), { min: 1, max: 4 }) })),
  bytes_to_string: (c) =>
    argument(c, (a) => ({ cost: text(own(a)), size: { min: Math.floor(own(a).min / 4), max: own(a).max } })),
  strings_quote: (c) =>
    argument(c, (a) => ({ cost: text(own(a)), size: plus(times(own(a), { min: 1, max: 2 }), fixed(2)) })),
  ...each('starts_with_string ends_with_string', (c) => argument(c, (a) => ({ cost: text(own(a)) }))),
  in_list: (c) => (c.args[1] === undefined ? undefined : { cost: own(c.args[1]) }),
  matches_string: (c) =>
    target(c, (t) => argument(c, (a) => ({ cost: times(text(plus(own(t), ONE)), scaled(own(a), PATTERN_FACTOR)) }))),
  contains_string: (c) => target(c, (t) => argument(c, (a) => ({ cost: times(text(own(t)), text(own(a))) }))),
  ...each(
    ['less', 'greater', 'less_equals', 'greater_equals'].flatMap((n) => [`${n}_string`, `${n}_bytes`]).join(' '),
    smaller,
  ),
  ...each('equals not_equals', smaller),
};

const lookUp = (table: Table, key: string): Estimate | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** The estimate of a call, for the functions that an estimate is known of; undefined: it costs 1. */
export function estimateCall(c: Call): CallEstimate | undefined {
  return lookUp(BY_OVERLOAD, c.overload)?.(c) ?? lookUp(BY_NAME, c.name)?.(c) ?? lookUp(STANDARD, c.overload)?.(c);
}

/** The size of a value of a type whose values all have the same. */
export function sizeOfType(t: CelType): Range | undefined {
  if (isOptional(t)) return sizeOfType(t.params[0] as CelType);
  return ['bool', 'double', 'duration', 'int', 'timestamp', 'uint'].includes(t.kind) ? ONE : undefined;
}
