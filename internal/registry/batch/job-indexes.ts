import { quote } from '../../machinery/status.js';

// Texts such as `0,3-5` that name completed or failed indexes of an indexed job (pkg/apis/batch/validation).

/** An interval of indexes, both ends included. */
type Interval = readonly [first: number, last: number];

const INTEGER = /^[+-]?\d+$/;

/** Reads one interval of a job with that many completions; a text says what is wrong with it. */
function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split('-');
  if (limits.length > 2) {
    return `the fragment ${quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  const numbers: number[] = [];
  for (const limit of limits) {
    const n = INTEGER.test(limit) ? Number(limit) : Number.NaN;
    if (!Number.isSafeInteger(n)) return `cannot convert string to integer for index: ${quote(limit)}`;
    if (n >= completions) return `too large index: ${quote(limit)}`;
    numbers.push(n);
  }
  const [first = 0, last = first] = numbers;
  if (numbers.length > 1 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
  return [first, last];
}

/** What is wrong with a list of indexes, or undefined. */
export function indexesProblem(text: string, completions: number): string | undefined {
  if (text === '') return undefined;
  let last: number | undefined;
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if (typeof interval === 'string') return interval;
    if (last !== undefined && last >= interval[0]) {
      return `non-increasing order, previous: ${last}, current: ${interval[0]}`;
    }
    last = interval[1];
  }
  return undefined;
}

/** The first index that two lists share, in words; undefined when there is none. Parts that cannot be read are passed over. */
export function overlapProblem(completed: string, failed: string, completions: number): string | undefined {
  if (completed === '' || failed === '') return undefined;
  const read = (text: string): Interval[] =>
    text
      .split(',')
      .map((part) => parseInterval(part, completions))
      .filter((i): i is Interval => typeof i !== 'string');
  const [done, lost] = [read(completed), read(failed)];
  for (let c = 0, f = 0; c < done.length && f < lost.length; ) {
    const [cFirst, cLast] = done[c] ?? [0, 0];
    const [fFirst, fLast] = lost[f] ?? [0, 0];
    if (cFirst <= fLast && fFirst <= cLast) {
      return `failedIndexes and completedIndexes overlap at index: ${Math.max(cFirst, fFirst)}`;
    }
    if (cFirst <= fFirst) c++;
    else f++;
  }
  return undefined;
}
