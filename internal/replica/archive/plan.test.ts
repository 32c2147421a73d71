import { describe, expect, it } from 'vitest';
import { baseName, listingOf, logName } from './names.js';
import { covered, endOf, expired, planRestore, type RestorePoint } from './plan.js';

const T = Date.UTC(2026, 0, 1);
const base = (index: number, revision: number, at = index) => baseName({ index, revision, timeMs: T + at });
const log = (first: number, last: number, revision: number, at = last) =>
  logName({ first, last, revision, timeMs: T + at });
const text = (at: number): string => new Date(T + at).toISOString();

/** The indexes of the base and the pieces that a restore reads, or why there is none. */
function planned(names: readonly string[], point: RestorePoint): string {
  try {
    const plan = planRestore(listingOf(names), point);
    return [plan.base.index, ...plan.logs.map(({ first, last }) => `${first}-${last}`)].join(' ');
  } catch (error) {
    return (error as Error).message;
  }
}

// Bases at 10 and 30 (revisions 5 and 20), a hole from 51 to 60.
const NAMES = [log(61, 70, 60), log(11, 20, 12), log(21, 40, 30), base(30, 20), base(10, 5), log(41, 50, 40), 'readme'];

describe('a restore', () => {
  it('begins with the newest copy that is not beyond the moment, and reads no more than it needs', () => {
    expect(planned(NAMES, { revision: 5 })).toBe('10');
    expect(planned(NAMES, { revision: 6 })).toBe('10 11-20');
    expect(planned(NAMES, { revision: 12 })).toBe('10 11-20');
    expect(planned(NAMES, { revision: 13 })).toBe('10 11-20 21-40');
    expect(planned(NAMES, { revision: 20 })).toBe('30');
    expect(planned(NAMES, { revision: 40 })).toBe('30 21-40 41-50');
    expect(planned(NAMES, { timeMs: T + 10 })).toBe('10');
    expect(planned(NAMES, { timeMs: T + 19 })).toBe('10 11-20');
    // Another entry of the same millisecond may be in the next piece.
    expect(planned(NAMES, { timeMs: T + 20 })).toBe('10 11-20 21-40');
    expect(planned(NAMES, { timeMs: T + 30 })).toBe('30');
    expect(planned(NAMES.slice(1), {})).toBe('30 21-40 41-50');
  });

  it('takes the piece that reaches furthest', () => {
    const names = [base(10, 5), log(11, 15, 6), log(11, 40, 20), log(11, 40, 0), log(5, 30, 10), log(41, 41, 21)];
    expect(planned(names, {})).toBe('10 11-40 41-41');
  });

  it('is refused beyond a hole, before the beginning, and behind the end', () => {
    expect(planned(NAMES, {})).toBe(
      `the archive has a hole: the entries 51 to 60 of the log are missing, between ${text(50)} and ${text(70)}. ` +
        'Restore to a moment before it, or to one after the next copy of the state.',
    );
    const first = [base(10, 5), log(15, 20, 8), log(13, 14, 7), log(2, 10, 5)];
    expect(planned(first, {})).toContain(
      `the entries 11 to 12 of the log are missing, between ${text(10)} and ${text(14)}`,
    );
    const before = `the archive begins at revision 5, at ${text(10)}: nothing before that can be restored`;
    expect(planned(NAMES, { revision: 4 })).toBe(before);
    expect(planned(NAMES, { timeMs: T + 9 })).toBe(before);
    const whole = NAMES.slice(1);
    expect(planned(whole, { timeMs: T + 51 })).toBe(
      `the archive ends at ${text(50)}: what was written after that is not in it. Restore to that moment, or leave the time away.`,
    );
    expect(planned(whole, { timeMs: T + 50 })).toBe('30 21-40 41-50');
    expect(planned([base(10, 5)], { timeMs: T + 11 })).toContain(`the archive ends at ${text(10)}`);
    expect(planned([], {})).toBe('the archive holds no copy of the state yet: there is nothing to restore');
  });
});

it('the end of an archive is as far as it goes without a hole', () => {
  expect(endOf(listingOf(NAMES))).toBe(50);
  expect(endOf(listingOf([base(10, 5), log(12, 20, 6)]))).toBe(10);
  expect(endOf(listingOf([base(10, 5), log(11, 20, 6), log(1, 9, 4)]))).toBe(20);
  expect(endOf(listingOf([log(1, 9, 4)]))).toBeUndefined();
});

it('what is older than the last copy before the cutoff is not kept', () => {
  const names = (cutoff: number): readonly string[] => expired(listingOf(NAMES), T + cutoff);
  expect(names(9)).toEqual([]);
  expect(names(29)).toEqual([]);
  expect(names(30)).toEqual([base(10, 5), log(11, 20, 12)]);
  expect(expired(listingOf([base(10, 5), log(1, 10, 5), log(11, 11, 6)]), T + 10)).toEqual([log(1, 10, 5)]);
});

it('a piece is needless when a wider one has all of it, and not when another is equal', () => {
  const names = [log(1, 5, 1), log(1, 10, 2), log(3, 10, 2), log(6, 12, 3), log(1, 10, 0), log(11, 12, 3)];
  expect(covered(listingOf(names).logs)).toEqual([log(1, 5, 1), log(3, 10, 2), log(11, 12, 3)]);
  expect(covered([])).toEqual([]);
});

it('names sort as numbers do, and those of other files are left out', () => {
  expect(base(10, 5)).toBe(`base-000000000000010-000000000000005-${String(T + 10).padStart(15, '0')}.snapshot`);
  const { bases, logs } = listingOf([
    ...NAMES,
    `x${base(1, 1)}`,
    `${base(1, 1)}.part`,
    `x${log(1, 1, 1)}`,
    `${log(1, 1, 1)}x`,
    base(1, 1).replace('000', '00'),
  ]);
  expect(bases).toEqual([
    { name: base(10, 5), index: 10, revision: 5, timeMs: T + 10 },
    { name: base(30, 20), index: 30, revision: 20, timeMs: T + 30 },
  ]);
  expect(logs.map(({ first, last, revision }) => [first, last, revision])).toEqual([
    [11, 20, 12],
    [21, 40, 30],
    [41, 50, 40],
    [61, 70, 60],
  ]);
  expect(logs[0]).toEqual({ name: log(11, 20, 12), first: 11, last: 20, revision: 12, timeMs: T + 20 });
});
