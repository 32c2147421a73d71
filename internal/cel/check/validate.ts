import { durationOf } from '../library/convert.js';
import { type Clause, FormatError, walkFormat } from '../library/format.js';
import { isPattern } from '../library/kubernetes.js';
import { childrenOf, type Expr, type ExprOf } from '../syntax/ast.js';
import type { Issue } from '../syntax/source.js';
import { parseTimestamp } from '../values/time.js';
import { Timestamp } from '../values/value.js';
import { type CelType, isDyn, isOptional, sameType, typeText } from './types.js';

/* What cel-go's validators find in an expression that has been checked: literals that no evaluation could use. */

/** Functions whose lists may hold values of different types. */
const EXEMPT: ReadonlySet<string> = new Set(['format']);

function literalText(e: Expr | undefined): string | undefined {
  return e?.kind === 'literal' && typeof e.value === 'string' ? e.value : undefined;
}

function literalArgument(e: ExprOf<'call'>, issues: Issue[]): void {
  const [arg] = e.args;
  if (arg?.kind !== 'literal') return;
  const text = literalText(arg);
  const bad = (): void => void issues.push({ at: arg.at, message: `invalid ${e.name} argument` });
  if (e.name === 'duration' && e.target === undefined && (text === undefined || durationOf(text) === undefined)) bad();
  if (e.name === 'timestamp' && e.target === undefined) {
    if (text === undefined ? typeof arg.value !== 'bigint' : !(parseTimestamp(text) instanceof Timestamp)) bad();
  }
}

function literalPattern(e: ExprOf<'call'>, issues: Issue[]): void {
  if (e.name !== 'matches') return;
  const arg = e.args[e.args.length - 1];
  const pattern = literalText(arg);
  if (arg !== undefined && pattern !== undefined && !isPattern(pattern)) {
    issues.push({ at: arg.at, message: 'invalid matches argument' });
  }
}

const FITS: Readonly<Record<string, readonly string[]>> = {
  d: ['int', 'uint'],
  o: ['int', 'uint'],
  f: ['double', 'string'],
  e: ['double', 'string'],
  b: ['int', 'uint', 'bool'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
  s: ['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'],
};
const CLAUSE: Readonly<Record<string, string>> = {
  d: 'decimal clause can only be used on integers',
  o: 'octal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
};

/** The part of an argument that a clause cannot print, undefined when it can. */
function misfit(clause: Clause, e: Expr): Expr | undefined {
  if (!isDyn(e.type) && FITS[clause.verb]?.includes(e.type.kind) === false) return e;
  if (clause.verb !== 's' || (e.kind !== 'list' && e.kind !== 'map')) return undefined;
  for (const child of childrenOf(e)) {
    const found = misfit(clause, child);
    if (found !== undefined) return found;
  }
  return undefined;
}

class Misfit extends FormatError {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

function formatCall(e: ExprOf<'call'>, issues: Issue[]): void {
  const text = literalText(e.target);
  const [args] = e.args;
  if (e.name !== 'format' || text === undefined || args?.kind !== 'list') return;
  let used = 0;
  try {
    walkFormat(text, (next, index) => {
      used++;
      const clause = next();
      const arg = args.elements[index];
      if (arg === undefined) throw new FormatError(`index ${index} out of range`);
      const bad = misfit(clause, arg);
      if (bad === undefined) return '';
      throw new Misfit(bad.at, `error during formatting: ${CLAUSE[clause.verb]}, was given ${bad.type.name}`);
    });
  } catch (err) {
    if (!(err instanceof FormatError)) throw err;
    issues.push({ at: err instanceof Misfit ? err.at : e.at, message: err.message });
    return;
  }
  if (args.elements.length > used) {
    const message = `too many arguments supplied to string.format (expected ${used}, got ${args.elements.length})`;
    issues.push({ at: e.at, message });
  }
}

const mismatch = (e: Expr, expected: CelType, actual: CelType): Issue => ({
  at: e.at,
  message: `expected type '${typeText(expected)}' but found '${typeText(actual)}'`,
});

/** Elements of one literal have one type. */
function homogeneous(elements: readonly { e: Expr; optional: boolean }[], once: boolean): Issue[] {
  const issues: Issue[] = [];
  let first: CelType | undefined;
  for (const { e, optional } of elements) {
    const type = optional && isOptional(e.type) ? (e.type.params[0] as CelType) : e.type;
    if (first === undefined) first = type;
    else if (!sameType(first, type, true)) {
      issues.push(mismatch(e, first, type));
      if (once) break;
    }
  }
  return issues;
}

function literalElements(e: Expr, issues: Issue[]): void {
  if (e.kind === 'list') {
    issues.push(
      ...homogeneous(
        e.elements.map((item, i) => ({ e: item, optional: e.optionals.has(i) })),
        true,
      ),
    );
  } else if (e.kind === 'map') {
    issues.push(
      ...homogeneous(
        e.entries.map(({ key }) => ({ e: key, optional: false })),
        false,
      ),
    );
    issues.push(
      ...homogeneous(
        e.entries.map(({ value, optional }) => ({ e: value, optional })),
        false,
      ),
    );
  }
}

function visit(e: Expr, isExempt: boolean, issues: Issue[], aggregates: Issue[]): void {
  if (e.kind === 'call') {
    literalArgument(e, issues);
    literalPattern(e, issues);
    formatCall(e, issues);
  } else if (!isExempt) literalElements(e, aggregates);
  const exempt = isExempt || (e.kind === 'call' && EXEMPT.has(e.name));
  for (const child of childrenOf(e)) visit(child, exempt, issues, aggregates);
}

/** Issues of an expression that has been checked without any. */
export function validate(e: Expr): Issue[] {
  const issues: Issue[] = [];
  const aggregates: Issue[] = [];
  visit(e, false, issues, aggregates);
  return [...issues, ...aggregates];
}
