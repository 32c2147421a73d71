import type { FunctionDecl, Implementation, Overload } from '../check/environment.js';
import { type CelType, isDyn, isOptional } from '../check/types.js';
import {
  NO_OVERLOAD,
  CelError,
  CelList,
  CelMap,
  Duration,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  typeName,
  Uint,
  type Value,
} from '../values/value.js';

/** Whether a value can be what an overload wants; of a list its first element is looked at, as cel-go does. */
function fits(type: CelType, v: Value): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
    case 'error':
      return true;
    case 'null':
      return v === null;
    case 'bool':
      return typeof v === 'boolean';
    case 'int':
      return typeof v === 'bigint';
    case 'uint':
      return v instanceof Uint;
    case 'double':
      return typeof v === 'number';
    case 'string':
      return typeof v === 'string';
    case 'bytes':
      return v instanceof Uint8Array;
    case 'timestamp':
      return v instanceof Timestamp;
    case 'duration':
      return v instanceof Duration;
    case 'list':
      return v instanceof CelList && (v.size === 0 || fits(type.params[0] as CelType, v.at(0)));
    case 'map':
      return v instanceof CelMap;
    case 'type':
      return v instanceof TypeValue;
    case 'struct':
      return (v instanceof Opaque || v instanceof CelMap) && v.typeName === type.name;
    case 'opaque':
      return isOptional(type) ? v instanceof Optional : v instanceof Opaque && v.typeName === type.name;
  }
}

/** Loops rather than closures: sums and comparisons of what has no known type come by here each time. */
function takes(o: Overload, args: readonly Value[]): boolean {
  for (let i = 0; i < o.args.length; i++) {
    const t = o.args[i] as CelType;
    const v = args[i] as Value;
    if (o.anyElements === true && t.kind === 'list' ? !(v instanceof CelList) : !fits(t, v)) return false;
  }
  return true;
}

/** Whether the checker has made sure already that an argument is what an overload wants. */
function isCertain(wanted: CelType, given: CelType): boolean {
  if (isDyn(wanted) || wanted.kind === 'param') return true;
  if (wanted.kind !== given.kind || given.kind === 'null') return false;
  return wanted.kind !== 'list' || isCertain(wanted.params[0] as CelType, given.params[0] as CelType);
}

/** Operators whose error names only the operator, when their first operand is of a type that none of them takes. */
const OPERATORS: ReadonlySet<string> = new Set([
  '_+_',
  '_-_',
  '_*_',
  '_/_',
  '_%_',
  '-_',
  '_<_',
  '_<=_',
  '_>_',
  '_>=_',
  'size',
]);

/** What a call of a function says that none of its overloads takes. */
function noOverload(fn: FunctionDecl, args: readonly Value[]): CelError {
  if (!OPERATORS.has(fn.name)) return new CelError(`no such overload: ${fn.name}(${args.map(typeName).join(', ')})`);
  const takesFirst = fn.overloads.some((o) => fits(o.args[0] as CelType, args[0] as Value));
  return takesFirst && args.length > 1 ? NO_OVERLOAD : new CelError(`no such overload: ${fn.name}`);
}

/** The one function that a call runs: the overload that the checker found, or a choice among several by their arguments. */
export function dispatcher(fn: FunctionDecl, ids: readonly string[], given: readonly CelType[]): Implementation {
  const candidates = fn.overloads.filter((o) => ids.includes(o.id));
  const [only] = candidates;
  if (candidates.length === 1 && only !== undefined && only.args.every((t, i) => isCertain(t, given[i] as CelType))) {
    return only.run;
  }
  // Comparisons look at their operands themselves.
  const runsAlike = only !== undefined && candidates.length > 1 && candidates.every((o) => o.run === only.run);
  if (runsAlike && OPERATORS.has(fn.name) && given.length === 2) {
    return (...args) => {
      const result = only.run(...args);
      return result === NO_OVERLOAD ? noOverload(fn, args) : result;
    };
  }
  const choose = (args: readonly Value[]): Overload | undefined => candidates.find((o) => takes(o, args));
  // Of what is no object the type alone decides: in loops over data without a schema it is the same each time.
  const chosen: { [type: string]: Overload | undefined } = {};
  return (...args) => {
    const [x, y] = args;
    const type = typeof x;
    const found =
      args.length === 2 && type !== 'object' && type === typeof y ? (chosen[type] ??= choose(args)) : choose(args);
    return found === undefined ? noOverload(fn, args) : found.run(...args);
  };
}
