import { openSync, readSync } from 'node:fs';

/*
 * Loaded into a replica with `--import`: measures how long its event loop is held. A timer fires every millisecond; what
 * passes between two firings, less what it would have waited anyway, held the loop. On a machine that others use as well
 * the clock also counts them, so the processor time of the main thread is measured beside it (Linux: the first number of
 * /proc/self/schedstat, nanoseconds).
 */

/** The longest times that the loop was held since the last reset, in milliseconds. */
export interface Held {
  /** Processor time of the main thread. */
  readonly cpuMs: number;
  readonly wallMs: number;
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

let worst = { cpuMs: 0, wallMs: 0 };
let slow = 1;
let lastWall = performance.now();
let lastCpu = cpuMs();

function tick(): void {
  const [wall, cpu] = [performance.now(), cpuMs()];
  const heldCpu = Math.min(cpu - lastCpu, wall - lastWall);
  worst = { cpuMs: Math.max(worst.cpuMs, heldCpu), wallMs: Math.max(worst.wallMs, wall - lastWall) };
  [lastWall, lastCpu] = [wall, cpu];
  setTimeout(tick, 1);
}
tick();

process.on('message', (message) => {
  const held = worst;
  const now = slowness();
  if (message === 'reset') {
    worst = { cpuMs: 0, wallMs: 0 };
    [lastWall, lastCpu] = [performance.now(), cpuMs()];
  }
  // The load may have changed meanwhile: the slower of before and after counts.
  const answer: Held = { ...held, slowness: Math.max(slow, now) };
  slow = now;
  process.send?.(answer);
});
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
