import { checkExpression, type CelEnvironment } from './check.js';
import type { Problem } from './lexer.js';
import { parseExpression } from './parser.js';
import { type CelType, UNKNOWN } from './types.js';

export type { CelEnvironment } from './check.js';

/** A problem as cel-go prints it: where it is, the line, and a mark under the place. */
function display(text: string, { at, message }: Problem): string {
  const before = text.slice(0, at);
  const start = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  const end = text.indexOf('\n', at);
  const source = text.slice(start, end < 0 ? undefined : end).replaceAll('\t', ' ');
  const column = Array.from(text.slice(start, at)).length;
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${source}\n | ${'.'.repeat(column)}^`;
}

/** An expression that was looked at: its type, or why it cannot be used. */
export interface Compiled {
  readonly type: CelType;
  /** Undefined when nothing is wrong; else as kube-apiserver reports it. */
  readonly problem: string | undefined;
}

/** Parses an expression and checks names and types in it. */
export function compileExpression(text: string, environment: CelEnvironment): Compiled {
  const parsed = parseExpression(text);
  const checked =
    parsed.expression === undefined
      ? { type: UNKNOWN, problems: parsed.problems }
      : checkExpression(parsed.expression, environment);
  if (checked.problems.length === 0) return { type: checked.type, problem: undefined };
  const texts = checked.problems.map((p) => display(text, p));
  return { type: UNKNOWN, problem: `compilation failed: ${texts.join('\n')}` };
}

/** Whether a type is one of the scalars named; what this checker does not follow may be any. */
export function isOneOf(type: CelType, ...names: readonly string[]): boolean {
  return type.kind === 'unknown' || (type.kind === 'scalar' && names.includes(type.name));
}
