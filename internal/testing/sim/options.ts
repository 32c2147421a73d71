import type { Random } from './random.js';

/** What one run is made of. All of it follows from the seed. */
export interface RunOptions {
  readonly seed: number;
  readonly profile: Profile;
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
  /** Probability that a fault strikes the leader rather than anyone. */
  readonly aimAtLeader: number;
  readonly lossChance: number;
  readonly duplicateChance: number;
  readonly reorders: boolean;
  readonly delayMs: number;
  readonly fsyncMs: number;
  /** How many times longer a flush of the state takes. */
  readonly flushFactor: number;
  readonly clockRates: readonly number[];
  readonly thinkMs: number;
  /** How long a replica tries a write before it tells the client. */
  readonly txnTimeoutMs: number;
  /** History older than this is forgotten; 0 for never. */
  readonly compactionIntervalMs: number;
  readonly logKeepEntries: number;
  readonly electionMs: number;
  /** How often each replica reads its whole state. */
  readonly scrubIntervalMs: number;
  /** Clients that work as the API's handlers do: update until it is done, list in pages. */
  readonly loops: number;
  /** Clients that charge what they create to one quota. */
  readonly chargers: number;
  /** Probability that a proposal is handed on twice. */
  readonly repeatChance: number;
  /** Some replicas run a later release. */
  readonly mixedReleases: boolean;
  /** The last founder is started only after a while. */
  readonly lateFounder: boolean;
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
  | 'longPause'
  | 'isolate'
  | 'isolateNewLeader'
  | 'split'
  | 'oneWay'
  | 'slowDisk'
  | 'fullDisk'
  | 'clockJump'
  | 'miscomputation'
  | 'bitRot'
  | 'lostRow'
  | 'logRot'
  | 'lossyNetwork'
  | 'slowNetwork'
  | 'transfer'
  | 'membership'
  | 'splitJoint'
  | 'join'
  | 'remove'
  | 'wipe'
  | 'rollback'
  | 'stranger'
  | 'stop'
  | 'replace'
  | AmbushKind;

/** Faults that wait for a moment (ambushes.ts). */
export const AMBUSHES = ['figure8', 'forgetVote', 'cutSnapshot', 'cutMidRename', 'killThenPower'] as const;
export type AmbushKind = (typeof AMBUSHES)[number];

/** What a mixed run draws its faults from. */
const MIXED_FAULTS: readonly FaultKind[] = [
  'kill',
  'powerLoss',
  'powerLossAll',
  'cutMidWrite',
  'pause',
  'longPause',
  'isolate',
  'isolateNewLeader',
  'split',
  'oneWay',
  'slowDisk',
  'fullDisk',
  'clockJump',
  'lossyNetwork',
  'slowNetwork',
  'transfer',
  'membership',
  'splitJoint',
  'join',
  'remove',
];
export const FAULT_KINDS: readonly FaultKind[] = [
  ...MIXED_FAULTS,
  ...(['miscomputation', 'wipe', 'rollback', 'stranger', 'bitRot', 'lostRow', 'logRot'] as const),
  ...(['stop', 'replace'] as const),
  ...AMBUSHES,
];

/** What a run leans towards: a mix of everything hides what a mix of a few would show. */
export type Profile =
  | 'mixed'
  | 'charges'
  | 'elections'
  | 'deposed'
  | 'membership'
  | 'reads'
  | 'disks'
  | 'alone'
  | 'differing'
  | 'trust'
  | 'rotting'
  | 'damagedLog'
  | 'ambush'
  | 'upkeep';
export const PROFILES: readonly Profile[] = [
  ...([
    'mixed',
    'mixed',
    'charges',
    'elections',
    'elections',
    'deposed',
    'deposed',
    'membership',
    'membership',
  ] as const),
  ...(['reads', 'reads', 'disks', 'disks', 'alone', 'differing', 'trust', 'rotting', 'damagedLog'] as const),
];

/** Of so many seeds one is of the profile `ambush`, and the one with this remainder of the profile `upkeep`. */
const AMBUSH_EVERY = 16;
const UPKEEP_AT = 10;

const LARGE: RaftSettings = {
  maxSizePerMessageBytes: 1024 * 1024,
  maxInflightMessages: 256,
  maxUncommittedBytes: 128 * 1024 * 1024,
  preVote: true,
};

/** Draws a run. */
export function drawOptions(seed: number, random: Random): RunOptions {
  // By their numbers, so that the seeds between stay what they were before there were these profiles.
  const drawn = random.pick(PROFILES);
  const place = seed % AMBUSH_EVERY;
  const profile = place === 0 ? 'ambush' : place === UPKEEP_AT ? 'upkeep' : drawn;
  return { ...drawMixed(seed, random), ...drawProfile(profile, random), profile };
}

function drawMixed(seed: number, random: Random): RunOptions {
  const faults = MIXED_FAULTS.filter(() => random.chance(0.4));
  return {
    seed,
    profile: 'mixed',
    voters: random.pick([1, 3, 3, 3, 3, 3, 5, 5]),
    clients: 2 + random.below(4),
    watchers: random.below(4),
    keys: random.pick([1, 3, 8]),
    faultyMs: random.pick([4_000, 8_000, 14_000]),
    // A run that is well ends sooner. A snapshot may wait 5 s to be confirmed, and then be late (seed 268).
    calmMs: 14_000,
    faultEveryMs: random.pick([300, 800, 2_000]),
    faults: faults.length === 0 ? ['kill', 'powerLoss'] : faults,
    aimAtLeader: random.pick([0, 0.3, 0.7]),
    lossChance: random.pick([0, 0, 0.01, 0.1]),
    duplicateChance: random.pick([0, 0, 0.02, 0.2]),
    reorders: random.chance(0.4),
    delayMs: random.pick([0.3, 2, 20]),
    fsyncMs: random.pick([0.5, 3, 15, 40]),
    flushFactor: random.pick([1, 1, 10]),
    clockRates: random.chance(0.7) ? [1] : [0.7, 0.9, 1, 1.1, 1.5],
    thinkMs: random.pick([8, 30, 150]),
    txnTimeoutMs: random.pick([600, 10_000, 10_000]),
    compactionIntervalMs: random.pick([0, 1_500, 5_000]),
    logKeepEntries: random.pick([2, 20, 10_000]),
    electionMs: random.pick([250, 500, 500]),
    mixedReleases: random.chance(0.25),
    lateFounder: false,
    scrubIntervalMs: 7_000,
    loops: random.pick([0, 1, 3]),
    chargers: 0,
    repeatChance: random.pick([0, 0, 0.1]),
    raftSettings: {
      maxSizePerMessageBytes: random.pick([1, 400, 1024 * 1024]),
      maxInflightMessages: random.pick([1, 4, 256]),
      maxUncommittedBytes: random.pick([2_000, 128 * 1024 * 1024, 128 * 1024 * 1024]),
      preVote: random.chance(0.8),
    },
  };
}

function drawProfile(profile: Profile, random: Random): Partial<RunOptions> {
  switch (profile) {
    case 'mixed':
      return {};
    case 'charges':
      return { chargers: 3 };
    case 'elections':
      // Many candidates at once, messages that take longer than a restart, crashes before the vote is on disk.
      return {
        voters: random.pick([3, 3, 5]),
        faults: ['cutMidWrite', 'cutMidWrite', 'cutMidWrite', 'powerLoss', 'powerLossAll', 'slowDisk', 'transfer'],
        faultEveryMs: random.pick([100, 250]),
        electionMs: 250,
        delayMs: random.pick([5, 40, 100]),
        reorders: true,
        fsyncMs: random.pick([3, 15, 40]),
        thinkMs: 150,
        raftSettings: { ...LARGE, preVote: random.chance(0.3) },
      };
    case 'deposed':
      // One leader after another is cut off before it can replicate what it has.
      return {
        voters: random.pick([3, 3, 3, 5]),
        faults: ['isolateNewLeader', 'isolateNewLeader', 'isolateNewLeader', 'isolateNewLeader', 'isolate'],
        aimAtLeader: 1,
        faultEveryMs: random.pick([40, 150]),
        electionMs: 250,
        delayMs: random.pick([3, 5, 20, 40]),
        fsyncMs: 3,
        thinkMs: random.pick([30, 150]),
        lossChance: 0,
        raftSettings: {
          ...LARGE,
          maxSizePerMessageBytes: random.pick([1, 1, LARGE.maxSizePerMessageBytes]),
          preVote: random.chance(0.5),
        },
      };
    case 'membership':
      return {
        voters: random.pick([3, 3, 5, 5]),
        faults: [
          ...(['membership', 'membership', 'splitJoint', 'splitJoint', 'join', 'remove'] as const),
          ...(['split', 'isolate', 'isolateNewLeader', 'transfer', 'kill'] as const),
        ],
        faultEveryMs: random.pick([200, 400]),
        electionMs: random.pick([250, 500]),
        delayMs: random.pick([2, 20, 60]),
        thinkMs: random.pick([8, 30]),
        logKeepEntries: random.pick([2, 20]),
      };
    case 'reads':
      // A leader that is replaced behind its back: paused, or cut off on one side.
      return {
        voters: random.pick([3, 3, 5]),
        faults: ['pause', 'pause', 'oneWay', 'isolate', 'transfer', 'slowNetwork'],
        aimAtLeader: 0.8,
        faultEveryMs: random.pick([600, 1_500]),
        electionMs: random.pick([250, 500]),
        thinkMs: 8,
        lossChance: 0,
      };
    case 'disks':
      return {
        faults: ['powerLoss', 'powerLossAll', 'cutMidWrite', 'cutMidWrite', 'slowDisk', 'fullDisk'],
        faultEveryMs: random.pick([200, 600]),
        fsyncMs: random.pick([3, 40]),
        flushFactor: random.pick([1, 10]),
        thinkMs: 8,
        logKeepEntries: random.pick([2, 20]),
      };
    case 'alone':
      // One replica, whose state falls behind its log whenever the power fails; others come and go.
      return {
        voters: 1,
        faults: ['powerLoss', 'powerLoss', 'cutMidWrite', 'cutMidWrite', 'slowDisk', 'join', 'remove', 'pause'],
        faultEveryMs: random.pick([200, 600]),
        fsyncMs: random.pick([3, 15, 40]),
        flushFactor: 10,
        thinkMs: 8,
        logKeepEntries: random.pick([2, 2, 20]),
      };
    case 'trust':
      // Disks are lost, or put back as they were; founders are late; and somebody asks who has no business to.
      return {
        voters: 3,
        faults: ['wipe', 'wipe', 'rollback', 'rollback', 'stranger', 'kill'],
        faultEveryMs: random.pick([1_000, 2_500]),
        faultyMs: 16_000,
        thinkMs: 30,
        lateFounder: random.chance(0.5),
        lossChance: 0,
        duplicateChance: 0,
        clockRates: [1],
      };
    case 'differing':
      // A replica's state silently becomes another, and may be copied; with the log kept whole a majority always has the
      // right one. And there is time to find out.
      return {
        voters: random.pick([3, 3, 5]),
        faults: ['miscomputation', 'miscomputation', 'miscomputation', 'kill', 'powerLoss', 'isolate', 'transfer'],
        aimAtLeader: random.pick([0, 0.5]),
        faultEveryMs: random.pick([800, 2_000]),
        faultyMs: 16_000,
        calmMs: 24_000,
        thinkMs: 30,
        logKeepEntries: random.pick([2, 20, 10_000, 10_000]),
        lossChance: 0,
      };
    case 'damagedLog':
      // One disk spoils what it was given of the log; no other is lost, so that those who are left are a majority.
      return {
        voters: random.pick([3, 3, 5]),
        faults: ['logRot', 'logRot', 'kill', 'powerLoss', 'isolate', 'slowDisk'],
        faultEveryMs: random.pick([400, 1_000]),
        thinkMs: 30,
        logKeepEntries: random.pick([2, 20, 10_000]),
        lossChance: 0,
      };
    case 'ambush':
      // One thing at a time, that waits for its moment; small logs, states that are copied, leaders that come and go.
      return {
        voters: random.pick([3, 3, 3, 5]),
        faults: [random.pick(AMBUSHES)],
        faultEveryMs: random.pick([400, 1_200]),
        faultyMs: 14_000,
        electionMs: 250,
        delayMs: random.pick([3, 20, 20]),
        fsyncMs: random.pick([3, 15]),
        thinkMs: random.pick([8, 30, 150]),
        logKeepEntries: random.pick([2, 2, 20]),
        lossChance: 0,
        duplicateChance: 0,
        clockRates: [1],
        raftSettings: { ...LARGE, maxSizePerMessageBytes: random.pick([1, 1, 400]), preVote: random.chance(0.5) },
      };
    case 'upkeep':
      // What operators do: replicas are ended and started one after the other, and machines replaced under their old names.
      return {
        voters: random.pick([3, 3, 3, 5]),
        faults: [
          ...(['stop', 'stop', 'stop', 'stop', 'replace', 'replace', 'replace'] as const),
          ...(['kill', 'powerLoss', 'isolate', 'transfer', 'slowDisk', 'fullDisk', 'pause'] as const),
        ],
        aimAtLeader: random.pick([0.3, 0.7]),
        faultEveryMs: random.pick([300, 700]),
        faultyMs: 14_000,
        thinkMs: random.pick([8, 30]),
        logKeepEntries: random.pick([2, 20, 10_000]),
      };
    case 'rotting':
      // Disks that forget, or spoil, what nobody may ask for. With the log kept whole none needs a copy for another reason.
      return {
        voters: random.pick([3, 3, 5]),
        faults: ['bitRot', 'bitRot', 'lostRow', 'lostRow', 'kill', 'powerLoss', 'isolate', 'transfer'],
        aimAtLeader: random.pick([0, 0.5]),
        faultEveryMs: random.pick([800, 2_000]),
        faultyMs: 14_000,
        calmMs: 26_000,
        thinkMs: 60,
        keys: random.pick([3, 8]),
        logKeepEntries: 10_000,
        scrubIntervalMs: random.pick([500, 2_000]),
        lossChance: 0,
      };
  }
}
