/** How far the two clocks may drift apart before the difference is taken anew, in milliseconds. */
const MAX_DRIFT_MS = 2;
let offset = Date.now() - performance.now();

/**
 * Milliseconds since the epoch, with fractions, of a moment of `performance.now()`. The clock of the machine is set while
 * the process runs; the other never is.
 */
export function wallClockMs(moment: number): number {
  const now = Date.now() - performance.now();
  if (Math.abs(now - offset) > MAX_DRIFT_MS) offset = now;
  return moment + offset;
}
