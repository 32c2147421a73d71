import type { Expression } from './ast.js';
import { type Problem, type Token, tokenize } from './lexer.js';

/** Bounds of an expression: how deep it may be nested, and how long it may be. */
const MAX_DEPTH = 250;
const MAX_CHARACTERS = 100_000;

const OPERAND =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** Words that CEL keeps for itself and that name nothing. */
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** Operators of equal strength, weakest first. */
const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['<', '<=', '>=', '>', '==', '!=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

class SyntaxProblem extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

class Parser {
  private next = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  private peek(offset = 0): Token {
    const last = this.tokens[this.tokens.length - 1];
    const token = this.tokens[this.next + offset] ?? last;
    if (token === undefined) throw new SyntaxProblem(0, 'Syntax error: no tokens');
    return token;
  }

  private is(text: string, offset = 0): boolean {
    const token = this.peek(offset);
    return token.text === text && (token.kind === 'punctuation' || text === 'in');
  }

  private take(): Token {
    const token = this.peek();
    this.next++;
    return token;
  }

  private accept(text: string): Token | undefined {
    return this.is(text) ? this.take() : undefined;
  }

  private expect(text: string): Token {
    const token = this.accept(text);
    if (token !== undefined) return token;
    throw new SyntaxProblem(this.peek().at, `Syntax error: mismatched input '${this.peek().text}' expecting '${text}'`);
  }

  /** A word that was not expected; `wanted` as the grammar lists it. Left out when what follows would do. */
  private unexpected(wanted: string, followed: boolean): SyntaxProblem {
    const { at, text } = this.peek();
    return new SyntaxProblem(
      at,
      `Syntax error: ${followed ? 'extraneous' : 'mismatched'} input '${text}' expecting ${wanted}`,
    );
  }

  whole(): Expression {
    const e = this.expression();
    if (this.peek().kind !== 'end') throw this.unexpected('<EOF>', this.peek(1).kind === 'end');
    return e;
  }

  private expression(): Expression {
    if (++this.depth > MAX_DEPTH) {
      throw new SyntaxProblem(this.peek().at, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    }
    const condition = this.binary(0);
    const mark = this.accept('?');
    if (mark === undefined) {
      this.depth--;
      return condition;
    }
    const yes = this.binary(0);
    this.expect(':');
    const no = this.expression();
    this.depth--;
    return { kind: 'call', at: mark.at, name: '_?_:_', target: undefined, args: [condition, yes, no] };
  }

  private binary(level: number): Expression {
    const operators = BINARY[level];
    if (operators === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const operator = operators.find((o) => this.is(o));
      if (operator === undefined) return left;
      const { at } = this.take();
      const name = operator === 'in' ? '@in' : `_${operator}_`;
      left = { kind: 'call', at, name, target: undefined, args: [left, this.binary(level + 1)] };
    }
  }

  private unary(): Expression {
    for (const operator of ['!', '-']) {
      if (!this.is(operator)) continue;
      const first = this.take();
      let times = 1;
      while (this.accept(operator) !== undefined) times++;
      const operand = this.member();
      // Two of them are none.
      if (times % 2 === 0) return operand;
      return { kind: 'call', at: first.at, name: operator === '!' ? '!_' : '-_', target: undefined, args: [operand] };
    }
    return this.member();
  }

  private member(): Expression {
    let e = this.primary();
    for (;;) {
      if (this.is('.') || this.is('.?')) {
        const dot = this.take();
        const field = this.fieldName();
        const open = dot.text === '.' ? this.accept('(') : undefined;
        e =
          open === undefined
            ? { kind: 'select', at: dot.at, operand: e, field, optional: dot.text === '.?' }
            : { kind: 'call', at: open.at, name: field, target: e, args: this.list(')') };
      } else if (this.is('[') || this.is('[?')) {
        const open = this.take();
        const index = this.expression();
        this.expect(']');
        e = {
          kind: 'call',
          at: open.at,
          name: open.text === '[' ? '_[_]' : '_[?_]',
          target: undefined,
          args: [e, index],
        };
      } else if (this.is('{') && structName(e) !== undefined) {
        e = this.struct(structName(e) ?? '');
      } else return e;
    }
  }

  private fieldName(): string {
    const token = this.peek();
    if (token.kind !== 'identifier' || token.text === 'in') {
      const next = this.peek(1).kind === 'identifier';
      throw this.unexpected(token.kind === 'end' ? 'IDENTIFIER' : '{IDENTIFIER, ESC_IDENTIFIER}', next);
    }
    this.take();
    return token.text.startsWith('`') ? token.text.slice(1, -1) : token.text;
  }

  /** Expressions up to a closing bracket, with commas between them; `[?a]` marks one that may be missing. */
  private list(close: string): Expression[] {
    const items: Expression[] = [];
    while (!this.is(close)) {
      if (close === ']') this.accept('?');
      items.push(this.expression());
      if (this.accept(',') === undefined) break;
      if (close === ')' && this.is(close)) throw this.unexpected(OPERAND, false);
    }
    this.expect(close);
    return items;
  }

  private struct(name: string): Expression {
    const open = this.expect('{');
    const fields: (readonly [string, Expression])[] = [];
    while (!this.is('}')) {
      this.accept('?');
      const field = this.fieldName();
      this.expect(':');
      fields.push([field, this.expression()]);
      if (this.accept(',') === undefined) break;
    }
    this.expect('}');
    return { kind: 'struct', at: open.at, name, fields };
  }

  private map(open: Token): Expression {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.is('}')) {
      this.accept('?');
      const key = this.expression();
      this.expect(':');
      entries.push([key, this.expression()]);
      if (this.accept(',') === undefined) break;
    }
    this.expect('}');
    return { kind: 'map', at: open.at, entries };
  }

  private primary(): Expression {
    const token = this.peek();
    switch (token.kind) {
      case 'int':
      case 'uint':
      case 'double':
      case 'string':
      case 'bytes':
        this.take();
        return { kind: 'literal', at: token.at, type: token.kind, text: token.text };
      case 'identifier':
        if (token.text === 'in') break;
        return this.word('');
      case 'punctuation':
        if (token.text === '.') {
          this.take();
          if (this.peek().kind !== 'identifier') throw this.unexpected('IDENTIFIER', false);
          return this.word('.');
        }
        return this.bracketed();
      case 'end':
        break;
    }
    throw this.unexpected(OPERAND, false);
  }

  /** An identifier, a constant or a call of a global function. `dot`: the name stands for itself, not for a local one. */
  private word(dot: string): Expression {
    const token = this.take();
    const { at, text } = token;
    if (text === 'true' || text === 'false') return { kind: 'literal', at, type: 'bool', text };
    if (text === 'null') return { kind: 'literal', at, type: 'null_type', text };
    const open = this.accept('(');
    if (open !== undefined) {
      return { kind: 'call', at: open.at, name: dot + text, target: undefined, args: this.list(')') };
    }
    if (RESERVED.has(text)) throw new SyntaxProblem(at, `reserved identifier: ${text}`);
    return { kind: 'identifier', at, name: dot + text };
  }

  private bracketed(): Expression {
    const open = this.peek();
    if (this.accept('(') !== undefined) {
      const e = this.expression();
      this.expect(')');
      return e;
    }
    if (open.text === '[?') {
      this.take();
      const first = this.expression();
      const more = this.accept(',') === undefined ? (this.expect(']'), []) : this.list(']');
      return { kind: 'list', at: open.at, items: [first, ...more] };
    }
    if (this.accept('[') !== undefined) return { kind: 'list', at: open.at, items: this.list(']') };
    if (this.accept('{') !== undefined) return this.map(open);
    const following = this.peek(1);
    throw this.unexpected(OPERAND, following.kind !== 'punctuation' && following.kind !== 'end');
  }
}

/** `a.b.C` when an expression is such a name: what a `{` after it makes a struct of. */
export function structName(e: Expression): string | undefined {
  if (e.kind === 'identifier') return e.name;
  if (e.kind !== 'select' || e.optional) return undefined;
  const before = structName(e.operand);
  return before === undefined ? undefined : `${before}.${e.field}`;
}

/** Parses an expression of the Common Expression Language. Problems are in the order in which cel-go finds them. */
export function parseExpression(text: string): { expression: Expression | undefined; problems: readonly Problem[] } {
  if (text.length > MAX_CHARACTERS) {
    const message = `expression code point size exceeds limit: size: ${text.length}, limit ${MAX_CHARACTERS}`;
    return { expression: undefined, problems: [{ at: 0, message }] };
  }
  const { tokens, problems } = tokenize(text);
  try {
    const expression = new Parser(tokens).whole();
    return { expression: problems.length > 0 ? undefined : expression, problems };
  } catch (e) {
    if (!(e instanceof SyntaxProblem)) throw e;
    return { expression: undefined, problems: [...problems, { at: e.at, message: e.message }] };
  }
}
