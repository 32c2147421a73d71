import { checkCalls } from './calls.js';
import type { History, Violation } from './history.js';
import { checkReads } from './reads.js';
import { Timeline } from './timeline.js';
import { checkWatches } from './watches.js';

export interface Judgement {
  readonly violations: readonly Violation[];
  /** Keys for which the search for an order was given up. */
  readonly undecided: readonly string[];
}

/**
 * Judges one epoch: calls, watches and lists, each by itself and against each other. Its keys came to be after the
 * revision `base`; nothing was written to them any more after `fence`; below `compacted` history may be gone.
 */
export function judge(history: History, base: number, fence: number, compacted: number): Judgement {
  const timeline = new Timeline(history);
  const calls = checkCalls(history, timeline.complete(base, fence));
  return {
    violations: [
      ...timeline.violations,
      ...calls.violations,
      ...checkWatches(history, timeline, base, compacted),
      ...checkReads(history, timeline, base),
    ],
    undecided: calls.undecided,
  };
}
