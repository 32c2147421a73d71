import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUGS } from './bugs.js';
import { hunt } from './hunt.js';
import { TESTED_BUGS } from './tested-bugs.js';

/** Where `foundAt` has moved the other seeds are tried two at a time. */
const WORKERS = 2;
/** Enough for `seedsMax` seeds on a busy machine. */
const HUNT_MS = 1_200_000;

describe('the deliberate bugs', () => {
  it('have names of their own, and a seed within their bound', () => {
    const names = [...BUGS, ...TESTED_BUGS].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, foundAt, seedsMax } of BUGS) expect(foundAt, name).toBeLessThanOrEqual(seedsMax);
  });

  // That a bug fits the source, in one place, is part of building with it.
  it.each(BUGS)('$name is found', { timeout: HUNT_MS }, async (bug) => {
    const { caught, tried } = await hunt(bug, WORKERS);
    expect(caught?.failure, `${bug.name} was not found by ${tried} seeds`).toBeDefined();
    // By a check of the simulator or of the product itself, and not because the simulator fell over.
    expect(caught?.failure?.property, caught?.failure?.message).not.toBe('no unexpected error');
  });

  it.each(TESTED_BUGS)('$name fits the source, and the test that finds it is there', ({ file, find, test }) => {
    expect(source(file).split(find)).toHaveLength(2);
    expect(source(test.file)).toContain(test.title);
  });
});

function source(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
}
