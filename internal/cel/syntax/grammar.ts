import { type Expr, call } from './ast.js';
import type { Token, TokenKind } from './lexer.js';
import { follow } from './recovery.js';

/* What the rules of CEL's grammar begin with, and what may follow them. */

export const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

export const LITERALS = ['true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES'] as const;
export const MEMBER = ['[', '{', '(', '.', '-', ...LITERALS, 'IDENTIFIER'] as const;
export const OPERAND: readonly TokenKind[] = [...MEMBER, '!'];
export const RELATIONS: readonly TokenKind[] = ['<', '<=', '>=', '>', '==', '!=', 'in'];
export const SUMS: readonly TokenKind[] = ['+', '-'];
export const PRODUCTS: readonly TokenKind[] = ['*', '/', '%'];

export const END = follow('', true);
export const AFTER_MEMBER = follow('. [', true);
export const AFTER_CALC = follow([...SUMS, ...PRODUCTS], true);
export const AFTER_RELATION = follow(RELATIONS, true);
export const COMMA_OR_END = follow(',', true);

export const AFTER_CONDITION = follow('?', true);
export const AFTER_AND = follow('||', true);
export const AFTER_TERM = follow('&&', true);
export const COLON = follow(':');
export const CLOSE = follow(')');
export const OPERAND_NEXT = follow(OPERAND);

export const operatorName = (token: Token): string => (token.kind === 'in' ? '@in' : `_${token.kind}_`);

/** A chain of one operator as a tree whose branches are about equally long. */
export function balanced(
  name: string,
  terms: readonly Expr[],
  operators: readonly number[],
  low: number,
  high: number,
): Expr {
  if (low > high) return terms[low] as Expr;
  const middle = Math.floor((low + high + 1) / 2);
  return call(
    operators[middle] ?? 0,
    name,
    middle === low ? (terms[middle] as Expr) : balanced(name, terms, operators, low, middle - 1),
    middle === high ? (terms[middle + 1] as Expr) : balanced(name, terms, operators, middle + 1, high),
  );
}
