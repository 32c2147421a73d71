import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { deepEqual } from '../machinery/equal.js';

type Step =
  | { readonly k: 'name'; readonly name: string }
  | { readonly k: 'index'; readonly at: number }
  | { readonly k: 'all' }
  | { readonly k: 'filter'; readonly left: JsonPath; readonly op: string; readonly right: JsonValue | undefined };

/** How many more values paths may look at. */
export interface Looks {
  left: number;
}

/** A compiled path: the first value that it leads to; undefined too when there are no more looks. */
export type JsonPath = (root: JsonValue | undefined, looks: Looks) => JsonValue | undefined;

const NAME = /^\.((?:[^.[\\]|\\.)+)/;
const QUOTED = /^\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/;
const INDEX = /^\[(-?\d+)\]/;
const ALL = /^(?:\[\*\]|\.\*)/;
const FILTER = /^\[\?\(\s*@((?:\.[^\s=!<>)]+|\[[^\]]*\])*)\s*(?:(==|!=|<=|>=|<|>)\s*([^)]*?)\s*)?\)\]/;

function literal(text: string): JsonValue {
  const quoted = /^'(.*)'$|^"(.*)"$/.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? '';
  if (text === 'true' || text === 'false') return text === 'true';
  const n = Number(text);
  return text === '' || Number.isNaN(n) ? text : n;
}

/**
 * Compiles the part of JSONPath that custom resources use: names, quoted names, indexes, `[*]`, and filters that compare
 * one path with a literal. Undefined when the text is another.
 */
export function compileJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  let rest = text
    .trim()
    .replace(/^\{(.*)\}$/s, '$1')
    .replace(/^\$/, '');
  if (rest !== '' && !/^[.[]/.test(rest)) rest = `.${rest}`;
  while (rest !== '' && rest !== '.') {
    let m = ALL.exec(rest);
    if (m !== null) steps.push({ k: 'all' });
    else if ((m = FILTER.exec(rest)) !== null) {
      const left = compileJsonPath(m[1] ?? '');
      if (left === undefined) return undefined;
      steps.push({ k: 'filter', left, op: m[2] ?? '', right: m[3] === undefined ? undefined : literal(m[3]) });
    } else if ((m = INDEX.exec(rest)) !== null) steps.push({ k: 'index', at: Number(m[1]) });
    else if ((m = QUOTED.exec(rest)) !== null) {
      // client-go's jsonpath reads ['a.b'] as .a.b: a dot in a name has to be escaped, as in .a\.b
      rest = `.${m[1] ?? m[2] ?? ''}${rest.slice(m[0].length)}`;
      continue;
    } else if ((m = NAME.exec(rest)) !== null) {
      steps.push({ k: 'name', name: (m[1] ?? '').replace(/\\(.)/g, '$1') });
    } else return undefined;
    rest = rest.slice(m[0].length);
  }
  return (root, looks) => (root === undefined ? undefined : first(root, steps, 0, looks));
}

/** The first value that the steps from `at` on lead to. */
function first(value: JsonValue, steps: readonly Step[], at: number, looks: Looks): JsonValue | undefined {
  const step = steps[at];
  if (step === undefined) return value;
  switch (step.k) {
    case 'name': {
      const v = isObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
      return v === undefined ? undefined : first(v, steps, at + 1, looks);
    }
    case 'index': {
      const v = Array.isArray(value) ? value.at(step.at) : undefined;
      return v === undefined ? undefined : first(v, steps, at + 1, looks);
    }
    case 'all':
      return firstOf(Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [], steps, at, looks);
    case 'filter':
      return firstOf(Array.isArray(value) ? value : [], steps, at, looks, step);
  }
}

function firstOf(
  items: readonly (JsonValue | undefined)[],
  steps: readonly Step[],
  at: number,
  looks: Looks,
  filter?: Extract<Step, { k: 'filter' }>,
): JsonValue | undefined {
  for (const item of items) {
    if (--looks.left < 0) return undefined;
    if (item === undefined) continue;
    if (filter !== undefined && !passes(filter.left(item, looks), filter.op, filter.right)) continue;
    const found = first(item, steps, at + 1, looks);
    if (found !== undefined) return found;
  }
  return undefined;
}

function passes(left: JsonValue | undefined, op: string, right: JsonValue | undefined): boolean {
  if (op === '') return left !== undefined;
  if (left === undefined || left === null) return false;
  const isEqual = (): boolean => (typeof left === 'string' ? left === right : deepEqual(left, right));
  if (op === '==') return isEqual();
  if (op === '!=') return !isEqual();
  if (right === undefined || right === null || typeof left === 'object' || typeof left !== typeof right) return false;
  if (op === '<') return left < right;
  if (op === '<=') return left <= right;
  return op === '>' ? left > right : left >= right;
}

/** The names of a simple path such as `.spec.replicas`; undefined for one that is not simple. */
export function simplePath(text: string): string[] | undefined {
  const names: string[] = [];
  let rest = text;
  while (rest !== '') {
    const m = QUOTED.exec(rest) ?? NAME.exec(rest);
    if (m === null) return undefined;
    names.push((m[1] ?? m[2] ?? '').replace(/\\(.)/g, '$1'));
    rest = rest.slice(m[0].length);
  }
  return names.length === 0 ? undefined : names;
}

/** The value at a simple path. */
export function valueAt(object: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}
