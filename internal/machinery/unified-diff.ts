/**
 * A unified diff as Python's difflib and its port in Go make it, which kube-apiserver puts into field errors of large
 * objects: the same lines are taken to be the same ones, also where several choices are possible.
 */

/** Lines that both texts have in common: `size` of them from `a` in the one and `b` in the other. */
interface Match {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

type Range = readonly [aLow: number, aHigh: number, bLow: number, bHigh: number];

/** From this many lines on, lines that occur in more than one of a hundred are no anchors. */
const POPULAR_FROM = 200;

function anchors(lines: readonly string[]): Map<string, number[]> {
  const at = new Map<string, number[]>();
  for (const [i, line] of lines.entries()) {
    const known = at.get(line);
    if (known === undefined) at.set(line, [i]);
    else known.push(i);
  }
  if (lines.length >= POPULAR_FROM) {
    const most = Math.floor(lines.length / 100) + 1;
    for (const [line, where] of at) if (where.length > most) at.delete(line);
  }
  return at;
}

const NOWHERE: readonly number[] = [];

/** The longest run of lines common to both ranges, the earliest among equals. */
function longestMatch(
  a: readonly string[],
  b: readonly string[],
  at: ReadonlyMap<string, readonly number[]>,
  [aLow, aHigh, bLow, bHigh]: Range,
): Match {
  let [bestA, bestB, size] = [aLow, bLow, 0];
  // Length of the run that ends at a line of b, for the line of a before.
  let ending = new Map<number, number>();
  for (let i = aLow; i < aHigh; i++) {
    const next = new Map<number, number>();
    for (const j of at.get(a[i] ?? '') ?? NOWHERE) {
      if (j < bLow) continue;
      if (j >= bHigh) break;
      const run = (ending.get(j - 1) ?? 0) + 1;
      next.set(j, run);
      if (run > size) [bestA, bestB, size] = [i - run + 1, j - run + 1, run];
    }
    ending = next;
  }
  // Lines that are no anchors belong to a run that they touch.
  while (bestA > aLow && bestB > bLow && a[bestA - 1] === b[bestB - 1])
    [bestA, bestB, size] = [bestA - 1, bestB - 1, size + 1];
  while (bestA + size < aHigh && bestB + size < bHigh && a[bestA + size] === b[bestB + size]) size++;
  return { a: bestA, b: bestB, size };
}

/** All runs in order, neighbours as one, and an empty one at the end. */
function matches(a: readonly string[], b: readonly string[]): Match[] {
  const at = anchors(b);
  const found: Match[] = [];
  const open: Range[] = [[0, a.length, 0, b.length]];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const [aLow, aHigh, bLow, bHigh] = range;
    const m = longestMatch(a, b, at, range);
    if (m.size === 0) continue;
    found.push(m);
    if (aLow < m.a && bLow < m.b) open.push([aLow, m.a, bLow, m.b]);
    if (m.a + m.size < aHigh && m.b + m.size < bHigh) open.push([m.a + m.size, aHigh, m.b + m.size, bHigh]);
  }
  found.sort((x, y) => x.a - y.a || x.b - y.b);
  const merged: Match[] = [];
  for (const m of found) {
    const last = merged.at(-1);
    if (last !== undefined && last.a + last.size === m.a && last.b + last.size === m.b) {
      merged[merged.length - 1] = { ...last, size: last.size + m.size };
    } else merged.push(m);
  }
  merged.push({ a: a.length, b: b.length, size: 0 });
  return merged;
}

/** A stretch of both texts that is the same, or that differs. */
interface Stretch {
  readonly same: boolean;
  readonly range: Range;
}

function stretches(a: readonly string[], b: readonly string[]): Stretch[] {
  const out: Stretch[] = [];
  let [i, j] = [0, 0];
  for (const m of matches(a, b)) {
    if (i < m.a || j < m.b) out.push({ same: false, range: [i, m.a, j, m.b] });
    [i, j] = [m.a + m.size, m.b + m.size];
    if (m.size > 0) out.push({ same: true, range: [m.a, i, m.b, j] });
  }
  return out;
}

/** Lines of what is the same that are shown around what differs. */
const CONTEXT = 3;

function hunks(all: readonly Stretch[]): Stretch[][] {
  const out: Stretch[][] = [];
  let hunk: Stretch[] = [];
  for (const [at, { same, range }] of all.entries()) {
    let [aLow, aHigh, bLow, bHigh] = range;
    const [first, last] = [at === 0, at === all.length - 1];
    if (same && first) [aLow, bLow] = [Math.max(aLow, aHigh - CONTEXT), Math.max(bLow, bHigh - CONTEXT)];
    if (same && last) [aHigh, bHigh] = [Math.min(aHigh, aLow + CONTEXT), Math.min(bHigh, bLow + CONTEXT)];
    if (same && !first && !last && aHigh - aLow > 2 * CONTEXT) {
      hunk.push({ same, range: [aLow, aLow + CONTEXT, bLow, bLow + CONTEXT] });
      out.push(hunk);
      hunk = [];
      [aLow, bLow] = [aHigh - CONTEXT, bHigh - CONTEXT];
    }
    hunk.push({ same, range: [aLow, aHigh, bLow, bHigh] });
  }
  if (hunk.some((s) => !s.same)) out.push(hunk);
  return out;
}

function rangeText(low: number, high: number): string {
  const length = high - low;
  if (length === 1) return String(low + 1);
  return `${length === 0 ? low : low + 1},${length}`;
}

/** The diff of two texts given in lines, three lines of context, without the names of files; '' when they are the same. */
export function unifiedDiff(a: readonly string[], b: readonly string[]): string {
  let out = '';
  for (const hunk of hunks(stretches(a, b))) {
    const [first, last] = [hunk[0]?.range, hunk.at(-1)?.range];
    if (first === undefined || last === undefined) continue;
    out += `@@ -${rangeText(first[0], last[1])} +${rangeText(first[2], last[3])} @@\n`;
    for (const { same, range } of hunk) {
      const [aLow, aHigh, bLow, bHigh] = range;
      for (const line of a.slice(aLow, aHigh)) out += `${same ? ' ' : '-'}${line}\n`;
      if (!same) for (const line of b.slice(bLow, bHigh)) out += `+${line}\n`;
    }
  }
  return out;
}
