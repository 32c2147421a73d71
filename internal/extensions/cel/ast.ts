/** Kinds of literal, by CEL's names. */
export type LiteralType = 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'bool' | 'null_type';

interface At {
  /** Offset that field errors of the expression point to: of the operator, or of the bracket that opens it. */
  readonly at: number;
}

/** An expression. Operators are calls of functions such as `_+_`; macros are calls like any other. */
export type Expression = At &
  (
    | { readonly kind: 'literal'; readonly type: LiteralType; readonly text: string }
    | { readonly kind: 'identifier'; readonly name: string }
    | {
        readonly kind: 'select';
        readonly operand: Expression;
        readonly field: string;
        readonly optional: boolean;
      }
    | {
        readonly kind: 'call';
        readonly name: string;
        readonly target: Expression | undefined;
        readonly args: readonly Expression[];
      }
    | { readonly kind: 'list'; readonly items: readonly Expression[] }
    | { readonly kind: 'map'; readonly entries: readonly (readonly [Expression, Expression])[] }
    | {
        readonly kind: 'struct';
        readonly name: string;
        readonly fields: readonly (readonly [string, Expression])[];
      }
  );
