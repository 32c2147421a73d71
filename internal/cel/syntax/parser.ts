import { call, expr, type Expr, ident, literal, type MapEntry, type StructField } from './ast.js';
import {
  RESERVED,
  LITERALS,
  MEMBER,
  OPERAND,
  RELATIONS,
  SUMS,
  PRODUCTS,
  END,
  AFTER_AND,
  AFTER_CONDITION,
  AFTER_MEMBER,
  AFTER_TERM,
  CLOSE,
  COLON,
  OPERAND_NEXT,
  AFTER_CALC,
  AFTER_RELATION,
  COMMA_OR_END,
  operatorName,
  balanced,
} from './grammar.js';
import type { Token, TokenKind } from './lexer.js';
import { LiteralError, literalOf } from './literals.js';
import { callOrExpansion, MacroError, type Macros } from './macros.js';
import { type Follow, follow, Recovering } from './recovery.js';
import type { Issue } from './source.js';

/** The rules of the grammar, one method each. */
export class Parser extends Recovering {
  /** Issues that are not about the syntax: reserved names, literals out of range, misused macros. */
  readonly found: Issue[] = [];

  constructor(
    tokens: readonly Token[],
    private readonly macros: Macros,
  ) {
    super(tokens);
  }

  private wrong(at: number, message: string): Expr {
    this.found.push({ at, message });
    return expr(at, { kind: 'unspecified' });
  }

  /** The expression, or one that stands where it is missing. */
  private some = (e?: Expr): Expr => e ?? expr(this.peek().at, { kind: 'unspecified' });

  whole(): Expr {
    const e = this.rule('start', END, () => {
      const inner = this.expression(follow(['<EOF>']));
      this.match('<EOF>', END);
      return inner;
    });
    return this.some(e);
  }

  private expression(after: Follow): Expr {
    this.begin('expr', after);
    try {
      const condition = this.or(AFTER_CONDITION);
      if (!this.is('?')) return condition;
      const mark = this.take();
      const yes = this.or(COLON);
      this.match(':', OPERAND_NEXT);
      return this.callOrMacro(mark.at, '_?_:_', undefined, [condition, yes, this.expression(END)]);
    } catch (e) {
      this.caught(e);
      return this.some();
    } finally {
      this.end('expr');
    }
  }

  // The rules between an expression and an operand fail nowhere themselves: what they call has caught its own failures.

  private or(after: Follow): Expr {
    this.begin('||', after);
    const terms = [this.and()];
    const operators: number[] = [];
    while (this.is('||')) {
      operators.push(this.take().at);
      terms.push(this.and());
    }
    this.end('||');
    return balanced('_||_', terms, operators, 0, operators.length - 1);
  }

  private and(): Expr {
    this.begin('&&', AFTER_AND);
    const terms = [this.relation(AFTER_TERM)];
    const operators: number[] = [];
    while (this.is('&&')) {
      operators.push(this.take().at);
      terms.push(this.relation(AFTER_TERM));
    }
    this.end('&&');
    return balanced('_&&_', terms, operators, 0, operators.length - 1);
  }

  private relation(after: Follow): Expr {
    this.begin('relation', after);
    let turns = 0;
    let left = this.calc(AFTER_RELATION, 0);
    for (; RELATIONS.includes(this.peek().kind); turns++) {
      this.enter('relation');
      const operator = this.take();
      left = this.callOrMacro(operator.at, operatorName(operator), undefined, [left, this.calc(AFTER_RELATION, 0)]);
    }
    this.leave('relation', turns);
    this.end('relation');
    return left;
  }

  /** Sums and products; from level 1 on only products. */
  private calc(after: Follow, level: number): Expr {
    this.begin('calc', after);
    let turns = 0;
    let left = this.unary(AFTER_CALC);
    for (;;) {
      const { kind } = this.peek();
      const isProduct = PRODUCTS.includes(kind);
      if (!isProduct && (level > 0 || !SUMS.includes(kind))) break;
      turns++;
      this.enter('calc');
      const operator = this.take();
      const right = isProduct ? this.unary(AFTER_CALC) : this.calc(AFTER_CALC, 1);
      left = this.callOrMacro(operator.at, operatorName(operator), undefined, [left, right]);
    }
    this.leave('calc', turns);
    this.end('calc');
    return left;
  }

  private unary(after: Follow): Expr {
    this.begin('unary', after);
    try {
      this.sync(OPERAND_NEXT);
      const first = this.peek();
      if (this.is('!')) return this.prefixed(first, '!_');
      if (!this.is('-')) return this.member();
      const second = this.peek(1).kind;
      if (second.startsWith('NUM_')) return this.member();
      if (!this.isOperand(second)) this.noAlternative(1);
      return this.prefixed(first, '-_');
    } catch (e) {
      this.caught(e);
      return this.some();
    } finally {
      this.end('unary');
    }
  }

  private isOperand(kind: TokenKind): boolean {
    return (MEMBER as readonly string[]).includes(kind);
  }

  private prefixed(first: Token, name: string): Expr {
    let times = 0;
    do {
      this.take();
      times++;
      this.syncLoop(follow([first.kind, ...MEMBER]));
      // A sign may also begin a literal: what follows it decides.
      if (this.is('-') && !this.isOperand(this.peek(1).kind)) this.noAlternative(1);
    } while (this.is(first.kind));
    const operand = this.member();
    return times % 2 === 0 ? operand : this.callOrMacro(first.at, name, undefined, [operand]);
  }

  private member(): Expr {
    this.begin('member', END);
    let turns = 0;
    let out = this.some();
    try {
      out = this.primaryRule();
      for (;;) {
        if (this.is('.')) out = this.dotted(out);
        else if (this.is('[')) out = this.indexed(out);
        else return out;
        turns++;
        this.enter('member');
      }
    } catch (e) {
      this.caught(e);
      return out;
    } finally {
      this.leave('member', turns);
      this.end('member');
    }
  }

  private primaryRule(): Expr {
    this.begin('primary', AFTER_MEMBER);
    try {
      return this.primary();
    } catch (e) {
      this.caught(e);
      return this.some();
    } finally {
      this.end('primary');
    }
  }

  private dotted(operand: Expr): Expr {
    const second = this.peek(1).kind;
    if (second !== '?' && second !== 'IDENTIFIER' && second !== 'ESC_IDENTIFIER') this.noAlternative(1);
    const dot = this.take();
    if (second === 'IDENTIFIER' && this.is('(', 1)) {
      const name = this.take().text;
      const open = this.take();
      return this.callOrMacro(open.at, name, operand, this.args());
    }
    const optional = this.optionalMark();
    const token = this.fieldName(AFTER_MEMBER);
    if (token === undefined) return operand;
    const field = this.nameOf(token);
    if (optional) return call(dot.at, '_?._', operand, literal(token.at, field));
    return expr(dot.at, { kind: 'select', operand, field, testOnly: false });
  }

  private fieldName(after: Follow): Token | undefined {
    return this.rule('escapeIdent', after, () => {
      this.sync(follow('IDENTIFIER ESC_IDENTIFIER'));
      return this.take();
    });
  }

  private nameOf(token: Token): string {
    if (token.kind === 'ESC_IDENTIFIER') this.wrong(token.at, "unsupported syntax: '`'");
    return token.text;
  }

  private indexed(operand: Expr): Expr {
    const open = this.take();
    this.sync(follow([...OPERAND, '?']));
    const optional = this.optionalMark();
    const index = this.expression(follow(']'));
    this.match(']', AFTER_MEMBER);
    return this.callOrMacro(open.at, optional ? '_[?_]' : '_[_]', undefined, [operand, index]);
  }

  /** The arguments of a call, after its `(`. */
  private args(): Expr[] {
    this.sync(follow([...OPERAND, ')']));
    let args: Expr[] = [];
    if (!this.is(')')) {
      args =
        this.rule('exprList', follow(')'), () => {
          const items = [this.expression(COMMA_OR_END)];
          while (this.is(',')) {
            this.take();
            items.push(this.expression(COMMA_OR_END));
          }
          return items;
        }) ?? [];
    }
    this.match(')', AFTER_MEMBER);
    return args;
  }

  private primary(): Expr {
    const token = this.peek();
    switch (token.kind) {
      case '.':
        if (!this.is('IDENTIFIER', 1)) this.noAlternative(1);
        this.take();
        return this.word('.', token);
      case 'IDENTIFIER':
        return this.word('', token);
      case '(': {
        this.take();
        const e = this.expression(CLOSE);
        this.match(')', AFTER_MEMBER);
        return e;
      }
      case '[':
        return this.listLiteral();
      case '{':
        return this.mapLiteral();
      default:
        return this.some(this.rule('literal', END, () => this.literalValue()));
    }
  }

  /** An identifier, a call of a function, or a struct; `dot` when one stands before it. */
  private word(dot: string, first: Token): Expr {
    let names = 0;
    while (this.is('.', 2 * names + 1) && this.is('IDENTIFIER', 2 * names + 2)) names++;
    if (this.is('{', 2 * names + 1)) return this.structLiteral(dot, names);
    const token = this.take();
    if (!this.is('(')) {
      if (RESERVED.has(token.text)) return this.wrong(first.at, `reserved identifier: ${token.text}`);
      return ident(token.at, dot + token.text);
    }
    const open = this.take();
    const args = this.args();
    if (RESERVED.has(token.text)) return this.wrong(first.at, `reserved identifier: ${token.text}`);
    return this.callOrMacro(open.at, dot + token.text, undefined, args);
  }

  /** Items with commas between them, one more comma allowed at the end. */
  private items<T>(name: string, close: string, begins: readonly TokenKind[], item: () => T): T[] {
    this.sync(follow([...begins, ',', close]));
    const items: T[] = [];
    if (!this.is(',') && !this.is(close)) {
      this.rule(name, follow([',', close]), () => {
        items.push(item());
        while (this.is(',') && begins.includes(this.peek(1).kind)) {
          this.take();
          items.push(item());
        }
      });
    }
    this.sync(follow([',', close]));
    if (this.is(',')) this.take();
    this.match(close, AFTER_MEMBER);
    return items;
  }

  /** Takes the `?` of an item that may be missing. */
  private optionalMark(): boolean {
    if (!this.is('?')) return false;
    this.take();
    return true;
  }

  private optionalExpression(after: Follow): { e: Expr; optional: boolean } {
    const found = this.rule('optExpr', after, () => {
      this.sync(follow([...OPERAND, '?']));
      const optional = this.optionalMark();
      return { e: this.expression(END), optional };
    });
    return found ?? { e: this.some(), optional: false };
  }

  private listLiteral(): Expr {
    const open = this.take();
    const items = this.items('listInit', ']', [...OPERAND, '?'], () => this.optionalExpression(COMMA_OR_END));
    const optionals = new Set(items.flatMap((item, i) => (item.optional ? [i] : [])));
    return expr(open.at, { kind: 'list', elements: items.map((item) => item.e), optionals });
  }

  private mapLiteral(): Expr {
    const open = this.take();
    const entries = this.items('mapInit', '}', [...OPERAND, '?'], (): MapEntry => {
      const key = this.optionalExpression(follow(':'));
      const colon = this.match(':', OPERAND_NEXT);
      const value = this.expression(COMMA_OR_END);
      return { at: colon?.at ?? value.at, key: key.e, value, optional: key.optional };
    });
    return expr(open.at, { kind: 'map', entries });
  }

  private structLiteral(dot: string, names: number): Expr {
    let name = dot + this.take().text;
    for (let i = 0; i < names; i++) {
      this.take();
      name += `.${this.take().text}`;
    }
    const open = this.take();
    const fields = this.items('fieldInit', '}', ['?', 'IDENTIFIER', 'ESC_IDENTIFIER'], (): StructField => {
      const head = this.rule('optField', follow(':'), () => {
        this.sync(follow('? IDENTIFIER ESC_IDENTIFIER'));
        const optional = this.optionalMark();
        return { optional, token: this.fieldName(END) };
      });
      const colon = this.match(':', OPERAND_NEXT);
      const value = this.expression(COMMA_OR_END);
      const field = head?.token === undefined ? '' : this.nameOf(head.token);
      return { at: colon?.at ?? value.at, name: field, value, optional: head?.optional === true };
    });
    return expr(open.at, { kind: 'struct', name, fields });
  }

  private literalValue(): Expr {
    const start = this.peek();
    const isNegative = this.is('-');
    if (isNegative) this.take();
    this.sync(follow(isNegative ? ['NUM_FLOAT', 'NUM_INT', 'NUM_UINT'] : LITERALS));
    const { kind, text } = this.take();
    try {
      return literal(start.at, literalOf(kind, text, isNegative));
    } catch (e) {
      if (!(e instanceof LiteralError)) throw e;
      return this.wrong(start.at, e.message);
    }
  }

  private callOrMacro(at: number, name: string, target: Expr | undefined, args: Expr[]): Expr {
    try {
      return callOrExpansion(this.macros, { at, name, target, args });
    } catch (e) {
      if (!(e instanceof MacroError)) throw e;
      return this.wrong(e.at, e.message);
    }
  }
}
