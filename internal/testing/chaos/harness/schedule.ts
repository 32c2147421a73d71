import { Random } from '../../sim/random.js';

/** Whom a fault hits: found out when it begins. */
export type Target = 'leader' | 'follower' | 'any';

export const FAULT_KINDS = [
  'kill',
  'kill-majority',
  'kill-all',
  'terminate',
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
  'move-leader',
  'clock-jump',
  'clock-stop',
  'lose-member',
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
  'move-leader': [0, 0],
  'clock-jump': [1_000, 8_000],
  'clock-stop': [1_000, 6_000],
  'lose-member': [500, 3_000],
};

/** Kinds that run for a second time within an epoch only rarely, for they take long to recover from. */
const ONCE: readonly FaultKind[] = ['lose-member', 'disk-full', 'disk-low', 'kill-all'];
/** Odds that the next fault begins while the last one lasts. */
const OVERLAP = 0.3;
const GAP_MS = [500, 3_500] as const;

export interface ScheduleOptions {
  readonly seed: number;
  readonly epoch: number;
  readonly lengthMs: number;
  readonly kinds: readonly FaultKind[];
}

/** The faults of one epoch: the same for the same options. */
export function schedule({ seed, epoch, lengthMs, kinds }: ScheduleOptions): PlannedFault[] {
  const random = new Random(seed * 1_000 + epoch);
  const planned: PlannedFault[] = [];
  const used = new Set<FaultKind>();
  for (let at = random.between(...GAP_MS); kinds.length > 0; ) {
    const kind = random.pick(kinds);
    const [least, most] = DURATIONS[kind];
    const durationMs = Math.round(random.between(least, most));
    const target = random.pick(['leader', 'leader', 'follower', 'any'] as const);
    const heal = random.pick(['resume', 'reset'] as const);
    const fault = { kind, at: Math.round(at), durationMs, target, heal, seed: random.below(2 ** 31) };
    if (at + durationMs > lengthMs) break;
    if (used.has(kind) && ONCE.includes(kind)) continue;
    used.add(kind);
    planned.push({ name: `e${epoch}f${planned.length + 1}`, ...fault });
    at += random.chance(OVERLAP) ? random.between(200, durationMs) : durationMs + random.between(...GAP_MS);
  }
  return planned;
}

export function describeFault(fault: PlannedFault): string {
  const { name, kind, at, durationMs, target, heal } = fault;
  return `${(at / 1000).toFixed(1)} s ${name} ${kind} ${target} for ${durationMs} ms, ${heal}`;
}
