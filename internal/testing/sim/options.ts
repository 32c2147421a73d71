import type { Random } from './random.js';

/** What one run is made of. All of it follows from the seed. */
export interface RunOptions {
  readonly seed: number;
  readonly voters: number;
  readonly clients: number;
  readonly watchers: number;
  readonly keys: number;
  /** Virtual time with faults, and without them at the end. */
  readonly faultyMs: number;
  readonly calmMs: number;
  /** Mean time between faults. */
  readonly faultEveryMs: number;
  readonly faults: readonly FaultKind[];
  readonly lossChance: number;
  readonly duplicateChance: number;
  readonly reorders: boolean;
  readonly delayMs: number;
  readonly fsyncMs: number;
  readonly clockRates: readonly number[];
  readonly thinkMs: number;
  /** History older than this is forgotten; 0 for never. */
  readonly compactionIntervalMs: number;
  readonly logKeepEntries: number;
  readonly electionMs: number;
  readonly raftSettings: RaftSettings;
}

/** Bounds of the core that are drawn small at times. */
export interface RaftSettings {
  readonly maxSizePerMessageBytes: number;
  readonly maxInflightMessages: number;
  readonly maxUncommittedBytes: number;
  readonly preVote: boolean;
}

export type FaultKind =
  | 'kill'
  | 'powerLoss'
  | 'powerLossAll'
  | 'cutMidWrite'
  | 'pause'
  | 'isolate'
  | 'split'
  | 'oneWay'
  | 'slowDisk'
  | 'fullDisk'
  | 'lossyNetwork'
  | 'slowNetwork'
  | 'transfer'
  | 'membership';

export const FAULT_KINDS: readonly FaultKind[] = [
  'kill',
  'powerLoss',
  'powerLossAll',
  'cutMidWrite',
  'pause',
  'isolate',
  'split',
  'oneWay',
  'slowDisk',
  'fullDisk',
  'lossyNetwork',
  'slowNetwork',
  'transfer',
  'membership',
];

/** Draws a run: each has its own mix of faults, since a mix of everything hides what a mix of two would show. */
export function drawOptions(seed: number, random: Random): RunOptions {
  const faults = FAULT_KINDS.filter(() => random.chance(0.45));
  return {
    seed,
    voters: random.pick([1, 3, 3, 3, 3, 3, 5, 5]),
    clients: 2 + random.below(4),
    watchers: random.below(4),
    keys: random.pick([1, 3, 8]),
    faultyMs: random.pick([6_000, 12_000, 24_000]),
    calmMs: 10_000,
    faultEveryMs: random.pick([300, 800, 2_000]),
    faults: faults.length === 0 ? ['kill', 'powerLoss'] : faults,
    lossChance: random.pick([0, 0, 0.01, 0.1]),
    duplicateChance: random.pick([0, 0, 0.02, 0.2]),
    reorders: random.chance(0.4),
    delayMs: random.pick([0.3, 2, 20]),
    fsyncMs: random.pick([0.5, 3, 15, 40]),
    clockRates: random.chance(0.7) ? [1] : [0.7, 0.9, 1, 1.1, 1.5],
    thinkMs: random.pick([8, 30, 150]),
    compactionIntervalMs: random.pick([0, 1_500, 5_000]),
    logKeepEntries: random.pick([2, 20, 10_000]),
    electionMs: random.pick([250, 500, 500]),
    raftSettings: {
      maxSizePerMessageBytes: random.pick([1, 400, 1024 * 1024]),
      maxInflightMessages: random.pick([1, 4, 256]),
      maxUncommittedBytes: random.pick([2_000, 128 * 1024 * 1024, 128 * 1024 * 1024]),
      preVote: random.chance(0.8),
    },
  };
}
