import { expect, test } from 'vitest';
import { hasEnded } from './processes.js';

/** The start of /proc/PID/stat for a process of this name in this state, of which so many threads are left. */
const stat = (name: string, state: string, threads: number): string =>
  `17413 (${name}) ${state} 17353 17353 1160 0 -1 4227084 2949 6547 1 0 4 1 3 2 20 0 ${threads} 0 650895 0 0\n`;

test.each([
  ['a zombie whose last thread has ended', stat('node', 'Z', 1), true],
  ['a zombie of which a thread still runs, and keeps its ports', stat('node', 'Z', 2), false],
  ['a process that sleeps', stat('node', 'S', 11), false],
  ['a process with a single thread', stat('sleep', 'R', 1), false],
  ['a process whose name looks like a state', stat('a) Z (b', 'S', 1), false],
])('Whether a process has ended: %s', (_what, text, expected) => {
  expect(hasEnded(text)).toBe(expected);
});
