// Whether a text is a path in kubectl's dialect of JSONPath, without following it. Paths that are followed are compiled by
// extensions/jsonpath.ts, which knows the part of the dialect that custom resources use.

/** A name, and whatever a backslash takes away the meaning of. */
const NAME = /(?:\\[^]|[^\\ \t\r\n.,[\]$@{}])*\\?/y;
const NUMBER = /[+-]?[\p{Nd}.]*/uy;
const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/;
const WORD = /^[\p{L}\p{Nd}_]/u;
const SLICE = /^(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?$/;
const COMPARISON = /^([^!<>=]+)[!<>=]+(.+)$/;
const ESCAPES = /\\(?:[abfnrtv\\]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3})/g;

/** What is wrong here, or where reading goes on, and whether what was read descends to everything below (`..`). */
type Read = string | { readonly to: number; readonly descends?: boolean };

const skip = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
};

/**
 * The first fault of a template such as `{.spec.replicas}`, in the words of client-go's jsonpath; undefined when it has none.
 * Takes time in proportion to the text.
 */
export function jsonPathFault(template: string): string | undefined {
  let at = template.indexOf('{');
  while (at >= 0) {
    at++;
    let descends = false;
    while (template[at] !== '}') {
      const read = step(template, at, descends);
      if (typeof read === 'string') return read;
      // Blanks, `$` and `@` are nothing between two steps.
      if (!' $@'.includes(template[at] ?? '')) descends = read.descends === true;
      at = read.to;
    }
    at = template.indexOf('{', at);
  }
  return undefined;
}

const inBraces = (path: string): string | undefined => jsonPathFault(`{${path}}`);

function step(text: string, at: number, descends: boolean): Read {
  if (text.startsWith('[?(', at)) return filter(text, at + 3);
  if (text.startsWith('..', at)) {
    if (descends) return 'invalid multiple recursive descent';
    const to = at + 2;
    return WORD.test(text.slice(to, to + 2)) ? { to: skip(NAME, text, to) } : { to, descends: true };
  }
  const c = text.codePointAt(at);
  const char = c === undefined ? '\n' : String.fromCodePoint(c);
  switch (char) {
    case '\n':
    case '\r':
      return 'unclosed action';
    case ' ':
    case '@':
    case '$':
      return { to: at + 1 };
    case '[':
      return brackets(text, at + 1);
    case '"':
    case "'":
      return quoted(text, at, char);
    case '.':
      return { to: skip(NAME, text, at + 1) };
    default:
      if (/^[+\-\p{Nd}]/u.test(char)) return number(text, at);
      // A word on its own is no name: a backslash ends nothing in it.
      if (WORD.test(char)) return { to: skip(/[^ \t\r\n.,[\]$@{}]*/y, text, at) };
      return `unrecognized character in action: U+${(c ?? 0).toString(16).toUpperCase().padStart(4, '0')} '${char}'`;
  }
}

function number(text: string, at: number): Read {
  const to = skip(NUMBER, text, at);
  const value = text.slice(at, to);
  return FLOAT.test(value) ? { to } : `cannot parse number ${value}`;
}

function brackets(text: string, at: number): Read {
  const end = /[\]\n]/g;
  end.lastIndex = at;
  const close = end.exec(text);
  if (close?.[0] !== ']') return 'unterminated array';
  const inside = text.slice(at, close.index);
  const to = close.index + 1;
  if (inside === '*') return { to };
  const parts = inside.split(',');
  if (parts.length > 1) {
    for (const part of parts) {
      const fault = inBraces(`[${part.replace(/^ +| +$/g, '')}]`);
      if (fault !== undefined) return fault;
    }
    return { to };
  }
  const key = /^'([^']*)'$/.exec(inside);
  if (key !== null) return inBraces(`.${key[1]}`) ?? { to };
  const bounds = SLICE.exec(inside);
  if (bounds === null) return `invalid array index ${inside}`;
  for (const [i, bound = ''] of bounds.slice(1).entries()) {
    const index = i === 0 ? bound : bound.slice(1);
    if (index !== '' && !(Math.abs(Number(index)) < 2 ** 63)) return `array index ${index} is not a number`;
  }
  return { to };
}

/** Up to the parenthesis that no quotes hide; only the first pair of quotes hides anything. */
function filter(text: string, at: number): Read {
  let open = '';
  let closed = false;
  let to = at;
  for (; ; to++) {
    const c = text[to];
    if (c === undefined || c === '\n') return 'unterminated filter';
    if (c === ')' && (open === '' || closed)) break;
    if (c !== '"' && c !== "'") continue;
    if (open === '') open = c;
    else if (c === open && text[to - 1] !== '\\') closed = true;
  }
  if (text[to + 1] !== ']') return 'unclosed array expect ]';
  const inside = text.slice(at, to);
  const sides = COMPARISON.exec(inside);
  const fault = sides === null ? inBraces(inside) : (inBraces(sides[1] ?? '') ?? inBraces(sides[2] ?? ''));
  return fault ?? { to: to + 2 };
}

function quoted(text: string, at: number, quote: string): Read {
  let end = at + 1;
  while (text[end] !== quote || text[end - 1] === '\\') {
    if (text[end] === undefined || text[end] === '\n') return 'unterminated quoted string';
    end++;
  }
  const value = text.slice(at, end + 1);
  const left = value.slice(1, -1).replaceAll(ESCAPES, '').replaceAll(`\\${quote}`, '');
  if (/\\/.test(left) || left.includes(quote)) return `unquote string ${value} error invalid syntax`;
  return { to: end + 1 };
}
