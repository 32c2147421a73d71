import { codePoints } from '../values/value.js';

/** Something that is wrong with an expression. `at` is an offset into its text, or -1 for no place in particular. */
export interface Issue {
  readonly at: number;
  readonly message: string;
}

/** Issues that are told of one expression; further ones are left out (the limit of cel-go). */
const MAX_ISSUES = 100;

/** Line and column, both as the reader counts: from 1, the column in code points. */
export function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: codePoints(before.slice(start)) + 1 };
}

/** One issue as cel-go prints it: its place, the line of the source, and a mark below the place. */
function display(text: string, { at, message }: Issue): string {
  if (at < 0) return `ERROR: <input>:-1:0: ${message}`;
  const { line, column } = placeOf(text, at);
  const source = Array.from((text.split('\n')[line - 1] ?? '').replaceAll('\t', ' '));
  const isWide = (c: string | undefined): boolean => c !== undefined && (c.codePointAt(0) ?? 0) > 0x7f;
  const dots = source.slice(0, column - 1).map((c) => (isWide(c) ? '\uff0e' : '.'));
  const mark = isWide(source[column - 1]) ? '\uff3e' : '^';
  return `ERROR: <input>:${line}:${column}: ${message}\n | ${source.join('')}\n | ${dots.join('')}${mark}`;
}

/** Issues in the order of their places, as cel-go prints them. */
export function displayIssues(text: string, issues: readonly Issue[]): string {
  const sorted = [...issues].sort((a, b) => a.at - b.at);
  return sorted
    .slice(0, MAX_ISSUES)
    .map((issue) => display(text, issue))
    .join('\n');
}
