import { codePoints } from '../values/value.js';
import type { Expr } from './ast.js';
import { tokenize } from './lexer.js';
import type { Macros } from './macros.js';
import { Parser } from './parser.js';
import { ParseAborted } from './recovery.js';
import type { Issue } from './source.js';

/** Code points that an expression may have. */
const MAX_CODE_POINTS = 16_384;

/**
 * Parses an expression of the Common Expression Language. Issues carry cel-go's texts; with any of them there is no
 * expression. Bounds: 16,384 code points, each rule of the grammar 250 deep.
 */
export function parse(text: string, macros: Macros): { ast: Expr | undefined; issues: readonly Issue[] } {
  const size = text.length > MAX_CODE_POINTS ? codePoints(text) : text.length;
  if (size > MAX_CODE_POINTS) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${MAX_CODE_POINTS}`;
    return { ast: undefined, issues: [{ at: -1, message }] };
  }
  const { tokens, issues } = tokenize(text);
  const parser = new Parser(tokens, macros);
  let ast: Expr | undefined;
  try {
    ast = parser.whole();
  } catch (e) {
    if (!(e instanceof ParseAborted)) throw e;
  }
  const all = [...issues, ...parser.issues, ...parser.found];
  return { ast: all.length > 0 ? undefined : ast, issues: all };
}
