import { openSync, readSync } from 'node:fs';
import { setTimeout as later } from 'node:timers';
import { setTimeout } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { RULE_MS } from './rule.js';

/*
 * Loaded into a replica with `--import`: measures how long its event loop is held. A timer fires every millisecond; what
 * passes between two firings, less what it would have waited anyway, held the loop. On a machine that others use as well
 * the clock also counts them, so the processor time of the main thread is measured beside it (Linux: the first number of
 * /proc/self/schedstat, nanoseconds).
 */

/** The longest time that the loop was held since the last reset, in milliseconds. */
export interface Held {
  /** Processor time of the main thread: the longest is told by it. */
  readonly cpuMs: number;
  /** The same time by the clock. */
  readonly wallMs: number;
  /** When it ended: microseconds of the clock of `--cpu-prof`. */
  readonly endedAtUs: number;
  /**
   * How many times a quiet machine's processor time the same work takes in this thread now: others share its caches and
   * its memory. At least 1.
   */
  readonly slowness: number;
}

const YARDSTICK = JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, { a: [i] }])));
/** What reading the yardstick takes on a quiet machine with two cores, in milliseconds of processor time. */
const QUIET_MS = 3;

function slowness(): number {
  const times = Array.from({ length: 9 }, () => {
    const before = cpuMs();
    JSON.parse(YARDSTICK);
    return cpuMs() - before;
  });
  return Math.max(1, (times.toSorted((a, b) => a - b)[4] ?? QUIET_MS) / QUIET_MS);
}

const file = openSync('/proc/self/schedstat', 'r');
const buffer = Buffer.alloc(64);
function cpuMs(): number {
  const length = readSync(file, buffer, 0, buffer.length, 0);
  return Number(buffer.toString('latin1', 0, length).split(' ')[0]) / 1e6;
}

/** The loop is calm when it does something for less than this part of a look; so often in a row, or the wait is over. */
const CALM = 0.5;
const CALM_LOOKS = 3;
const LOOK_MS = 8;
const SETTLING_MS = 5_000;

const NONE = { cpuMs: 0, wallMs: 0, endedAtUs: 0 };
let worst = NONE;
let slow = 1;
let lastWall = performance.now();
let lastCpu = cpuMs();

function tick(): void {
  const [wall, cpu] = [performance.now(), cpuMs()];
  const heldCpu = Math.min(cpu - lastCpu, wall - lastWall);
  if (heldCpu > worst.cpuMs) {
    const endedAtUs = Math.round(Number(process.hrtime.bigint()) / 1000);
    worst = { cpuMs: heldCpu, wallMs: wall - lastWall, endedAtUs };
  }
  [lastWall, lastCpu] = [wall, cpu];
  later(tick, 1);
}
tick();

/** Resolves when the loop has had little to do for a while: what a request leaves behind belongs to that request. */
async function quiet(): Promise<void> {
  const end = performance.now() + SETTLING_MS;
  for (let calm = 0; calm < CALM_LOOKS && performance.now() < end; ) {
    const before = performance.eventLoopUtilization();
    await setTimeout(LOOK_MS);
    calm = performance.eventLoopUtilization(before).utilization < CALM ? calm + 1 : 0;
  }
}

/** Less than this that has gathered beside the young objects is left for later: a sweep takes 30 ms, and most leave little. */
const SWEPT_BYTES = 4 * 1024 * 1024;
let swept = 0;

/** Old and large objects, and what they hold outside the heap. Young ones cost nothing when they are gone. */
function oldBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.startsWith('new_'));
  return spaces.reduce((sum, space) => sum + space.space_used_size, process.memoryUsage().external);
}

/** Sweeps up now what earlier requests threw away, so that it does not happen in the middle of the next one. */
function sweep(): void {
  if (oldBytes() < swept + SWEPT_BYTES) return;
  globalThis.gc?.();
  swept = oldBytes();
}

async function answer(message: unknown): Promise<void> {
  await quiet();
  const held = worst;
  if (message === 'reset') sweep();
  // A time that keeps the rule on any machine needs no yardstick.
  const now = message === 'reset' || held.cpuMs >= RULE_MS ? slowness() : slow;
  if (message === 'reset') {
    worst = NONE;
    [lastWall, lastCpu] = [performance.now(), cpuMs()];
  }
  // The load may have changed meanwhile: the slower of before and after counts.
  const told: Held = { ...held, slowness: Math.max(slow, now) };
  slow = now;
  // Who asked may be gone.
  process.send?.(told, undefined, undefined, () => undefined);
}
process.on('message', (message) => void answer(message));
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
