/**
 * Label selectors as apimachinery's pkg/labels parses, prints and matches them, with its error texts.
 */
import { boundedBigInt } from './big-digits.js';
import { labelValue, qualifiedName } from './names.js';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, without duplicates. */
  readonly values: readonly string[];
}
/** Every requirement must hold; an empty list selects everything. */
export type LabelSelector = readonly LabelRequirement[];
export type Labels = Readonly<Record<string, unknown>>;

export const EVERYTHING: LabelSelector = [];

/** A selector that does not parse: answered as 400 with exactly this text. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SelectorError';
  }
}

const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt';
const SPECIAL = '=!(),><';
const OPERATOR_TOKENS: Readonly<Record<string, LabelOperator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};
const SYMBOLS = new Set([')', ',', '!', '==', '=', '!=', '(', '>', '<']);

type TokenKind = 'identifier' | 'symbol' | 'word' | 'end' | 'error';
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

function isSpace(c: string): boolean {
  return c === ' ' || c === '\t' || c === '\r' || c === '\n';
}

function lex(s: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  for (;;) {
    while (i < s.length && isSpace(s[i] ?? '')) i++;
    const c = s[i];
    if (c === undefined) {
      tokens.push({ kind: 'end', text: '' });
      return tokens;
    }
    if (!SPECIAL.includes(c)) {
      const start = i;
      while (i < s.length && !SPECIAL.includes(s[i] ?? '') && !isSpace(s[i] ?? '')) i++;
      const text = s.slice(start, i);
      tokens.push({ kind: text === 'in' || text === 'notin' ? 'word' : 'identifier', text });
      continue;
    }
    // The longest run of special characters that is a symbol.
    let text = '';
    let found = '';
    while (i < s.length && SPECIAL.includes(s[i] ?? '')) {
      text += s[i];
      if (SYMBOLS.has(text)) {
        found = text;
      } else if (found !== '') {
        break;
      }
      i++;
    }
    tokens.push(
      found === ''
        ? { kind: 'error', text: `error expected: keyword found '${text}'` }
        : { kind: 'symbol', text: found },
    );
  }
}

class Parser {
  private position = 0;
  constructor(private readonly tokens: readonly Token[]) {}

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const t = this.peek();
      if (t.kind === 'end') return requirements;
      if (t.kind !== 'identifier' && t.text !== '!') {
        throw new SelectorError(`found '${t.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.requirement());
      const after = this.next();
      if (after.kind === 'end') return requirements;
      if (after.text !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
      const t2 = this.peek();
      if (t2.kind !== 'identifier' && t2.text !== '!') {
        throw new SelectorError(`found '${t2.text}', expected: identifier after ','`);
      }
    }
  }

  private requirement(): LabelRequirement {
    try {
      let token = this.next();
      const negated = token.kind === 'symbol' && token.text === '!';
      if (negated) token = this.next();
      if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
      const key = token.text;
      checkKey(key);
      const after = this.peek();
      if (negated || after.kind === 'end' || after.text === ',') {
        return { key, operator: negated ? '!' : 'exists', values: [] };
      }
      const operator = this.operator();
      const values = operator === 'in' || operator === 'notin' ? this.values() : this.exactValue();
      return requirementOf(key, operator, values);
    } catch (e) {
      if (e instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${e.message}`);
      throw e;
    }
  }

  private operator(): LabelOperator {
    const token = this.tokenAt(this.position++);
    const operator = token.kind === 'symbol' || token.kind === 'word' ? OPERATOR_TOKENS[token.text] : undefined;
    if (operator === undefined) throw new SelectorError(`found '${token.text}', expected: ${BINARY_OPERATORS}`);
    return operator;
  }

  private values(): Set<string> {
    const open = this.next();
    if (open.text !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.peek();
    if (first.kind === 'identifier' || first.text === ',') {
      const values = this.identifiers();
      if (this.next().text !== ')') throw new SelectorError(`found '${first.text}', expected: ')'`);
      return values;
    }
    if (first.text === ')') {
      this.next();
      return new Set(['']);
    }
    throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
  }

  private identifiers(): Set<string> {
    const values = new Set<string>();
    for (;;) {
      const token = this.next();
      if (token.kind === 'identifier') {
        values.add(token.text);
        const after = this.peek();
        if (after.text === ')' && after.kind === 'symbol') return values;
        if (after.text !== ',') throw new SelectorError(`found '${after.text}', expected: ',' or ')'`);
      } else if (token.text === ',') {
        if (values.size === 0) values.add('');
        const after = this.peek();
        if (after.text === ')') {
          values.add('');
          return values;
        }
        if (after.text === ',') {
          this.next();
          values.add('');
        }
      } else {
        throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }

  private exactValue(): Set<string> {
    const token = this.peek();
    if (token.kind === 'end' || token.text === ',') return new Set(['']);
    this.next();
    if (token.kind === 'identifier') return new Set([token.text]);
    throw new SelectorError(`found '${token.text}', expected: identifier`);
  }

  private tokenAt(i: number): Token {
    return this.tokens[i] ?? { kind: 'end', text: '' };
  }
  /** `in` and `notin` are words with a meaning only where an operator is expected. */
  private peek(): Token {
    const t = this.tokenAt(this.position);
    return t.kind === 'word' ? { kind: 'identifier', text: t.text } : t;
  }
  private next(): Token {
    const t = this.peek();
    this.position++;
    return t;
  }
}

function checkKey(key: string): void {
  const problems = qualifiedName(key);
  if (problems.length > 0) {
    throw new SelectorError(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join('; ')}`);
  }
}

function requirementOf(key: string, operator: LabelOperator, set: ReadonlySet<string>): LabelRequirement {
  const values = [...set].sort();
  const fieldErrors: string[] = [];
  values.forEach((v, i) => {
    if ((operator === 'gt' || operator === 'lt') && integerOf(v) === undefined) {
      fieldErrors.push(
        `values[${i}]: Invalid value: ${JSON.stringify(v)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    }
  });
  values.forEach((v, i) => {
    const problems = labelValue(v);
    if (problems.length > 0) {
      fieldErrors.push(`values[${i}][${key}]: Invalid value: ${JSON.stringify(v)}: ${problems.join('; ')}`);
    }
  });
  if (fieldErrors.length === 1) throw new SelectorError(fieldErrors[0] ?? '');
  if (fieldErrors.length > 1) throw new SelectorError(`[${fieldErrors.join(', ')}]`);
  return { key, operator, values };
}

/** A 64-bit integer as Go's ParseInt reads it, or undefined. */
function integerOf(s: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(s)) return undefined;
  const n = boundedBigInt(s);
  return n >= -(2n ** 63n) && n < 2n ** 63n ? n : undefined;
}

/** Parses a selector such as `app=web,tier in (a, b),!canary`. Throws SelectorError with Kubernetes' text. */
export function parseLabelSelector(text: string): LabelSelector {
  if (text === '') return EVERYTHING;
  const requirements = new Parser(lex(text)).parse();
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Up to so many values are looked through one by one. */
const FEW = 8;

/** Whether a value is among these, which are sorted: a selector may name ten thousand. */
function isAmong(value: string, values: readonly string[]): boolean {
  if (values.length <= FEW) return values.includes(value);
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? '') < value) low = middle + 1;
    else high = middle;
  }
  return values[low] === value;
}

function holds(r: LabelRequirement, labels: Labels): boolean {
  const has = Object.hasOwn(labels, r.key) && labels[r.key] !== undefined;
  const value = has ? String(labels[r.key]) : '';
  switch (r.operator) {
    case 'in':
    case '=':
    case '==':
      return has && isAmong(value, r.values);
    case 'notin':
    case '!=':
      return !has || !isAmong(value, r.values);
    case 'exists':
      return has;
    case '!':
      return !has;
    case 'gt':
    case 'lt': {
      if (!has) return false;
      const n = integerOf(value);
      const bound = integerOf(r.values[0] ?? '');
      if (n === undefined || bound === undefined) return false;
      return r.operator === 'gt' ? n > bound : n < bound;
    }
  }
}

/** Whether an object with these labels is selected. */
export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  for (const r of selector) if (!holds(r, labels)) return false;
  return true;
}
