import type { Token, TokenKind } from './lexer.js';
import type { Issue } from './source.js';

/**
 * How ANTLR's generated parsers report and recover from syntax errors (its DefaultErrorStrategy), which is where the
 * texts of cel-go's syntax errors come from: delete one token, or act as if a missing one were there, or give up the
 * rule and go on with what may follow it.
 */

/** Tokens in the order in which sets of them are printed. */
const ORDER: readonly TokenKind[] =
  '== != in < <= >= > && || [ ] { } ( ) . , - ! ? : + * / % true false null NUM_FLOAT NUM_INT NUM_UINT STRING BYTES IDENTIFIER ESC_IDENTIFIER <EOF>'.split(
    ' ',
  );
const CLASS = /^[A-Z_]+$|^<EOF>$/;
/** Of cel-go's parser: attempts to recover, and tokens that one attempt may skip. */
const MAX_RECOVERIES = 30;
const MAX_SKIPPED = 512;
/** How deep one rule of the grammar may be nested in itself. */
const MAX_DEPTH = 250;

/** Which tokens may come next; `ends`: or the rule is over. */
export interface Follow {
  readonly tokens: ReadonlySet<TokenKind>;
  readonly ends: boolean;
}

export const follow = (tokens: string | readonly TokenKind[], ends = false): Follow => ({
  tokens: new Set(typeof tokens === 'string' ? tokens.split(' ').filter((t) => t !== '') : tokens),
  ends,
});

/** A rule was given up; it has been reported. */
export class RuleFailed extends Error {}
/** Parsing as a whole was given up; it has been reported. */
export class ParseAborted extends Error {}

const quoted = (token: Token): string =>
  `'${token.text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}'`;

function setText(tokens: ReadonlySet<TokenKind>): string {
  const names = ORDER.filter((t) => tokens.has(t)).map((t) => (CLASS.test(t) ? t : `'${t}'`));
  return names.length === 1 ? (names[0] ?? '') : `{${names.join(', ')}}`;
}

/** The part of a parser that knows the tokens, where it is in the grammar, and what to do about errors. */
export class Recovering {
  readonly issues: Issue[] = [];
  protected next = 0;
  /** What may follow each rule that is being parsed, in the rule that called it. */
  private readonly stack: Follow[] = [];
  private readonly depths = new Map<string, number>();
  private recovering = false;
  private recoveries = 0;
  private lastErrorAt = -1;

  constructor(private readonly tokens: readonly Token[]) {}

  protected peek(offset = 0): Token {
    return this.tokens[Math.min(this.next + offset, this.tokens.length - 1)] as Token;
  }

  protected is(kind: TokenKind, offset = 0): boolean {
    return this.peek(offset).kind === kind;
  }

  private report(token: Token, message: string): void {
    if (this.recovering) return;
    this.recovering = true;
    this.issues.push({ at: token.at, message: `Syntax error: ${message}` });
  }

  private abort(message: string, at = -1): never {
    this.issues.push({ at, message });
    throw new ParseAborted();
  }

  private consume(): Token {
    const token = this.peek();
    if (token.kind !== '<EOF>') this.next++;
    return token;
  }

  private attempt(): void {
    if (this.recoveries++ >= MAX_RECOVERIES) {
      this.abort(`Syntax error: error recovery attempt limit exceeded: ${MAX_RECOVERIES}`, this.peek().at);
    }
  }

  /** Counts that a rule is nested once more; the caller takes it back with `leave`. */
  protected enter(rule: string): void {
    const depth = (this.depths.get(rule) ?? 0) + 1;
    if (depth > MAX_DEPTH) this.abort(`expression recursion limit exceeded: ${MAX_DEPTH}`);
    this.depths.set(rule, depth);
  }

  protected leave(rule: string, times = 1): void {
    this.depths.set(rule, (this.depths.get(rule) ?? 0) - times);
  }

  /**
   * Parses a rule, of which `after` may follow in the rule that calls it. When it fails, tokens are skipped up to one
   * that can follow any of the rules around, and the result is undefined.
   */
  protected rule<T>(name: string, after: Follow, parse: () => T): T | undefined {
    this.begin(name, after);
    try {
      return parse();
    } catch (e) {
      this.caught(e);
      return undefined;
    } finally {
      this.end(name);
    }
  }

  /** The parts of `rule`, for the rules that are nested most: they need fewer frames of the stack. */
  protected begin(name: string, after: Follow): void {
    this.stack.push(after);
    this.enter(name);
  }

  protected end(name: string): void {
    this.leave(name);
    this.stack.pop();
  }

  protected caught(e: unknown): void {
    if (!(e instanceof RuleFailed)) throw e;
    this.recover();
  }

  private recover(): void {
    this.attempt();
    // Never twice at one place without taking a token: it would not end.
    if (this.lastErrorAt === this.next) this.consume();
    this.lastErrorAt = this.next;
    const wanted = new Set<TokenKind>();
    for (const { tokens } of this.stack) for (const t of tokens) wanted.add(t);
    this.skipTo(wanted);
  }

  private skipTo(wanted: ReadonlySet<TokenKind>): void {
    for (let skipped = 0; !this.is('<EOF>') && !wanted.has(this.peek().kind); skipped++) {
      if (skipped >= MAX_SKIPPED) this.abort(`error recovery token lookahead limit exceeded: ${MAX_SKIPPED}`);
      this.consume();
    }
  }

  /** All that may come next, also after the end of the rules around. */
  private expected(local: Follow): ReadonlySet<TokenKind> {
    const out = new Set(local.tokens);
    let ends = local.ends;
    for (let i = this.stack.length - 1; ends && i >= 0; i--) {
      const level = this.stack[i] as Follow;
      for (const t of level.tokens) out.add(t);
      ends = level.ends;
    }
    return out;
  }

  private deleteOne(expected: ReadonlySet<TokenKind>): boolean {
    if (!expected.has(this.peek(1).kind)) return false;
    this.report(this.peek(), `extraneous input ${quoted(this.peek())} expecting ${setText(expected)}`);
    this.consume();
    this.recovering = false;
    return true;
  }

  protected mismatch(expected: ReadonlySet<TokenKind>): never {
    this.report(this.peek(), `mismatched input ${quoted(this.peek())} expecting ${setText(expected)}`);
    throw new RuleFailed();
  }

  /** Makes sure before a decision that the next token can begin one of its alternatives. */
  protected sync(local: Follow): void {
    if (this.recovering || local.ends || local.tokens.has(this.peek().kind)) return;
    const expected = this.expected(local);
    if (!this.deleteOne(expected)) this.mismatch(expected);
  }

  /** The same at the end of a turn of a loop: what fits nowhere is skipped. */
  protected syncLoop(local: Follow): void {
    if (this.recovering || local.ends || local.tokens.has(this.peek().kind)) return;
    const expected = this.expected(local);
    this.report(this.peek(), `extraneous input ${quoted(this.peek())} expecting ${setText(expected)}`);
    const wanted = new Set(expected);
    for (const { tokens } of this.stack) for (const t of tokens) wanted.add(t);
    this.skipTo(wanted);
  }

  /** No alternative of a decision begins with the tokens from here to `offset`. */
  protected noAlternative(offset: number): never {
    const from = this.peek();
    const to = this.peek(offset);
    const text = this.tokens
      .slice(this.next, this.next + offset + 1)
      .map((t) => (t.kind === '<EOF>' ? '' : t.text))
      .join('');
    const word = /^\.(true|false|null)$/.exec(text)?.[1];
    this.report(
      to,
      word === undefined
        ? `no viable alternative at input ${quoted({ ...from, text })}`
        : `mismatched input '${word}' expecting IDENTIFIER`,
    );
    throw new RuleFailed();
  }

  /** Takes a token of a kind; `after` is what may follow it in the rule. Undefined when it was missing, and passed over. */
  protected match(kind: TokenKind, after: Follow): Token | undefined {
    if (this.is(kind)) {
      this.recovering = false;
      return this.consume();
    }
    this.attempt();
    const expected = this.expected(follow([kind]));
    if (this.deleteOne(expected)) return this.consume();
    if (this.expected(after).has(this.peek().kind)) {
      this.report(this.peek(), `missing ${setText(expected)} at ${quoted(this.peek())}`);
      return undefined;
    }
    return this.mismatch(expected);
  }

  /** Takes a token that is known to be there. */
  protected take(): Token {
    this.recovering = false;
    return this.consume();
  }
}
