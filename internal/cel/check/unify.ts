import { type CelType, DYN, isDyn, sameType } from './types.js';

/** What type parameters stand for, by name. A failed attempt leaves it as it was. */
export class Substitutions {
  private bound = new Map<string, CelType>();
  private count = 0;

  /** A type parameter that nobody has used. */
  fresh(): CelType {
    return { kind: 'param', name: `_var${this.count++}`, params: [] };
  }

  /** Whether values of `from` can be used where `to` is wanted; binds type parameters of both. */
  isAssignable(from: CelType, to: CelType): boolean {
    return this.attempt(() => this.assign(from, to));
  }

  /** The same for lists of types, all of them or none. */
  areAssignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    return from.length === to.length && this.attempt(() => from.every((t, i) => this.assign(t, to[i] as CelType)));
  }

  private attempt(run: () => boolean): boolean {
    const before = new Map(this.bound);
    if (run()) return true;
    this.bound = before;
    return false;
  }

  private assign(a: CelType, b: CelType): boolean {
    if (b.kind === 'param') {
      const { valid, bound } = this.substitute1(a, b);
      if (valid) return true;
      if (bound) return false;
    }
    if (a.kind === 'param') return this.substitute1(b, a).valid;
    if (isDyn(a) || isDyn(b) || a.kind === 'error' || b.kind === 'error') return true;
    if (a.kind === 'null') return isNullable(b);
    if (b.kind === 'null') return isNullable(a);
    switch (a.kind) {
      case 'type':
        return b.kind === 'type';
      case 'opaque':
      case 'list':
      case 'map':
        if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false;
        return a.params.every((p, i) => this.assign(p, b.params[i] as CelType));
      case 'bool':
      case 'bytes':
      case 'double':
      case 'duration':
      case 'dyn':
      case 'int':
      case 'string':
      case 'struct':
      case 'timestamp':
      case 'uint':
      default:
        return a.kind === b.kind && a.name === b.name;
    }
  }

  /** Whether a type can stand for a parameter, and whether the parameter stood for something already. */
  private substitute1(t: CelType, param: CelType): { valid: boolean; bound: boolean } {
    if (sameType(t, param)) return { valid: true, bound: true };
    const current = this.bound.get(param.name);
    if (current !== undefined) {
      if (sameType(t, current)) return { valid: true, bound: true };
      if (!this.assign(t, current)) return { valid: false, bound: true };
      const general = isLessSpecific(t, current) ? t : current;
      if (!this.occurs(param, general)) this.bound.set(param.name, general);
      return { valid: true, bound: true };
    }
    if (this.occurs(param, t)) return { valid: false, bound: false };
    this.bound.set(param.name, t);
    return { valid: true, bound: false };
  }

  private occurs(param: CelType, within: CelType): boolean {
    if (sameType(param, within)) return true;
    if (within.kind === 'param') {
      const bound = this.bound.get(within.name);
      return bound !== undefined && this.occurs(param, bound);
    }
    return within.params.some((p) => this.occurs(param, p));
  }

  /** A type with its parameters replaced; those that stand for nothing become dyn if `close`. */
  resolve(t: CelType, close: boolean): CelType {
    if (t.kind === 'param') {
      const bound = this.bound.get(t.name);
      if (bound !== undefined) return this.resolve(bound, close);
      return close ? DYN : t;
    }
    if (t.params.length === 0) return t;
    return { ...t, params: t.params.map((p) => this.resolve(p, close)) };
  }

  /** The more general of two types that are known to fit. */
  mostGeneral(a: CelType, b: CelType): CelType {
    return isLessSpecific(a, b) ? a : b;
  }
}

function isNullable(t: CelType): boolean {
  return (
    t.kind === 'null' || t.kind === 'opaque' || t.kind === 'struct' || t.kind === 'duration' || t.kind === 'timestamp'
  );
}

function isLessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'param') return true;
  if (isDyn(b) || b.kind === 'param') return false;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'opaque':
    case 'list':
    case 'map':
      if (a.name !== b.name || a.params.length !== b.params.length) return false;
      return a.params.every((p, i) => isLessSpecific(p, b.params[i] as CelType));
    case 'type':
      return true;
    case 'bool':
    case 'bytes':
    case 'double':
    case 'duration':
    case 'dyn':
    case 'error':
    case 'int':
    case 'null':
    case 'string':
    case 'struct':
    case 'timestamp':
    case 'uint':
    default:
      return sameType(a, b);
  }
}
