import { type Expr, type ExprOf, qualifiedName } from '../syntax/ast.js';
import type { Issue } from '../syntax/source.js';
import type { Environment, FunctionDecl } from './environment.js';
import {
  BOOL,
  type CelType,
  DYN,
  ERROR_TYPE,
  INT,
  isDyn,
  isOptional,
  listOf,
  mapOf,
  optionalOf,
  sameType,
  structType,
  typeOf,
  typeText,
  unwrapped,
} from './types.js';
import { Substitutions } from './unify.js';
import { typeOfValue } from '../values/value.js';

type Scope = ReadonlyMap<string, CelType>;

class Checker {
  readonly issues: Issue[] = [];
  private readonly types = new Substitutions();
  private readonly seen: Expr[] = [];

  constructor(private readonly env: Environment) {}

  run(e: Expr): CelType {
    this.check(e, new Map());
    for (const node of this.seen) node.type = this.types.resolve(node.type, true);
    return e.type;
  }

  private issue(at: number, message: string): CelType {
    this.issues.push({ at, message });
    return ERROR_TYPE;
  }

  private undeclared(at: number, name: string): CelType {
    return this.issue(at, `undeclared reference to '${name}' (in container '')`);
  }

  private mismatch(at: number, expected: CelType, actual: CelType): CelType {
    return this.issue(at, `expected type '${typeText(expected)}' but found '${typeText(actual)}'`);
  }

  private check(e: Expr, scope: Scope): CelType {
    e.type = this.typeOf(e, scope);
    this.seen.push(e);
    return e.type;
  }

  private typeOf(e: Expr, scope: Scope): CelType {
    switch (e.kind) {
      case 'unspecified':
        return ERROR_TYPE;
      case 'literal':
        return typeOfValue(e.value);
      case 'ident':
        return this.lookUp(e, e.name, scope) ?? this.undeclared(e.at, e.name);
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

  /** The type of a variable, or of a type that is named; undefined when nothing has that name. */
  private lookUp(e: Expr, name: string, scope: Scope): CelType | undefined {
    const local = scope.get(name);
    if (local !== undefined) {
      e.reference = name;
      return local;
    }
    const plain = name.startsWith('.') ? name.slice(1) : name;
    const variable = this.env.variables.get(plain);
    const type = variable ?? this.typeNamed(plain);
    if (type !== undefined) e.reference = plain;
    return type;
  }

  private typeNamed(name: string): CelType | undefined {
    const named = this.env.types.get(name);
    if (named !== undefined) return typeOf(named);
    return this.env.provider.hasStruct(name) ? typeOf(structType(name)) : undefined;
  }

  private select(e: ExprOf<'select'>, scope: Scope): CelType {
    const name = qualifiedName(e);
    if (name !== undefined) {
      const whole = this.lookUp(e, name, scope);
      if (whole !== undefined) return whole;
    }
    const type = this.field(e.at, e.operand, e.field, false, scope);
    return e.testOnly ? BOOL : this.types.resolve(type, false);
  }

  private field(at: number, operand: Expr, field: string, optional: boolean, scope: Scope): CelType {
    const of = this.types.resolve(this.check(operand, scope), false);
    const target = unwrapped(of);
    let result: CelType = DYN;
    if (target.kind === 'map') result = target.params[1] ?? DYN;
    else if (target.kind === 'struct') {
      result = this.env.provider.fieldType(target.name, field) ?? this.issue(at, `undefined field '${field}'`);
    } else if (target.kind === 'param') this.types.isAssignable(DYN, target);
    else if (!isDyn(target) && target.kind !== 'error') {
      this.issue(at, `type '${typeText(target)}' does not support field selection`);
    }
    return isOptional(of) || optional ? optionalOf(result) : result;
  }

  private call(e: ExprOf<'call'>, scope: Scope): CelType {
    const { name, target, args } = e;
    if (name === '_?._') {
      const [operand, field] = args;
      if (operand === undefined || field?.kind !== 'literal' || typeof field.value !== 'string') return ERROR_TYPE;
      this.check(field, scope);
      e.overloads = ['select_optional_field'];
      return this.types.resolve(this.field(e.at, operand, field.value, true, scope), false);
    }
    for (const arg of args) this.check(arg, scope);
    if (target === undefined) {
      const plain = name.startsWith('.') ? name.slice(1) : name;
      const fn = this.env.functions.get(plain);
      if (fn === undefined) return this.undeclared(e.at, name);
      e.qualified = plain;
      return this.resolve(e, fn, args);
    }
    const prefix = qualifiedName(target);
    const qualified = prefix === undefined ? undefined : `${prefix}.${name}`.replace(/^\./, '');
    const whole = qualified === undefined ? undefined : this.env.functions.get(qualified);
    if (whole !== undefined) {
      e.qualified = qualified;
      return this.resolve(e, whole, args);
    }
    this.check(target, scope);
    const fn = this.env.functions.get(name);
    return fn === undefined ? this.undeclared(e.at, name) : this.resolve(e, fn, args, target);
  }

  private resolve(e: ExprOf<'call'>, fn: FunctionDecl, args: readonly Expr[], target?: Expr): CelType {
    const given = (target === undefined ? args : [target, ...args]).map((a) => a.type);
    const overloads: string[] = [];
    let result: CelType | undefined;
    for (const o of fn.overloads) {
      if (o.isMember !== (target !== undefined)) continue;
      if (fn.name === '_&&_' || fn.name === '_||_') return this.logical(e, o.id, args);
      const fresh = this.instantiate([o.result, ...o.args]);
      if (!this.types.areAssignable(given, fresh.slice(1))) continue;
      overloads.push(o.id);
      const type = this.types.resolve(fresh[0] as CelType, false);
      if (result === undefined) result = type;
      else if (!isDyn(result) && !sameType(type, result)) result = DYN;
    }
    e.overloads = overloads;
    if (result !== undefined) return result;
    const texts = given.map((t) => typeText(this.types.resolve(t, true)));
    const signature = target === undefined ? `(${texts.join(', ')})` : `${texts[0]}.(${texts.slice(1).join(', ')})`;
    return this.issue(e.at, `found no matching overload for '${fn.name}' applied to '${signature}'`);
  }

  private logical(e: ExprOf<'call'>, id: string, args: readonly Expr[]): CelType {
    e.overloads = [id];
    let fits = true;
    for (const arg of args) {
      if (this.types.isAssignable(arg.type, BOOL)) continue;
      this.mismatch(arg.at, BOOL, arg.type);
      fits = false;
    }
    return fits ? BOOL : ERROR_TYPE;
  }

  /** Types with fresh type parameters, the same parameter always replaced by the same. */
  private instantiate(types: readonly CelType[]): CelType[] {
    const fresh = new Map<string, CelType>();
    const replace = (t: CelType): CelType => {
      if (t.kind === 'param') {
        let own = fresh.get(t.name);
        if (own === undefined) {
          own = this.types.fresh();
          fresh.set(t.name, own);
        }
        return own;
      }
      return t.params.length === 0 ? t : { ...t, params: t.params.map(replace) };
    };
    return types.map(replace);
  }

  /** The type of an element, unwrapped when it may be missing. */
  private element(e: Expr, type: CelType, optional: boolean): CelType {
    if (!optional) return type;
    if (!isOptional(type) && !isDyn(type)) this.mismatch(e.at, optionalOf(type), type);
    return unwrapped(type);
  }

  private join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current;
    return this.types.isAssignable(previous, current) ? this.types.mostGeneral(previous, current) : DYN;
  }

  private list(e: ExprOf<'list'>, scope: Scope): CelType {
    let type: CelType | undefined;
    for (const [i, item] of e.elements.entries()) {
      type = this.join(type, this.element(item, this.check(item, scope), e.optionals.has(i)));
    }
    return listOf(type ?? this.types.fresh());
  }

  private map(e: ExprOf<'map'>, scope: Scope): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of e.entries) {
      key = this.join(key, this.check(entry.key, scope));
      value = this.join(value, this.element(entry.value, this.check(entry.value, scope), entry.optional));
    }
    return mapOf(key ?? this.types.fresh(), value ?? this.types.fresh());
  }

  private struct(e: ExprOf<'struct'>, scope: Scope): CelType {
    const named = this.lookUp(e, e.name, scope);
    if (named === undefined) return this.undeclared(e.at, e.name);
    const type = named.kind === 'type' ? named.params[0] : undefined;
    if (type === undefined) return this.issue(e.at, `'${typeText(named)}' is not a type`);
    const name = type.name;
    if (!this.env.provider.hasStruct(name)) return this.issue(e.at, `'${name}' is not a message type`);
    for (const f of e.fields) {
      const given = this.check(f.value, scope);
      const wanted = this.env.provider.fieldType(name, f.name) ?? this.issue(f.at, `undefined field '${f.name}'`);
      const value = this.element(f.value, given, f.optional);
      if (this.types.isAssignable(wanted, value)) continue;
      const message = `expected type of field '${f.name}' is '${typeText(wanted)}' but provided type is '${typeText(value)}'`;
      this.issue(f.at, message);
    }
    return type;
  }

  /** The types of what a loop over a range binds. */
  private bindings(e: ExprOf<'comprehension'>, range: CelType): [CelType, CelType] {
    const two = e.iterVar2 !== undefined;
    switch (range.kind) {
      case 'list': {
        const item = range.params[0] ?? DYN;
        return two ? [INT, item] : [item, item];
      }
      case 'map':
        return [range.params[0] ?? DYN, range.params[1] ?? DYN];
      case 'dyn':
      case 'error':
      case 'param':
        this.types.isAssignable(DYN, range);
        return [DYN, DYN];
      case 'bool':
      case 'bytes':
      case 'double':
      case 'duration':
      case 'int':
      case 'null':
      case 'opaque':
      case 'string':
      case 'struct':
      case 'timestamp':
      case 'type':
      case 'uint':
      default: {
        const message = `expression of type '${typeText(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
        this.issue(e.range.at, message);
        return [ERROR_TYPE, ERROR_TYPE];
      }
    }
  }

  private comprehension(e: ExprOf<'comprehension'>, scope: Scope): CelType {
    this.check(e.range, scope);
    const accu = this.check(e.accuInit, scope);
    const [first, second] = this.bindings(e, this.types.resolve(e.range.type, false));
    const outer = new Map(scope).set(e.accuVar, accu);
    const inner = new Map(outer).set(e.iterVar, first);
    if (e.iterVar2 !== undefined) inner.set(e.iterVar2, second);
    this.assert(e.condition, this.check(e.condition, inner), BOOL);
    this.assert(e.step, this.check(e.step, inner), accu);
    return this.types.resolve(this.check(e.result, outer), false);
  }

  private assert(e: Expr, actual: CelType, wanted: CelType): void {
    if (!this.types.isAssignable(wanted, actual)) this.mismatch(e.at, wanted, actual);
  }
}

/** Checks names and types of an expression, and writes what it finds on it. Issues carry cel-go's texts. */
export function check(e: Expr, env: Environment): { type: CelType; issues: readonly Issue[] } {
  const checker = new Checker(env);
  const type = checker.run(e);
  return { type, issues: checker.issues };
}
