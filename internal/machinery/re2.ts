import { RE2JS, RE2JSException } from 're2js';
import { estimatedProgramSize } from './re2-size.js';

/*
 * Regular expressions that a client wrote, as Go's regexp reads them (RE2: no look-around, no back references), matched
 * in time that is linear in the text. JavaScript's own RegExp backtracks: it is never given a pattern of a client.
 */

/** Characters of one pattern. */
export const MAX_PATTERN_LENGTH = 8192;
/** Instructions of one compiled pattern; compiling that many takes about 20 ms. */
export const MAX_PROGRAM_SIZE = 12_000;
/** Instructions times UTF-16 units of the text: what one match may cost, about 30 ms where the fast ways fail. */
export const MAX_MATCH_STEPS = 2_000_000;

/** Patterns that are kept compiled, and the sum of their instructions (1.4 KB each) and lengths; the oldest goes first. */
const MAX_CACHED = 2048;
const MAX_CACHED_SIZE = 60_000;
/** Bytes of the table of states that one pattern keeps between matches. */
const MAX_STATE_BYTES = 128 * 1024;

/** A pattern that is none, or is too large. The message is Go's: `error parsing regexp: ...`. */
export class Re2SyntaxError extends Error {}

/** A match that would take too long: the text is too long for this pattern. */
export class Re2CostError extends Error {}

/** A compiled pattern. */
export class Re2 {
  readonly pattern: string;
  /** Instructions of the program. */
  readonly size: number;
  readonly #compiled: RE2JS;

  constructor(pattern: string, compiled: RE2JS) {
    this.pattern = pattern;
    this.#compiled = compiled;
    this.size = compiled.programSize();
  }

  /** The longest text that may be matched, in UTF-16 units. */
  get maxTextLength(): number {
    return Math.floor(MAX_MATCH_STEPS / Math.max(this.size, 1));
  }

  /** Whether the pattern is found anywhere in the text. Throws Re2CostError for a text above `maxTextLength`. */
  test(text: string): boolean {
    this.bounded(text);
    return this.#compiled.test(text);
  }

  private bounded(text: string): void {
    if (text.length > this.maxTextLength) {
      throw new Re2CostError(
        `the text has ${text.length} characters, and this pattern is matched with at most ${this.maxTextLength}`,
      );
    }
  }

  /** The parts of a text that match, from left to right, at most `limit` of them. Throws Re2CostError as `test` does. */
  findAll(text: string, limit: number): string[] {
    if (limit <= 0) return [];
    this.bounded(text);
    // Go's rules of empty matches, which those of the matcher are not.
    const re2 = this.#compiled.re2() as unknown as { findAll(text: string, n: number): string[] | null };
    return re2.findAll(text, Number.isFinite(limit) ? limit : -1) ?? [];
  }
}

/** re2js says what Go says, but leaves out the expression of some errors. */
function goText(message: string, pattern: string): string {
  if (message.includes(': `')) return message;
  return `${message}: \`${message.endsWith('at end of expression') ? '' : pattern}\``;
}

function compile(pattern: string): Re2 | Re2SyntaxError {
  if (pattern.length > MAX_PATTERN_LENGTH || estimatedProgramSize(pattern) > MAX_PROGRAM_SIZE) {
    return new Re2SyntaxError(
      `error parsing regexp: expression too large: \`${pattern.slice(0, MAX_PATTERN_LENGTH)}\``,
    );
  }
  try {
    const compiled = RE2JS.compile(pattern);
    const made = new Re2(pattern, compiled);
    boundStates(compiled);
    return made;
  } catch (e) {
    if (!(e instanceof RE2JSException)) throw e;
    return new Re2SyntaxError(goText(e.message, pattern));
  }
}

/** re2js would keep 8 MiB of states for each pattern. */
function boundStates(compiled: RE2JS): void {
  // The getter makes the table on first use; its type is declared under the name of its cache.
  const { dfa } = compiled.re2() as unknown as { dfa: { stateBudget: number; memBudget: number } };
  dfa.stateBudget = MAX_STATE_BYTES;
  dfa.memBudget = MAX_STATE_BYTES;
}

const cache = new Map<string, Re2 | Re2SyntaxError>();
let cachedSize = 0;
const sizeOf = (pattern: string, made: Re2 | Re2SyntaxError): number =>
  pattern.length + (made instanceof Re2 ? made.size : 0);

function keep(pattern: string, made: Re2 | Re2SyntaxError): void {
  cache.set(pattern, made);
  cachedSize += sizeOf(pattern, made);
  for (const [oldest, its] of cache) {
    if (cache.size <= MAX_CACHED && cachedSize <= MAX_CACHED_SIZE) return;
    cache.delete(oldest);
    cachedSize -= sizeOf(oldest, its);
  }
}

/**
 * Compiles a pattern, or gives the one that was compiled before. Throws Re2SyntaxError with Go's text for a pattern that
 * Go's regexp refuses, that is longer than MAX_PATTERN_LENGTH, or whose program is larger than MAX_PROGRAM_SIZE.
 */
export function compileRe2(pattern: string): Re2 {
  let made = cache.get(pattern);
  if (made === undefined) {
    made = compile(pattern);
    // What is refused for its length is refused at once again: it is not worth its place.
    if (pattern.length <= MAX_PATTERN_LENGTH) keep(pattern, made);
  }
  if (made instanceof Re2SyntaxError) throw made;
  return made;
}
