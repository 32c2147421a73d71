import { expect, it } from 'vitest';
import { type CaseResult, type Floors, raise, shortfalls } from './floors.js';

const results = (area: string, ...levels: number[]): CaseResult[] => levels.map((level) => ({ area, level }));
const floors = (): Floors => ({ patch: { cases: 3, status: 3, body: 2, exact: 1 } });

it('an area at its floor passes', () => {
  expect(shortfalls(floors(), results('patch', 3, 2, 1), ['patch'])).toEqual([]);
});

it('an area below its floor is named with the measure that fell', () => {
  expect(shortfalls(floors(), results('patch', 3, 1, 1), ['patch'])).toEqual(['BELOW FLOOR: patch body 1 < 2 of 3']);
});

it('an area that was wanted and not replayed fails', () => {
  expect(shortfalls(floors(), [], ['patch'])).toEqual(['CASES: patch has 0 cases, floors.json says 3']);
  expect(shortfalls(floors(), results('patch', 3, 2, 1), ['patch', 'ptach'])).toHaveLength(1);
});

it('an area without a floor fails', () => {
  expect(shortfalls({}, results('patch', 3), [])).toEqual([
    'NO FLOOR: patch has 1 cases and stands not in floors.json (--raise adds it)',
  ]);
});

it('fewer cases than pinned fail, even when all of them agree', () => {
  expect(shortfalls(floors(), results('patch', 3, 3), ['patch'])).toEqual([
    'CASES: patch has 2 cases, floors.json says 3',
  ]);
});

it('slack lets an area fall short by so many cases and no more', () => {
  const loose: Floors = { watch: { cases: 3, status: 3, body: 3, exact: 3, slack: 1 } };
  expect(shortfalls(loose, results('watch', 3, 3, 2), ['watch'])).toEqual([]);
  expect(shortfalls(loose, results('watch', 3, 2, 2), ['watch'])).toEqual(['BELOW FLOOR: watch exact 1 < 3 of 3']);
});

it('raising takes what was reached and never lowers', () => {
  const raised = floors();
  raise(raised, [...results('patch', 3, 3, 0), ...results('new', 3)]);
  expect(raised).toEqual({
    patch: { cases: 3, status: 3, body: 2, exact: 2 },
    new: { cases: 1, status: 1, body: 1, exact: 1 },
  });
});
