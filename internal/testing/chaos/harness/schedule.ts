import { Random } from '../../sim/random.js';

/** Whom a fault hits: found out when it begins. */
export type Target = 'leader' | 'follower' | 'any';

export const FAULT_KINDS = [
  'kill',
  'kill-majority',
  'kill-all',
  'terminate',
  'terminate-all',
  'pause',
  'stutter',
  'pause-all',
  'isolate',
  'split',
  'one-way-out',
  'one-way-in',
  'cut-one-link',
  'bridge',
  'refuse',
  'resets',
  'delay',
  'disk-full',
  'disk-low',
  'disk-slow',
  'disk-stall',
  'move-leader',
  'clock-jump',
  'clock-stop',
  'lose-member',
  'lose-disk',
  'grow',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault as planned. */
export interface PlannedFault {
  /** Unique within a run. */
  readonly name: string;
  readonly kind: FaultKind;
  /** Milliseconds after the beginning of the epoch. */
  readonly at: number;
  readonly durationMs: number;
  readonly target: Target;
  /** How held connections end: what was sent arrives late, or they break. */
  readonly heal: 'resume' | 'reset';
  /** Choices within the fault. */
  readonly seed: number;
}

/** How long each kind may last, in milliseconds: beyond an election timeout (1 s) where leadership should move. */
const DURATIONS: Readonly<Record<FaultKind, readonly [least: number, most: number]>> = {
  kill: [100, 5_000],
  'kill-majority': [500, 4_000],
  'kill-all': [100, 3_000],
  terminate: [100, 3_000],
  'terminate-all': [100, 1_500],
  pause: [1_200, 7_000],
  stutter: [2_000, 6_000],
  'pause-all': [1_200, 4_000],
  isolate: [1_500, 8_000],
  split: [1_500, 8_000],
  'one-way-out': [1_500, 8_000],
  'one-way-in': [1_500, 8_000],
  'cut-one-link': [1_500, 8_000],
  bridge: [1_500, 8_000],
  refuse: [500, 4_000],
  resets: [2_000, 6_000],
  delay: [2_000, 8_000],
  'disk-full': [2_000, 6_000],
  'disk-low': [2_000, 6_000],
  'disk-slow': [2_000, 7_000],
  'disk-stall': [1_200, 5_000],
  'move-leader': [0, 0],
  'clock-jump': [1_000, 8_000],
  'clock-stop': [1_000, 6_000],
  'lose-member': [500, 3_000],
  'lose-disk': [4_000, 9_000],
  grow: [3_000, 8_000],
};

/** Odds that the next fault begins while the last one lasts. */
const OVERLAP = 0.3;
const GAP_MS = [500, 3_500] as const;

export interface ScheduleOptions {
  readonly seed: number;
  readonly epoch: number;
  readonly lengthMs: number;
  readonly kinds: readonly FaultKind[];
}

/** The faults of one epoch: the same for the same options. Over the epochs every kind has its turn before any has two. */
export function schedule(options: ScheduleOptions): PlannedFault[] {
  const bag: FaultKind[] = [];
  for (let epoch = 1; epoch < options.epoch; epoch += 1) plan({ ...options, epoch }, bag);
  return plan(options, bag);
}

/** Takes the kinds of one epoch's faults out of the bag, which is filled again when it is empty. */
function plan({ seed, epoch, lengthMs, kinds }: ScheduleOptions, bag: FaultKind[]): PlannedFault[] {
  const random = new Random(seed * 1_000 + epoch);
  const planned: PlannedFault[] = [];
  for (let at = random.between(...GAP_MS); kinds.length > 0; ) {
    if (bag.length === 0) bag.push(...kinds);
    const kind = random.pick(bag);
    const [least, most] = DURATIONS[kind];
    const durationMs = Math.round(random.between(least, most));
    const target = random.pick(['leader', 'leader', 'follower', 'any'] as const);
    const heal = random.pick(['resume', 'reset'] as const);
    const fault = { kind, at: Math.round(at), durationMs, target, heal, seed: random.below(2 ** 31) };
    if (at + durationMs > lengthMs) break;
    bag.splice(bag.indexOf(kind), 1);
    planned.push({ name: `e${epoch}f${planned.length + 1}`, ...fault });
    at += random.chance(OVERLAP) ? random.between(200, durationMs) : durationMs + random.between(...GAP_MS);
  }
  return planned;
}

export function describeFault(fault: PlannedFault): string {
  const { name, kind, at, durationMs, target, heal } = fault;
  return `${(at / 1000).toFixed(1)} s ${name} ${kind} ${target} for ${durationMs} ms, ${heal}`;
}
