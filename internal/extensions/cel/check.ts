import type { Expression } from './ast.js';
import type { Problem } from './lexer.js';
import { FUNCTIONS, NAMESPACES, TYPE_NAMES } from './library.js';
import { structName } from './parser.js';
import {
  BOOL,
  type CelType,
  DYN,
  INT,
  isLoose,
  joined,
  listOf,
  mapOf,
  mayBeSame,
  scalar,
  type ScalarName,
  typeText,
  UNKNOWN,
} from './types.js';

/** What names an expression may use. */
export interface CelEnvironment {
  readonly variables: ReadonlyMap<string, CelType>;
  /** Whether a struct of that name can be made. */
  readonly isStruct?: (name: string) => boolean;
}

type Scope = ReadonlyMap<string, CelType>;

/** Macros over the elements of a list or map: how many names they bind, at most. */
const COMPREHENSIONS: Readonly<Record<string, (item: CelType, result: CelType) => CelType>> = {
  all: () => BOOL,
  exists: () => BOOL,
  exists_one: () => BOOL,
  existsOne: () => BOOL,
  filter: (item) => listOf(item),
  map: (_item, result) => listOf(result),
  transformList: (_item, result) => listOf(result),
  transformMap: () => UNKNOWN,
  transformMapEntry: () => UNKNOWN,
  sortBy: (item) => listOf(item),
  optMap: () => UNKNOWN,
  optFlatMap: () => UNKNOWN,
};

const COMPARISONS = new Set(['_<_', '_<=_', '_>=_', '_>_']);
const NUMERIC: ReadonlySet<ScalarName> = new Set(['int', 'uint', 'double']);
const T = 'google.protobuf.Timestamp';
const D = 'google.protobuf.Duration';

/** Results of arithmetic on scalars of two types. */
const ARITHMETIC: Readonly<Record<string, Readonly<Record<string, ScalarName>>>> = {
  '_+_': {
    'int int': 'int',
    'uint uint': 'uint',
    'double double': 'double',
    'string string': 'string',
    'bytes bytes': 'bytes',
    [`${T} ${D}`]: T,
    [`${D} ${T}`]: T,
    [`${D} ${D}`]: D,
  },
  '_-_': {
    'int int': 'int',
    'uint uint': 'uint',
    'double double': 'double',
    [`${T} ${D}`]: T,
    [`${T} ${T}`]: D,
    [`${D} ${D}`]: D,
  },
  '_*_': { 'int int': 'int', 'uint uint': 'uint', 'double double': 'double' },
  '_/_': { 'int int': 'int', 'uint uint': 'uint', 'double double': 'double' },
  '_%_': { 'int int': 'int', 'uint uint': 'uint' },
};

const either = (a: CelType, b: CelType): CelType => (a.kind === 'unknown' || b.kind === 'unknown' ? UNKNOWN : DYN);

class Checker {
  readonly problems: Problem[] = [];

  constructor(private readonly environment: CelEnvironment) {}

  private undeclared(at: number, name: string): CelType {
    this.problems.push({ at, message: `undeclared reference to '${name}' (in container '')` });
    return UNKNOWN;
  }

  private noOverload(at: number, name: string, args: readonly CelType[], target?: CelType): CelType {
    const list = args.map(typeText).join(', ');
    const applied = target === undefined ? `(${list})` : `${typeText(target)}.(${list})`;
    this.problems.push({ at, message: `found no matching overload for '${name}' applied to '${applied}'` });
    return UNKNOWN;
  }

  check(e: Expression, scope: Scope): CelType {
    switch (e.kind) {
      case 'literal':
        return scalar(e.type === 'null_type' ? 'null' : e.type);
      case 'identifier':
        return this.identifier(e.at, e.name, scope);
      case 'select':
        return this.select(e, scope);
      case 'call':
        return this.call(e, scope);
      case 'list': {
        const types = e.items.map((item) => this.check(item, scope));
        const [first, ...more] = types;
        return listOf(first === undefined ? DYN : more.reduce(joined, first));
      }
      case 'map': {
        const pairs = e.entries.map(([k, v]) => [this.check(k, scope), this.check(v, scope)] as const);
        const [first, ...more] = pairs;
        if (first === undefined) return mapOf(DYN, DYN);
        return mapOf(
          more.reduce((t, [k]) => joined(t, k), first[0]),
          more.reduce((t, [, v]) => joined(t, v), first[1]),
        );
      }
      case 'struct': {
        for (const [, value] of e.fields) this.check(value, scope);
        if (this.environment.isStruct?.(e.name) === true || e.name.startsWith('google.protobuf.')) return UNKNOWN;
        return this.undeclared(e.at, e.name);
      }
    }
  }

  private identifier(at: number, name: string, scope: Scope): CelType {
    const plain = name.startsWith('.') ? name.slice(1) : name;
    const type = (name === plain ? scope.get(plain) : undefined) ?? this.environment.variables.get(plain);
    if (type !== undefined) return type;
    return TYPE_NAMES.has(plain) ? UNKNOWN : this.undeclared(at, plain);
  }

  private select(e: Expression & { kind: 'select' }, scope: Scope): CelType {
    // A variable may have a dot in its name: authorizer.requestResource.
    const whole = structName(e);
    const known = whole === undefined ? undefined : this.environment.variables.get(whole);
    if (known !== undefined) return known;
    if (whole !== undefined && this.isNamespace(whole, scope)) return UNKNOWN;
    const operand = this.check(e.operand, scope);
    if (e.optional || isLoose(operand)) return e.optional ? UNKNOWN : operand;
    if (operand.kind === 'map') return operand.of;
    if (operand.kind === 'object') {
      const field = operand.fields.get(e.field);
      if (field !== undefined) return field;
      this.problems.push({ at: e.at, message: `undefined field '${e.field}'` });
      return UNKNOWN;
    }
    const message = `type '${typeText(operand)}' does not support field selection`;
    this.problems.push({ at: e.at, message });
    return UNKNOWN;
  }

  private isNamespace(name: string, scope: Scope): boolean {
    const [first = ''] = name.split('.');
    return NAMESPACES.has(first) && !scope.has(first) && !this.environment.variables.has(first);
  }

  private call(e: Expression & { kind: 'call' }, scope: Scope): CelType {
    const { name, target, args } = e;
    if (target === undefined) return name === 'has' ? this.presence(e, scope) : this.global(e, scope);
    const whole = structName(target);
    if (whole === 'cel' && name === 'bind' && args.length === 3) return this.bind(args, scope);
    const qualified = whole === undefined ? '' : `${whole}.${name}`;
    const global = FUNCTIONS.get(qualified);
    if (global !== undefined && !scope.has(whole ?? '') && !this.environment.variables.has(whole ?? '')) {
      for (const arg of args) this.check(arg, scope);
      return global;
    }
    const comprehension = COMPREHENSIONS[name];
    if (comprehension !== undefined && args.length >= 2) return this.comprehension(e, target, comprehension, scope);
    this.check(target, scope);
    for (const arg of args) this.check(arg, scope);
    return FUNCTIONS.get(name) ?? (name === 'sortBy' ? UNKNOWN : this.undeclared(e.at, name));
  }

  /** `has(a.b)`: whether the field is there; it must still be one that can be. */
  private presence(e: Expression & { kind: 'call' }, scope: Scope): CelType {
    const [arg] = e.args;
    if (e.args.length !== 1 || arg?.kind !== 'select') {
      this.problems.push({ at: arg?.at ?? e.at, message: 'invalid argument to has() macro' });
      return BOOL;
    }
    this.check(arg, scope);
    return BOOL;
  }

  private bind([name, value, body]: readonly Expression[], scope: Scope): CelType {
    if (name?.kind !== 'identifier' || value === undefined || body === undefined) return UNKNOWN;
    return this.check(body, new Map([...scope, [name.name, this.check(value, scope)]]));
  }

  private comprehension(
    e: Expression & { kind: 'call' },
    target: Expression,
    resultOf: (item: CelType, result: CelType) => CelType,
    scope: Scope,
  ): CelType {
    const range = this.check(target, scope);
    const [first, second] = e.args;
    // Two names: index and value of a list, key and value of a map.
    const isPair = e.args.length >= 3 && second?.kind === 'identifier' && e.name !== 'map' && e.name !== 'filter';
    const bodies = e.args.slice(isPair ? 2 : 1);
    if (first?.kind !== 'identifier') {
      this.problems.push({ at: first?.at ?? e.at, message: 'argument is not an identifier' });
      return UNKNOWN;
    }
    const item = range.kind === 'list' ? range.of : range.kind === 'map' ? range.key : isLoose(range) ? range : UNKNOWN;
    const inner = new Map(scope);
    if (isPair && second?.kind === 'identifier') {
      inner.set(first.name, range.kind === 'list' ? INT : item);
      inner.set(second.name, range.kind === 'map' ? range.of : item);
    } else inner.set(first.name, e.name.startsWith('opt') ? UNKNOWN : item);
    const types = bodies.map((body) => this.check(body, inner));
    return resultOf(item, types.at(-1) ?? UNKNOWN);
  }

  private global(e: Expression & { kind: 'call' }, scope: Scope): CelType {
    const args = e.args.map((arg) => this.check(arg, scope));
    const [a = UNKNOWN, b = UNKNOWN, c = UNKNOWN] = args;
    const { name, at } = e;
    if (COMPARISONS.has(name)) return this.comparison(at, name, a, b);
    if (ARITHMETIC[name] !== undefined) return this.arithmetic(at, name, a, b);
    switch (name) {
      case '_==_':
      case '_!=_':
        if (!mayBeSame(a, b)) this.noOverload(at, name, args);
        return BOOL;
      case '_&&_':
      case '_||_':
      case '!_':
        if (args.some((t) => !isLoose(t) && !mayBeSame(t, BOOL))) this.noOverload(at, name, args);
        return BOOL;
      case '-_':
        if (isLoose(a)) return a;
        return a.kind === 'scalar' && NUMERIC.has(a.name) && a.name !== 'uint' ? a : this.noOverload(at, name, args);
      case '_?_:_':
        if ((!isLoose(a) && !mayBeSame(a, BOOL)) || !mayBeSame(b, c)) return this.noOverload(at, name, args);
        return isLoose(b) || isLoose(c) ? either(b, c) : b;
      case '@in':
        if (!isLoose(b) && b.kind !== 'list' && b.kind !== 'map') this.noOverload(at, name, args);
        else if (b.kind === 'list' && !mayBeSame(a, b.of)) this.noOverload(at, name, args);
        else if (b.kind === 'map' && !mayBeSame(a, b.key)) this.noOverload(at, name, args);
        return BOOL;
      case '_[_]':
      case '_[?_]':
        return name === '_[_]' ? this.index(at, a, b) : UNKNOWN;
      default:
        return FUNCTIONS.get(name.replace(/^\./, '')) ?? this.undeclared(at, name.replace(/^\./, ''));
    }
  }

  private index(at: number, a: CelType, b: CelType): CelType {
    if (isLoose(a)) return a;
    if (a.kind === 'list' && (isLoose(b) || mayBeSame(b, INT))) return a.of;
    if (a.kind === 'map' && mayBeSame(a.key, b)) return a.of;
    return this.noOverload(at, '_[_]', [a, b]);
  }

  private comparison(at: number, name: string, a: CelType, b: CelType): CelType {
    if (isLoose(a) || isLoose(b)) return BOOL;
    const fits =
      a.kind === 'scalar' &&
      b.kind === 'scalar' &&
      a.name !== 'null' &&
      (a.name === b.name || (NUMERIC.has(a.name) && NUMERIC.has(b.name)));
    if (!fits) this.noOverload(at, name, [a, b]);
    return BOOL;
  }

  private arithmetic(at: number, name: string, a: CelType, b: CelType): CelType {
    if (isLoose(a) || isLoose(b)) return either(a, b);
    if (a.kind === 'list' && b.kind === 'list' && name === '_+_') return joined(a, b).kind === 'list' ? a : listOf(DYN);
    const result = a.kind === 'scalar' && b.kind === 'scalar' ? ARITHMETIC[name]?.[`${a.name} ${b.name}`] : undefined;
    return result === undefined ? this.noOverload(at, name, [a, b]) : scalar(result);
  }
}

/** The type of an expression, and what is wrong with the names and types in it. */
export function checkExpression(
  e: Expression,
  environment: CelEnvironment,
): { type: CelType; problems: readonly Problem[] } {
  const checker = new Checker(environment);
  const type = checker.check(e, new Map());
  return { type, problems: [...checker.problems].sort((a, b) => a.at - b.at) };
}
