/**
 * A JSON parser that keeps what JSON.parse throws away: duplicate members, the order of members, the spelling of
 * numbers; and that refuses in the words of Go's encoding/json. It is the slow path: used when the fast one has found
 * something to refuse, or numbers that a double cannot hold.
 */

/** Go's limit is 10,000; nothing that walks objects here may recurse that deep, so ours is lower. */
export const MAX_DEPTH = 1000;

/** A syntax error; the message is encoding/json's. */
export class JsonSyntaxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonSyntaxError';
  }
}

/** An object with its members as written. */
export class Members {
  readonly names: string[] = [];
  readonly values: Node[] = [];
}
/** A number as written. */
export class NumberText {
  constructor(readonly text: string) {}
  get isInteger(): boolean {
    return /^-?[0-9]+$/.test(this.text);
  }
}
export type Node = null | boolean | string | NumberText | Node[] | Members;

/** `-9223372036854775808`; JSON has no leading zeros. */
const MAX_INT64_TEXT = 20;
const END = 'unexpected end of JSON input';
const NUMBER_RUN = /[-+.0-9eE]*/y;
const STRING_RUN = /[ !#-[\]-\uffff]*/y;

function charName(code: number): string {
  if (code === 0x27) return `'\\''`;
  if (code === 0x22) return `'"'`;
  if (code === 0x5c) return `'\\\\'`;
  const named: Readonly<Record<number, string>> = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' };
  const name = named[code];
  if (name !== undefined) return `'\\${name}'`;
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`;
  if (code < 0xa0 && code > 0x7f) return `'\\u${code.toString(16).padStart(4, '0')}'`;
  return `'${String.fromCharCode(code)}'`;
}

class ExactParser {
  private at = 0;
  constructor(private readonly text: string) {}

  private fail(context: string, at = this.at): JsonSyntaxError {
    if (at >= this.text.length) return new JsonSyntaxError(END);
    // Go looks at bytes: of a character beyond ASCII it names the first one.
    let code = this.text.charCodeAt(at);
    if (code >= 0x80) code = Buffer.from(this.text.slice(at, at + 2))[0] ?? code;
    return new JsonSyntaxError(`invalid character ${charName(code)} ${context}`);
  }
  private space(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.at++;
    }
  }
  private peek(): string {
    return this.text[this.at] ?? '';
  }

  /** A string that the native parser takes; undefined when there is something to refuse. */
  private nativeString(): string | undefined {
    const { text, at } = this;
    let end = at + 1;
    let escaped = false;
    for (; end < text.length; end++) {
      const c = text.charCodeAt(end);
      if (c === 0x22) break;
      if (c !== 0x5c) continue;
      escaped = true;
      end++;
    }
    if (end >= text.length) return undefined;
    let out = text.slice(at + 1, end);
    try {
      const parsed = JSON.parse(text.slice(at, end + 1)) as string;
      // A surrogate without its other half becomes U+FFFD, as in Go.
      out = escaped ? Buffer.from(parsed).toString() : parsed;
    } catch (e) {
      if (e instanceof SyntaxError) return undefined;
      throw e;
    }
    this.at = end + 1;
    return out;
  }

  private string(): string {
    // `at` is at the opening quote.
    const native = this.nativeString();
    if (native !== undefined) return native;
    this.at++;
    let out = '';
    let escaped = false;
    for (;;) {
      STRING_RUN.lastIndex = this.at;
      const run = STRING_RUN.exec(this.text)?.[0] ?? '';
      out += run;
      this.at += run.length;
      const c = this.peek();
      if (c === '"') {
        this.at++;
        // A surrogate without its other half becomes U+FFFD, as in Go.
        return escaped ? Buffer.from(out).toString() : out;
      }
      if (c !== '\\') throw this.fail('in string literal');
      this.at++;
      const e = this.peek();
      const plain = '"\\/bfnrt'.indexOf(e);
      if (e !== '' && plain >= 0) {
        out += '"\\/\b\f\n\r\t'[plain] ?? '';
        this.at++;
      } else if (e === 'u') {
        this.at++;
        for (let i = 0; i < 4; i++) {
          if (!/[0-9a-fA-F]/.test(this.text[this.at + i] ?? '')) {
            throw this.fail('in \\u hexadecimal character escape', this.at + i);
          }
        }
        escaped = true;
        out += String.fromCharCode(Number.parseInt(this.text.slice(this.at, this.at + 4), 16));
        this.at += 4;
      } else {
        throw this.fail('in string escape code');
      }
    }
  }

  private number(): NumberText {
    NUMBER_RUN.lastIndex = this.at;
    const run = NUMBER_RUN.exec(this.text)?.[0] ?? '';
    const start = this.at;
    const m = /^-?(?:0|[1-9][0-9]*)/.exec(run);
    if (m === null) throw this.fail('in numeric literal', start + 1);
    let length = m[0].length;
    if (run[length] === '.') {
      const f = /^\.[0-9]+/.exec(run.slice(length));
      if (f === null) throw this.fail('after decimal point in numeric literal', start + length + 1);
      length += f[0].length;
    }
    if (run[length] === 'e' || run[length] === 'E') {
      const e = /^[eE][-+]?[0-9]+/.exec(run.slice(length));
      if (e === null) {
        const sign = /^[eE][-+]/.test(run.slice(length)) ? 2 : 1;
        throw this.fail('in exponent of numeric literal', start + length + sign);
      }
      length += e[0].length;
    }
    this.at += length;
    return new NumberText(run.slice(0, length));
  }

  private literal<T>(word: string, value: T): T {
    for (let i = 0; i < word.length; i++) {
      if (this.text[this.at + i] !== word[i]) {
        throw this.fail(`in literal ${word} (expecting '${word[i] ?? ''}')`, this.at + i);
      }
    }
    this.at += word.length;
    return value;
  }

  private scalar(): Node {
    const c = this.peek();
    if (c === '"') return this.string();
    if (c === 't') return this.literal('true', true);
    if (c === 'f') return this.literal('false', false);
    if (c === 'n') return this.literal('null', null);
    if (c === '-' || (c >= '0' && c <= '9')) return this.number();
    throw this.fail('looking for beginning of value');
  }

  private memberName(into: Members): void {
    this.space();
    if (this.peek() !== '"') throw this.fail('looking for beginning of object key string');
    into.names.push(this.string());
    this.space();
    if (this.peek() !== ':') throw this.fail('after object key');
    this.at++;
  }

  parse(): Node {
    const stack: (Node[] | Members)[] = [];
    for (;;) {
      // A value begins here.
      this.space();
      let value: Node;
      const c = this.peek();
      if (c === '{' || c === '[') {
        if (stack.length >= MAX_DEPTH) throw new JsonSyntaxError('exceeded max depth');
        this.at++;
        this.space();
        if (c === '{') {
          const members = new Members();
          if (this.peek() !== '}') {
            this.memberName(members);
            stack.push(members);
            continue;
          }
          value = members;
        } else {
          const items: Node[] = [];
          if (this.peek() !== ']') {
            stack.push(items);
            continue;
          }
          value = items;
        }
        this.at++;
      } else {
        value = this.scalar();
      }
      // The value is whole: it goes into what is open, which may be whole with it.
      for (;;) {
        const open = stack[stack.length - 1];
        this.space();
        if (open === undefined) {
          if (this.at < this.text.length) throw this.fail('after top-level value');
          return value;
        }
        const next = this.peek();
        if (open instanceof Members) {
          open.values.push(value);
          if (next === ',') {
            this.at++;
            this.memberName(open);
            break;
          }
          if (next !== '}') throw this.fail('after object key:value pair');
        } else {
          open.push(value);
          if (next === ',') {
            this.at++;
            break;
          }
          if (next !== ']') throw this.fail('after array element');
        }
        this.at++;
        stack.pop();
        value = open;
      }
    }
  }
}

/** Parses JSON text, nothing lost; throws JsonSyntaxError. */
export function parseExact(text: string): Node {
  return new ExactParser(text).parse();
}

/** An int64 exactly (BigInt beyond 2^53), any other number as a double. */
export function numberOf(n: NumberText): number | bigint {
  if (n.isInteger) {
    const plain = Number(n.text);
    if (Number.isSafeInteger(plain)) return plain === 0 ? 0 : plain;
    // What has more digits than int64 is not one; reading millions of digits takes time that grows faster than they do.
    const big = n.text.length <= MAX_INT64_TEXT ? BigInt(n.text) : undefined;
    if (big !== undefined && BigInt.asIntN(64, big) === big) return big;
  }
  return Number(n.text);
}
