import type { Schema } from '../../extensions/structural/schema.js';
import { compileRe2, Re2SyntaxError } from '../../machinery/re2.js';

/** What is wrong with the patterns of schemas that were prepared; '' when nothing is. */
const problems = new WeakMap<Schema, string>();

function problemOf(pattern: string): string {
  try {
    compileRe2(pattern);
    return '';
  } catch (e) {
    if (e instanceof Re2SyntaxError) return e.message;
    throw e;
  }
}

/** Compiles the pattern of a schema, for `patternProblem` to tell of it at once. */
export function compilePatternAt(s: Schema, pattern: string): void {
  problems.set(s, problemOf(pattern));
}

/** Why the pattern of a schema is none, in Go's words; '' when it is one, or there is none. */
export function patternProblem(s: Schema): string {
  const { pattern } = s;
  return typeof pattern !== 'string' || pattern === '' ? '' : (problems.get(s) ?? problemOf(pattern));
}
