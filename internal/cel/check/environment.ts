import type { Macros } from '../syntax/macros.js';
import type { Value } from '../values/value.js';
import type { CelType } from './types.js';

/** The body of an overload. It gets as many arguments as the overload has, the target of a member first. Never throws. */
export type Implementation = (...args: Value[]) => Value;

/** One form of a function. */
export interface Overload {
  readonly id: string;
  readonly isMember: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
  readonly run: Implementation;
  /** At run time any list will do for a list, whatever is in it. */
  readonly anyElements?: boolean;
}

export interface FunctionDecl {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

/** Knows the types with named fields. */
export interface TypeProvider {
  /** Whether there is a struct type of that name. */
  hasStruct(name: string): boolean;
  /** The type of a field, undefined when the type has none of that name. */
  fieldType(struct: string, field: string): CelType | undefined;
  /** Makes a struct from fields; undefined when the type cannot be made by expressions. */
  make?(struct: string, fields: ReadonlyMap<string, Value>): Value | undefined;
}

/** What names an expression may use, and what they mean. */
export interface Environment {
  readonly functions: ReadonlyMap<string, FunctionDecl>;
  readonly macros: Macros;
  readonly variables: ReadonlyMap<string, CelType>;
  /** Names that are types when used as values, such as `int` or `net.IP`. */
  readonly types: ReadonlyMap<string, CelType>;
  readonly provider: TypeProvider;
}

export const NO_STRUCTS: TypeProvider = { hasStruct: () => false, fieldType: () => undefined };

/** Adds overloads to functions, by name. */
export function addFunctions(into: Map<string, FunctionDecl>, decls: readonly FunctionDecl[]): void {
  for (const { name, overloads } of decls) {
    const before = into.get(name)?.overloads ?? [];
    into.set(name, { name, overloads: [...before, ...overloads] });
  }
}

const of =
  (isMember: boolean) =>
  (id: string, args: readonly CelType[], result: CelType, run: Implementation): Overload => ({
    id,
    isMember,
    args,
    result,
    run,
  });

/** An overload that is called as `f(a, b)`. */
export const overload = of(false);
/** An overload that is called as `a.f(b)`. */
export const member = of(true);
