import { whyNotFree } from '../machinery/port.js';

/** Below the range from which the kernel takes ports for outgoing connections (32768 on Linux). */
const LOWEST = 10_000;
const HIGHEST = 28_000;
const ATTEMPTS = 200;

/**
 * A port from which on all of `offsets` are free now, for programs that take a base and count from it. Chosen at random,
 * so that test files that run side by side do not meet. Throws when none is found.
 */
export async function freeBase(offsets: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const base = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const taken = await Promise.all(offsets.map((offset) => whyNotFree('127.0.0.1', base + offset)));
    if (taken.every((why) => why === undefined)) return base;
  }
  throw new Error(`no base with ${offsets.length} free ports in ${ATTEMPTS} attempts`);
}

/** A base for `scripts/up` with this many replicas: their ports, their peers', those for SPDY and the balancer's (bootstrap/layout.ts). */
export function freeClusterBase(replicas: number): Promise<number> {
  const own = Array.from({ length: replicas }, (_, i) => i);
  return freeBase([...own, 1000, ...own.flatMap((i) => [2000 + i, 3000 + i])]);
}
