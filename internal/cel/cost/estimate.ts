import { childrenOf, type Expr, type ExprOf } from '../syntax/ast.js';
import { codePoints } from '../values/value.js';
import { ACCUMULATOR } from '../syntax/macros.js';
import { LIST_COST, MAP_COST, STRING_FACTOR, STRUCT_COST } from './call-cost.js';
import { estimateCall, type Node, type SizeOf, sizeOfType } from './estimate-call.js';
import { fixed, MAX, ONE, plus, type Range, scaled, sum, times, union, UNKNOWN, ZERO } from './range.js';

/** Sizes of the keys and values of a list or map. */
interface Entries {
  readonly isList: boolean;
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  readonly path: readonly string[];
  readonly size: Range | undefined;
  readonly entries: Entries | undefined;
}

type Scope = ReadonlyMap<string, Local>;

function literalSize(e: Expr): Range | undefined {
  switch (e.kind) {
    case 'literal':
      if (typeof e.value === 'string') return fixed(codePoints(e.value));
      return e.value instanceof Uint8Array ? fixed(e.value.length) : ONE;
    case 'list':
      return fixed(e.elements.length);
    case 'map':
      return fixed(e.entries.length);
    case 'call':
    case 'comprehension':
    case 'ident':
    case 'select':
    case 'struct':
    case 'unspecified':
    default:
      return undefined;
  }
}

const EMPTY: Range = { min: MAX, max: 0 };

/** Estimates the cost of an expression before it is evaluated (cel-go's checker/cost.go). */
class Estimator {
  private readonly paths = new Map<Expr, readonly string[]>();
  private readonly sizes = new Map<Expr, Range>();
  private readonly entrySizes = new Map<Expr, Entries>();

  constructor(private readonly sizeAt: SizeOf) {}

  cost(e: Expr, scope: Scope): Range {
    if (e.reference !== undefined && e.kind === 'select') {
      this.paths.set(e, [e.reference]);
      return ONE;
    }
    switch (e.kind) {
      case 'unspecified':
      case 'literal':
        return ZERO;
      case 'ident':
        this.paths.set(e, scope.get(e.name)?.path ?? [e.reference ?? e.name]);
        return ONE;
      case 'select':
        return this.select(e, scope);
      case 'call':
        return this.call(e, scope);
      case 'list':
        return this.list(e, scope);
      case 'map':
        return this.map(e, scope);
      case 'struct':
        return plus(sum(e.fields.map((f) => this.cost(f.value, scope))), fixed(STRUCT_COST));
      case 'comprehension':
        return isBinding(e) ? this.binding(e, scope) : this.comprehension(e, scope);
    }
  }

  private path(e: Expr, scope: Scope): readonly string[] {
    const local = e.kind === 'ident' ? scope.get(e.name) : undefined;
    return local?.path ?? this.paths.get(e) ?? [];
  }

  private node(e: Expr, scope: Scope): Node {
    const path = this.path(e, scope);
    return { type: e.type, path: path[0] === ACCUMULATOR ? [] : path, size: this.size(e, scope), expr: e };
  }

  private size(e: Expr, scope: Scope): Range | undefined {
    const known = this.sizes.get(e) ?? literalSize(e);
    if (known !== undefined) return known;
    const path = this.path(e, scope);
    const declared = this.sizeAt({ type: e.type, path, size: undefined, expr: e });
    if (declared !== undefined) {
      this.sizes.set(e, declared);
      return declared;
    }
    return sizeOfType(e.type) ?? (e.kind === 'ident' ? scope.get(e.name)?.size : undefined);
  }

  private entries(e: Expr, scope: Scope): Entries | undefined {
    return this.entrySizes.get(e) ?? (e.kind === 'ident' ? scope.get(e.name)?.entries : undefined);
  }

  private select(e: ExprOf<'select'>, scope: Scope): Range {
    const operand = this.cost(e.operand, scope);
    if (e.testOnly) return operand;
    this.paths.set(e, [...this.path(e.operand, scope), e.field]);
    return ['map', 'struct', 'param'].includes(e.operand.type.kind) ? plus(operand, ONE) : operand;
  }

  private call(e: ExprOf<'call'>, scope: Scope): Range {
    const target = e.qualified === undefined ? e.target : undefined;
    const name = e.qualified ?? e.name;
    const costs = e.args.map((arg) => this.cost(arg, scope));
    const [first] = e.args;
    if (name === 'dyn' && first !== undefined) {
      this.copySizes(e, first, scope);
      return plus(ONE, costs[0] ?? ZERO);
    }
    const args = e.args.map((arg) => this.node(arg, scope));
    if (e.overloads.length === 0) return ZERO;
    const before = target === undefined ? ZERO : this.cost(target, scope);
    const on = target === undefined ? undefined : this.node(target, scope);
    let cost = EMPTY;
    let size: Range | undefined;
    for (const overload of e.overloads) {
      const one = this.overload(e, name, overload, on, args, costs, scope);
      cost = union(cost, one.cost);
      if (one.size !== undefined) size = size === undefined ? one.size : union(size, one.size);
      if ((overload === 'index_list' || overload === 'index_map') && first !== undefined) {
        size = this.entries(first, scope)?.value;
        this.paths.set(e, [...this.path(first, scope), overload === 'index_list' ? '@items' : '@values']);
      }
      size ??= this.size(e, scope);
    }
    if (size !== undefined) this.sizes.set(e, size);
    return plus(before, cost);
  }

  private overload(
    e: ExprOf<'call'>,
    name: string,
    overload: string,
    target: Node | undefined,
    args: readonly Node[],
    costs: readonly Range[],
    scope: Scope,
  ): { cost: Range; size?: Range } {
    const [a = ZERO, b = ZERO, c = ZERO] = costs;
    const [x, y, z] = args.map((arg) => arg.size ?? UNKNOWN);
    switch (overload) {
      case 'logical_and':
      case 'logical_or':
        return { cost: { min: a.min, max: plus(a, b).max } };
      case 'conditional':
        this.joinEntries(e, e.args[1], e.args[2], scope);
        return { cost: plus(a, union(b, c)), size: union(y ?? UNKNOWN, z ?? UNKNOWN) };
      case 'add_string':
      case 'add_bytes':
      case 'add_list': {
        const size = plus(x ?? UNKNOWN, y ?? UNKNOWN);
        this.joinEntries(e, e.args[0], e.args[1], scope);
        const own = overload === 'add_list' ? ONE : scaled(size, STRING_FACTOR);
        return { cost: plus(own, sum(costs)), size };
      }
      default: {
        const estimate = estimateCall({ name, overload, target, args, sizeOf: this.sizeAt }) ?? { cost: ONE };
        return { ...estimate, cost: plus(estimate.cost, sum(costs)) };
      }
    }
  }

  private joinEntries(e: Expr, a: Expr | undefined, b: Expr | undefined, scope: Scope): void {
    const left = a === undefined ? undefined : this.entries(a, scope);
    const right = b === undefined ? undefined : this.entries(b, scope);
    if (left === undefined || right === undefined) return;
    this.entrySizes.set(e, {
      isList: left.isList,
      key: union(left.key, right.key),
      value: union(left.value, right.value),
    });
  }

  private copySizes(to: Expr, from: Expr, scope: Scope): void {
    const size = this.size(from, scope);
    if (size !== undefined) this.sizes.set(to, size);
    const entries = this.entries(from, scope);
    if (entries !== undefined) this.entrySizes.set(to, entries);
  }

  private widest(items: readonly Expr[], scope: Scope): Range {
    if (items.length === 0) return ZERO;
    return items.map((item) => this.size(item, scope) ?? UNKNOWN).reduce(union, EMPTY);
  }

  private list(e: ExprOf<'list'>, scope: Scope): Range {
    const cost = sum(e.elements.map((item) => this.cost(item, scope)));
    this.entrySizes.set(e, { isList: true, key: ONE, value: this.widest(e.elements, scope) });
    return plus(cost, fixed(LIST_COST));
  }

  private map(e: ExprOf<'map'>, scope: Scope): Range {
    const cost = sum(childrenOf(e).map((child) => this.cost(child, scope)));
    this.entrySizes.set(e, {
      isList: false,
      key: this.widest(
        e.entries.map((entry) => entry.key),
        scope,
      ),
      value: this.widest(
        e.entries.map((entry) => entry.value),
        scope,
      ),
    });
    return plus(cost, fixed(MAP_COST));
  }

  private iterated(range: Expr, scope: Scope, what: 'key' | 'value' | 'item'): Local {
    const entries = this.entries(range, scope);
    const isList = entries?.isList ?? range.type.kind === 'list';
    const ofValue = what === 'value' || (what === 'item' && isList);
    const step = ofValue ? (isList ? '@items' : '@values') : isList ? '@indices' : '@keys';
    const size = ofValue ? entries?.value : entries?.key;
    return { path: [...this.path(range, scope), step], size, entries: undefined };
  }

  private bound(e: Expr, scope: Scope): Local {
    return { path: this.path(e, scope), size: this.size(e, scope), entries: this.entries(e, scope) };
  }

  private comprehension(e: ExprOf<'comprehension'>, scope: Scope): Range {
    const before = plus(this.cost(e.range, scope), this.cost(e.accuInit, scope));
    const outer = new Map(scope).set(e.accuVar, this.bound(e.accuInit, scope));
    const inner = new Map(outer);
    if (e.iterVar2 === undefined) inner.set(e.iterVar, this.iterated(e.range, scope, 'item'));
    else {
      inner.set(e.iterVar, this.iterated(e.range, scope, 'key'));
      inner.set(e.iterVar2, this.iterated(e.range, scope, 'value'));
    }
    const turn = plus(this.cost(e.condition, inner), this.cost(e.step, inner));
    const after = this.cost(e.result, outer);
    const count = this.size(e.range, scope) ?? UNKNOWN;
    if (e.accuInit.kind === 'literal') {
      const size = this.size(e.accuInit, scope);
      if (size !== undefined) this.sizes.set(e, size);
    } else if (e.accuInit.kind === 'list' || e.accuInit.kind === 'map') {
      this.sizes.set(e, count);
      const entries = this.entries(e.step, inner);
      if (entries !== undefined) this.entrySizes.set(e, entries);
    }
    return plus(plus(before, after), times(count, turn));
  }

  private binding(e: ExprOf<'comprehension'>, scope: Scope): Range {
    const before = plus(this.cost(e.range, scope), this.cost(e.accuInit, scope));
    const inner = new Map(scope).set(e.accuVar, this.bound(e.accuInit, scope));
    const after = this.cost(e.result, inner);
    this.copySizes(e, e.result, inner);
    return plus(before, after);
  }
}

function isBinding(e: ExprOf<'comprehension'>): boolean {
  return (
    e.range.kind === 'list' &&
    e.range.elements.length === 0 &&
    e.condition.kind === 'literal' &&
    e.condition.value === false &&
    e.accuVar !== ACCUMULATOR
  );
}

/** The range of what an expression may cost; `sizeAt` tells what the schema says of sizes. */
export function estimateCost(e: Expr, sizeAt: SizeOf): Range {
  return new Estimator(sizeAt).cost(e, new Map());
}
