import type { Environment } from '../check/environment.js';
import { callCost, LIST_COST, MAP_COST, STRUCT_COST } from '../cost/call-cost.js';
import { CONVERSIONS } from '../library/convert.js';
import { ACCUMULATOR } from '../syntax/macros.js';
import { type Expr, type ExprOf, isAccess, isEmptyLiteral, qualifiedName } from '../syntax/ast.js';
import { compileRe2, Re2SyntaxError } from '../../machinery/re2.js';
import {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  EntryMap,
  GrowingList,
  keyOf,
  Optional,
  typeName,
  TypeValue,
  type Value,
} from '../values/value.js';
import { hasField, indexOf, keyText, optionalIndex, selectOf } from './access.js';
import { dispatcher } from './dispatch.js';
import { Frame, type Step } from './frame.js';
import { access, conditional, logical, notIterable, optionalOr, quantifierStep } from './steps.js';

/** An expression that can be compiled, but whose constants cannot be computed; the message is cel-go's. */
export class PlanError extends Error {}

/** Where local variables of the loops around are kept, by name; `growing`: the list or map that a loop collects. */
interface Scope {
  readonly slots: ReadonlyMap<string, number>;
  readonly growing: ReadonlySet<number>;
}

/** A step whose value does not depend on anything. */
interface Constant {
  readonly value: Value;
}

/** Functions that take a pattern as their second argument. */
const PATTERNS: ReadonlySet<string> = new Set(['matches', 'find', 'findAll']);

export class Planner {
  /** Local variables that are needed at once. */
  slots = 0;
  private readonly constants = new WeakMap<Step, Constant>();

  constructor(private readonly env: Environment) {}

  private constant(value: Value): Step {
    const step: Step = () => value;
    this.constants.set(step, { value });
    return step;
  }

  private valueOf(step: Step): Constant | undefined {
    return this.constants.get(step);
  }

  /** Makes a step of a checked expression. Throws PlanError. */
  plan(e: Expr, scope: Scope = { slots: new Map(), growing: new Set() }): Step {
    if (e.reference !== undefined && e.kind !== 'struct') return this.variable(e.reference, scope);
    switch (e.kind) {
      case 'unspecified':
        return this.constant(new CelError('unspecified expression'));
      case 'literal':
        return this.constant(e.value);
      case 'ident':
        return this.variable(e.name, scope);
      case 'select':
        return this.select(e, scope);
      case 'call':
        return this.call(e, scope);
      case 'list':
        return this.list(e, scope);
      case 'map':
        return this.map(e, scope);
      case 'struct':
        return this.struct(e, scope);
      case 'comprehension':
        return this.comprehension(e, scope);
    }
  }

  private variable(name: string, scope: Scope): Step {
    const slot = scope.slots.get(name);
    if (slot !== undefined) {
      return (f) => {
        f.charge(1);
        return f.locals[slot] as Value;
      };
    }
    if (!this.env.variables.has(name)) {
      const type = this.env.types.get(name);
      return this.constant(new TypeValue(type?.name ?? name));
    }
    return (f) => {
      f.charge(1);
      const v = f.resolve(name);
      return v === undefined ? new CelError(`no such attribute(s): ${name}`) : v;
    };
  }

  private select(e: ExprOf<'select'>, scope: Scope): Step {
    const { field } = e;
    const operand = this.plan(e.operand, scope);
    if (e.testOnly) return (f) => hasField(operand(f), field);
    // A selection from what is no chain of names is one access more.
    const cost = qualifiedName(e) === undefined && !isAccess(e.operand) ? 2 : 1;
    return (f) => {
      const v = operand(f);
      f.charge(cost);
      return selectOf(v, field);
    };
  }

  private call(e: ExprOf<'call'>, scope: Scope): Step {
    const all = e.qualified === undefined && e.target !== undefined ? [e.target, ...e.args] : e.args;
    const name = e.qualified ?? e.name;
    const collected = this.collected(name, all, scope);
    if (collected !== undefined) return collected;
    const args = all.map((arg) => this.plan(arg, scope));
    const [a, b, c] = args;
    switch (name) {
      case '_&&_':
        return logical(a as Step, b as Step, false);
      case '_||_':
        return logical(a as Step, b as Step, true);
      case '_?_:_':
        return conditional(a as Step, b as Step, c as Step);
      case '@not_strictly_false':
        return (f) => {
          const v = (a as Step)(f);
          f.charge(1);
          return v !== false;
        };
      case '_[_]':
        return access(a as Step, b as Step, indexOf);
      case '_[?_]':
      case '_?._':
        return access(a as Step, b as Step, optionalIndex);
      case 'or':
      case 'orValue':
        if (e.overloads[0]?.startsWith('optional_') === true) return optionalOr(a as Step, b as Step, name);
        break;
      default:
        break;
    }
    if (PATTERNS.has(name) && b !== undefined) this.checkPattern(this.valueOf(b));
    if (name === '@in' && b !== undefined && e.overloads.length === 1) {
      const member = this.membership(a as Step, b);
      if (member !== undefined) return member;
    }
    const step = this.functionCall(name, e.overloads, all, args);
    if (!CONVERSIONS.has(name) || args.length !== 1 || this.valueOf(a as Step) === undefined) return step;
    const value = step(new Frame(() => undefined, 0, Number.MAX_SAFE_INTEGER));
    if (value instanceof CelError) throw new PlanError(value.message);
    return this.constant(value);
  }

  private checkPattern(pattern: Constant | undefined): void {
    if (pattern === undefined || typeof pattern.value !== 'string') return;
    try {
      compileRe2(pattern.value);
    } catch (err) {
      if (err instanceof Re2SyntaxError) throw new PlanError(err.message);
      throw err;
    }
  }

  private functionCall(name: string, ids: readonly string[], all: readonly Expr[], args: readonly Step[]): Step {
    const fn = this.env.functions.get(name);
    if (fn === undefined) throw new PlanError(`no such overload: ${name}`);
    const run = dispatcher(
      fn,
      ids,
      all.map((arg) => arg.type),
    );
    const cost = callCost(name, ids);
    const [a, b] = args;
    if (args.length === 1 && a !== undefined) {
      return (f) => {
        const x = a(f);
        if (x instanceof CelError) return x;
        const result = run(x);
        f.charge(cost === undefined ? 1 : cost([x], result));
        return result;
      };
    }
    if (args.length === 2 && a !== undefined && b !== undefined) {
      const isSort = name === '@sortByAssociatedKeys';
      return (f) => {
        const x = a(f);
        if (x instanceof CelError) return x;
        const y = b(f);
        if (y instanceof CelError) return isSort ? SORT_FAILED : y;
        const result = run(x, y);
        f.charge(cost === undefined ? 1 : cost([x, y], result));
        return result;
      };
    }
    return (f) => {
      const values: Value[] = [];
      for (const arg of args) {
        const v = arg(f);
        if (v instanceof CelError) return v;
        values.push(v);
      }
      const result = run(...values);
      f.charge(cost === undefined ? 1 : cost(values, result));
      return result;
    };
  }

  /** `x in [...]` with constants is a look-up; it costs nothing (cel-go's optimizer). */
  private membership(item: Step, list: Step): Step | undefined {
    const constant = this.valueOf(list)?.value;
    if (!(constant instanceof CelList)) return undefined;
    const keys = new Set<string | bigint | boolean>();
    for (let i = 0; i < constant.size; i++) {
      const value = constant.at(i);
      const key = keyOf(value);
      if (key === undefined || typeof value === 'number') return undefined;
      keys.add(key);
    }
    return (f) => {
      const v = item(f);
      if (v instanceof CelError) return v;
      const key = keyOf(v);
      return key !== undefined && keys.has(key);
    };
  }

  /** `accumulator + [item]` within a loop that collects: the item is added in place. */
  private collected(name: string, args: readonly Expr[], scope: Scope): Step | undefined {
    const [a, b] = args;
    if (name !== '_+_' || a?.kind !== 'ident' || b?.kind !== 'list' || b.elements.length !== 1) return undefined;
    const slot = scope.slots.get(a.name);
    const [element] = b.elements;
    if (slot === undefined || element === undefined || !scope.growing.has(slot) || b.optionals.size > 0)
      return undefined;
    const item = this.plan(element, scope);
    const cost = this.valueOf(item) === undefined ? 2 + LIST_COST : 2;
    return (f) => {
      const accu = f.locals[slot] as Value;
      if (accu instanceof CelError) return accu;
      const v = item(f);
      f.charge(cost);
      if (v instanceof CelError) return v;
      (accu as GrowingList).items.push(v);
      return accu;
    };
  }

  private list(e: ExprOf<'list'>, scope: Scope): Step {
    const items = e.elements.map((item) => this.plan(item, scope));
    const constants = items.map((item) => this.valueOf(item));
    if (e.optionals.size === 0 && constants.every((c) => c !== undefined)) {
      return this.constant(new ArrayList(constants.map((c) => c.value)));
    }
    return (f) => {
      const out: Value[] = [];
      for (let i = 0; i < items.length; i++) {
        const v = (items[i] as Step)(f);
        if (v instanceof CelError) return v;
        if (!e.optionals.has(i)) out.push(v);
        else if (!(v instanceof Optional)) {
          return new CelError(`cannot initialize optional list element from non-optional value ${typeName(v)}`);
        } else if (v.value !== undefined) out.push(v.value);
      }
      f.charge(LIST_COST);
      return new ArrayList(out);
    };
  }

  private map(e: ExprOf<'map'>, scope: Scope): Step {
    const entries = e.entries.map((entry) => ({
      key: this.plan(entry.key, scope),
      value: this.plan(entry.value, scope),
      optional: entry.optional,
    }));
    const run: Step = (f) => {
      const out = new EntryMap();
      for (const entry of entries) {
        const key = entry.key(f);
        if (key instanceof CelError) return key;
        let value: Value | undefined = entry.value(f);
        if (value instanceof CelError) return value;
        if (entry.optional) {
          if (!(value instanceof Optional)) {
            return new CelError(
              `cannot initialize optional entry '${keyText(key)}' from non-optional value ${typeName(value)}`,
            );
          }
          value = value.value;
        }
        if (value !== undefined && !out.set(key, value)) return new CelError(`unsupported key type: ${typeName(key)}`);
      }
      f.charge(MAP_COST);
      return out;
    };
    const isConstant = entries.every(
      ({ key, value, optional }) => !optional && this.valueOf(key) !== undefined && this.valueOf(value) !== undefined,
    );
    if (!isConstant) return run;
    const value = run(new Frame(() => undefined, 0, Number.MAX_SAFE_INTEGER));
    return value instanceof CelError ? run : this.constant(value);
  }

  private struct(e: ExprOf<'struct'>, scope: Scope): Step {
    const { provider } = this.env;
    const name = e.type.name;
    if (provider.make === undefined) throw new PlanError(`unknown type: ${name}`);
    const fields = e.fields.map((field) => ({ ...field, step: this.plan(field.value, scope) }));
    return (f) => {
      const out = new Map<string, Value>();
      for (const field of fields) {
        const v = field.step(f);
        if (v instanceof CelError) return v;
        if (!field.optional) out.set(field.name, v);
        else if (!(v instanceof Optional)) {
          return new CelError(
            `cannot initialize optional entry '${field.name}' from non-optional value ${typeName(v)}`,
          );
        } else if (v.value !== undefined) out.set(field.name, v.value);
      }
      f.charge(STRUCT_COST);
      const made = provider.make?.(name, out);
      return made === undefined ? new CelError(`unknown type: ${name}`) : made;
    };
  }

  /** The loops of `all` and `exists`, which are most of the loops there are, without steps for what is always the same. */
  private quantifier(
    e: ExprOf<'comprehension'>,
    scope: Scope,
    range: Step,
    accu: number,
    iter: number,
    iter2: number | undefined,
  ): Step | undefined {
    const { condition, step } = e;
    if (condition.kind !== 'call' || condition.name !== '@not_strictly_false' || step.kind !== 'call') return undefined;
    const isAll = step.name === '_&&_';
    const [accumulated, body] = step.args;
    if (accumulated?.kind !== 'ident' || accumulated.name !== e.accuVar || body === undefined) return undefined;
    return quantifierStep(range, this.plan(body, scope), isAll, { accu, iter, iter2 });
  }

  private comprehension(e: ExprOf<'comprehension'>, scope: Scope): Step {
    const range = this.plan(e.range, scope);
    const collects = e.accuVar === ACCUMULATOR && isEmptyLiteral(e.accuInit);
    const init = this.plan(e.accuInit, scope);
    const start: Step = collects ? (e.accuInit.kind === 'list' ? () => new GrowingList() : () => new EntryMap()) : init;
    const accu = this.slots++;
    const iter = this.slots++;
    const iter2 = e.iterVar2 === undefined ? undefined : this.slots++;
    const growing = new Set(scope.growing);
    if (collects) growing.add(accu);
    const outer: Scope = { slots: new Map(scope.slots).set(e.accuVar, accu), growing };
    const names = new Map(outer.slots).set(e.iterVar, iter);
    if (e.iterVar2 !== undefined && iter2 !== undefined) names.set(e.iterVar2, iter2);
    const inner: Scope = { slots: names, growing };
    const quantified = this.quantifier(e, inner, range, accu, iter, iter2);
    if (quantified !== undefined) return quantified;
    const condition = this.plan(e.condition, inner);
    const step = this.plan(e.step, inner);
    const result = this.plan(e.result, outer);
    const endless = this.valueOf(condition)?.value;
    return (f) => {
      const over = range(f);
      if (over instanceof CelError) return over;
      f.locals[accu] = start(f);
      // A loop that is never run only gives its accumulator a name.
      if (endless === false) return result(f);
      const turn = (key: Value, value: Value | undefined): boolean => {
        f.locals[iter] = key;
        if (iter2 !== undefined) f.locals[iter2] = value ?? null;
        if (endless !== true && condition(f) === false) return false;
        f.locals[accu] = step(f);
        return true;
      };
      if (over instanceof CelList) {
        const n = over.size;
        for (let i = 0; i < n; i++) {
          if (!(iter2 === undefined ? turn(over.at(i), undefined) : turn(BigInt(i), over.at(i)))) break;
        }
      } else if (over instanceof CelMap) {
        for (const key of over.keys()) if (!turn(key, iter2 === undefined ? undefined : over.get(key))) break;
      } else return notIterable(over);
      return result(f);
    };
  }
}

/** What cel-go says when the keys of `sortBy` are in error. */
const SORT_FAILED = new CelError(
  'internal error: interface conversion: *types.Err is not traits.Lister: missing method Add',
);
