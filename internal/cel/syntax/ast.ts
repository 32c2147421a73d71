import { type CelType, ERROR_TYPE } from '../check/types.js';
import type { Uint } from '../values/value.js';

/** What a literal can be. Whole numbers are bigint, doubles are number. */
export type LiteralValue = null | boolean | bigint | number | string | Uint | Uint8Array;

export interface MapEntry {
  readonly at: number;
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}

export interface StructField {
  readonly at: number;
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}

export interface Comprehension {
  readonly kind: 'comprehension';
  readonly range: Expr;
  readonly iterVar: string;
  readonly iterVar2: string | undefined;
  readonly accuVar: string;
  readonly accuInit: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

type Node =
  | { readonly kind: 'unspecified' }
  | { readonly kind: 'literal'; readonly value: LiteralValue }
  | { readonly kind: 'ident'; readonly name: string }
  | { readonly kind: 'select'; readonly operand: Expr; readonly field: string; readonly testOnly: boolean }
  | { readonly kind: 'call'; readonly name: string; readonly target: Expr | undefined; readonly args: readonly Expr[] }
  | { readonly kind: 'list'; readonly elements: readonly Expr[]; readonly optionals: ReadonlySet<number> }
  | { readonly kind: 'map'; readonly entries: readonly MapEntry[] }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly StructField[] }
  | Comprehension;

/** What the checker finds out about an expression. */
export interface Checked {
  type: CelType;
  /** The overloads that a call may be, by their ids. */
  overloads: readonly string[];
  /** The variable or type that an identifier or a chain of selections names. */
  reference: string | undefined;
  /** The function that a call with a qualified name (`a.b.c()`) names; its target is no value then. */
  qualified: string | undefined;
}

/** An expression; operators are calls of functions such as `_+_`. `at` is the offset that issues about it point to. */
export type Expr = Node & Checked & { readonly at: number };

export type ExprOf<K extends Node['kind']> = Extract<Expr, { kind: K }>;

const unchecked = (): Checked => ({ type: ERROR_TYPE, overloads: [], reference: undefined, qualified: undefined });

/** Makes an expression that has not been checked. */
export const expr = (at: number, node: Node): Expr => ({ ...node, at, ...unchecked() });

export const literal = (at: number, value: LiteralValue): Expr => expr(at, { kind: 'literal', value });
export const ident = (at: number, name: string): Expr => expr(at, { kind: 'ident', name });
export const call = (at: number, name: string, ...args: Expr[]): Expr =>
  expr(at, { kind: 'call', name, target: undefined, args });
export const memberCall = (at: number, name: string, target: Expr, ...args: Expr[]): Expr =>
  expr(at, { kind: 'call', name, target, args });
export const list = (at: number, ...elements: Expr[]): Expr =>
  expr(at, { kind: 'list', elements, optionals: new Set() });

/** `a.b.c` of identifiers and selections, else undefined. A leading dot stays. */
export function qualifiedName(e: Expr): string | undefined {
  if (e.kind === 'ident') return e.name;
  if (e.kind !== 'select' || e.testOnly) return undefined;
  const before = qualifiedName(e.operand);
  return before === undefined ? undefined : `${before}.${e.field}`;
}

/** The expressions directly below one, in the order in which they are written. */
export function childrenOf(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'unspecified':
    case 'literal':
    case 'ident':
      return [];
    case 'select':
      return [e.operand];
    case 'call':
      return e.target === undefined ? e.args : [e.target, ...e.args];
    case 'list':
      return e.elements;
    case 'map':
      return e.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'struct':
      return e.fields.map((f) => f.value);
    case 'comprehension':
      return [e.range, e.accuInit, e.condition, e.step, e.result];
  }
}

/** Calls `visit` for an expression and all below it. */
export function walk(e: Expr, visit: (e: Expr) => void): void {
  visit(e);
  for (const child of childrenOf(e)) walk(child, visit);
}

/** `[]` or `{}`. */
export const isEmptyLiteral = (e: Expr): boolean =>
  (e.kind === 'list' && e.elements.length === 0) || (e.kind === 'map' && e.entries.length === 0);

/** Whether an expression is a name, or an access to what is below one. */
export function isAccess(e: Expr): boolean {
  return e.kind === 'ident' || e.kind === 'select' || (e.kind === 'call' && /^_\[|^_\?\._/.test(e.name));
}
