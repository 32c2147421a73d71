/** What kind of word a token is. */
export type TokenKind = 'identifier' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'punctuation' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As it is written; `<EOF>` at the end. */
  readonly text: string;
  /** Offset of its first character. */
  readonly at: number;
}

/** Something that is wrong at a place of an expression. */
export interface Problem {
  readonly at: number;
  readonly message: string;
}

const PUNCTUATION = ['&&', '||', '==', '!=', '<=', '>=', '.?', '[?', ...Array.from('[]{}().,:?<>!+-*/%')] as const;

const SPACE = /(?:[ \t\r\n\f]|\/\/[^\n]*)+/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z0-9_./ -]+`/y;
const NUMBER = /0x[0-9a-fA-F]+u?|(?:\d+(?:\.\d+)?[eE][+-]?\d+|\d*\.\d+(?:[eE][+-]?\d+)?)|\d+u?/iy;
const QUOTED =
  /([bB]?[rR]?|[rR][bB])(?:"""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^"\\\n\r]|\\[^\n\r])*"|'(?:[^'\\\n\r]|\\[^\n\r])*')/y;
/** Raw texts have no escapes. */
const RAW = /([bB]?[rR]|[rR][bB])(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')/y;
const UNCLOSED = /[bBrR]*["'][^\n\r]*/y;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function numberKind(text: string): TokenKind {
  if (/u$/i.test(text)) return 'uint';
  return /^0x/i.test(text) || /^\d+$/.test(text) ? 'int' : 'double';
}

function tokenAt(text: string, at: number): Token | undefined {
  const quoted = match(RAW, text, at) ?? match(QUOTED, text, at);
  if (quoted !== undefined) return { kind: /^[rR]?[bB]/.test(quoted) ? 'bytes' : 'string', text: quoted, at };
  const word = match(IDENTIFIER, text, at);
  if (word !== undefined) return { kind: 'identifier', text: word, at };
  const number = match(NUMBER, text, at);
  if (number !== undefined) return { kind: numberKind(number), text: number, at };
  const mark = PUNCTUATION.find((p) => text.startsWith(p, at));
  return mark === undefined ? undefined : { kind: 'punctuation', text: mark, at };
}

/** The words of an expression, an end after them; characters that belong to no word are problems and left out. */
export function tokenize(text: string): { tokens: Token[]; problems: Problem[] } {
  const tokens: Token[] = [];
  const problems: Problem[] = [];
  let at = 0;
  while (at < text.length) {
    const space = match(SPACE, text, at);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = tokenAt(text, at);
    if (token !== undefined) {
      tokens.push(token);
      at += token.text.length;
      continue;
    }
    const bad = match(UNCLOSED, text, at) ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
    problems.push({ at, message: `Syntax error: token recognition error at: '${bad}'` });
    at += bad.length;
  }
  tokens.push({ kind: 'end', text: '<EOF>', at: text.length });
  return { tokens, problems };
}
