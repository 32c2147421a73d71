import { Random } from '../../sim/random.js';
import type { ChaosCluster } from './cluster.js';
import type { Direction } from './network.js';
import type { PlannedFault, Target } from './schedule.js';

const HOUR_MS = 3_600_000;
const STUTTER_MS = { stop: [100, 1_500], go: [20, 300] } as const;
const RESET_MS = [50, 600] as const;
/** Left free by `disk-low`: less than what a replica wants for writes, more than none. */
const LOW_BYTES = 24 * 1024 * 1024;
const MOVE_TIMEOUT_MS = 8_000;
const MEMBER_TIMEOUT_MS = 30_000;
/** A disk that stands still again and again, as one under somebody else's load does. */
const SLOW_DISK_MS = { stop: [60, 400], go: 40 } as const;

export interface FaultContext {
  readonly cluster: ChaosCluster;
  readonly say: (text: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Carries out one fault from its beginning to its end. Resolves when it is undone. */
export async function perform(fault: PlannedFault, context: FaultContext): Promise<void> {
  const { cluster, say } = context;
  const random = new Random(fault.seed);
  const leader = await cluster.leader();
  const one = pick(fault.target, cluster.hosts, leader, random);
  const note = (text: string): void =>
    say(`${fault.name} ${fault.kind} ${text} for ${fault.durationMs} ms (leader: ${leader ?? 'none'})`);
  switch (fault.kind) {
    case 'kill':
      return killed([one], 'SIGKILL');
    case 'kill-majority': {
      const others = shuffle(cluster.hosts, random).filter((name) => name !== leader);
      const majority = Math.floor(cluster.hosts.length / 2) + 1;
      return killed([...(leader === undefined ? [] : [leader]), ...others].slice(0, majority), 'SIGKILL');
    }
    case 'kill-all':
      return killed(cluster.hosts, 'SIGKILL');
    case 'terminate-all':
      return killed(cluster.hosts, 'SIGTERM');
    case 'terminate':
      return killed([one], 'SIGTERM');
    case 'pause':
      return paused([one]);
    case 'pause-all':
      return paused(cluster.hosts);
    case 'stutter':
      return stutter();
    case 'isolate':
      return held(both([one], others([one])), `of ${one}`);
    case 'split': {
      const shuffled = shuffle(cluster.hosts, random);
      const side = shuffled.slice(0, 1 + random.below(shuffled.length - 1));
      return held(both(side, others(side)), `of ${side.join('+')} from ${others(side).join('+')}`);
    }
    case 'one-way-out':
      return held(directions([one], others([one])), `from ${one}`);
    case 'one-way-in':
      return held(directions(others([one]), [one]), `to ${one}`);
    case 'cut-one-link': {
      const other = random.pick(others([one]));
      return held(both([one], [other]), `between ${one} and ${other}`);
    }
    case 'bridge': {
      // Two sides that do not hear each other, and one member that hears both.
      const rest = shuffle(others([one]), random);
      const left = rest.slice(0, Math.ceil(rest.length / 2));
      const right = rest.slice(left.length);
      return held(both(left, right), `of ${left.join('+')} from ${right.join('+')}, ${one} hears both`);
    }
    case 'refuse': {
      note(`connections to ${one}`);
      await cluster.network.refuse(fault.name, one);
      await context.sleep(fault.durationMs);
      await cluster.network.heal(fault.name, fault.heal);
      return;
    }
    case 'resets':
      return resets();
    case 'delay': {
      const ms = random.pick([20, 80, 300, 700] as const);
      const paths = random.chance(0.5)
        ? directions(cluster.hosts, cluster.hosts)
        : random.chance(0.5)
          ? both([one], others([one]))
          : directions([one], others([one]));
      note(`of ${ms} ms around ${one}, ${paths.length} directions`);
      cluster.network.delay(fault.name, paths, ms, ms);
      await context.sleep(fault.durationMs);
      await cluster.network.heal(fault.name, 'resume');
      return;
    }
    case 'disk-full':
    case 'disk-low':
      return diskFull(fault.kind === 'disk-full' ? 0 : LOW_BYTES);
    case 'disk-slow': {
      const stop = Math.round(random.between(...SLOW_DISK_MS.stop));
      return diskFrozen(Math.ceil(fault.durationMs / (stop + SLOW_DISK_MS.go)), stop);
    }
    case 'disk-stall':
      return diskFrozen(1, fault.durationMs);
    case 'move-leader':
      return moveLeader();
    case 'clock-jump': {
      const offsetMs = Math.round(random.pick([-1, 1]) * random.pick([2_000, 60_000, HOUR_MS]));
      note(`of ${one} by ${offsetMs} ms`);
      cluster.setClock(one, { offsetMs });
      await context.sleep(fault.durationMs);
      cluster.setClock(one, { offsetMs: 0 });
      return;
    }
    case 'clock-stop': {
      note(`of ${one}`);
      cluster.setClock(one, 'stop');
      await context.sleep(fault.durationMs);
      cluster.setClock(one, { offsetMs: 0 });
      return;
    }
    case 'lose-member':
      return loseMember();
    case 'lose-disk':
      return loseDisk();
    case 'grow':
      return grow();
  }

  function others(some: readonly string[]): string[] {
    return cluster.hosts.filter((name) => !some.includes(name));
  }

  async function killed(names: readonly string[], signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    note(`of ${names.join('+')}`);
    await Promise.all(names.map((name) => cluster.kill(name, signal)));
    await context.sleep(fault.durationMs);
    for (const name of shuffle(names, random)) {
      await cluster.startReplica(name);
      if (random.chance(0.5)) await context.sleep(random.between(0, 500));
    }
  }

  async function paused(names: readonly string[]): Promise<void> {
    note(`of ${names.join('+')}`);
    for (const name of names) cluster.pause(name);
    await context.sleep(fault.durationMs);
    for (const name of shuffle(names, random)) cluster.resume(name);
  }

  async function stutter(): Promise<void> {
    note(`of ${one}`);
    for (let spent = 0; spent < fault.durationMs; ) {
      const [stop, go] = [random.between(...STUTTER_MS.stop), random.between(...STUTTER_MS.go)];
      cluster.pause(one);
      await context.sleep(stop);
      cluster.resume(one);
      await context.sleep(go);
      spent += stop + go;
    }
  }

  async function held(paths: readonly Direction[], text: string): Promise<void> {
    note(`${text}, ${fault.heal} afterwards`);
    cluster.network.hold(fault.name, paths);
    await context.sleep(fault.durationMs);
    await cluster.network.heal(fault.name, fault.heal);
  }

  async function resets(): Promise<void> {
    note('of connections between random pairs');
    for (let spent = 0; spent < fault.durationMs; ) {
      const [a = '', b = ''] = shuffle(cluster.hosts, random);
      cluster.network.reset([[a, b]]);
      const wait = random.between(...RESET_MS);
      await context.sleep(wait);
      spent += wait;
    }
  }

  async function diskFull(leaveBytes: number): Promise<void> {
    const { disk, smallDiskOf } = cluster;
    if (disk === undefined) return; // the run has said that there is none
    note(`of ${smallDiskOf} but for ${leaveBytes >> 20} MiB`);
    disk.fill(leaveBytes);
    await context.sleep(fault.durationMs);
    disk.empty();
  }

  /** Half the time under a leader whose disk it is. */
  async function diskFrozen(times: number, stopMs: number): Promise<void> {
    const { disk, smallDiskOf } = cluster;
    if (disk === undefined || smallDiskOf === undefined) return;
    if (leader !== smallDiskOf && random.chance(0.5)) await moveLeader(smallDiskOf);
    note(`of ${smallDiskOf}, ${times} times for ${stopMs} ms`);
    if (!(await disk.freeze(times, stopMs, SLOW_DISK_MS.go)))
      say(`${fault.name} did not happen: it stands still already`);
  }

  async function moveLeader(transferee = random.pick(others(leader === undefined ? [] : [leader]))): Promise<void> {
    const asked = random.pick(cluster.names);
    note(`to ${transferee}, asked of ${asked}`);
    try {
      await cluster.ask(asked, 'POST', '/debug/raft/leader', { name: transferee }, MOVE_TIMEOUT_MS);
    } catch (error) {
      // Under other faults it may fail; what counts is that nothing breaks.
      say(`${fault.name} did not happen: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** A machine burns down: its member is removed, and another one of the same name joins with an empty disk. */
  async function loseMember(): Promise<void> {
    const name = always(one);
    if (cluster.isAway(name)) return;
    note(`${name}`);
    await cluster.takeAway(name);
    cluster.condemn(name);
    if (await cluster.removeMember(name, MEMBER_TIMEOUT_MS)) await cluster.replace(name);
    else say(`${fault.name}: ${name} could not be removed, and comes back as it was`);
    cluster.bringBack(name);
    await context.sleep(fault.durationMs);
    await cluster.startReplica(name);
  }

  /** Somebody puts an empty disk into a machine and starts it as it was: it must be refused until it was removed. */
  async function loseDisk(): Promise<void> {
    const name = always(one);
    if (cluster.isWiped(name) || cluster.isAway(name)) return;
    note(`${name}`);
    await cluster.wipe(name);
    const refused = cluster.refusals;
    await cluster.startReplica(name);
    // It ends by itself when it is told; partitions may keep that from it.
    await cluster.eventually(() => Promise.resolve(!cluster.isRunning(name)), fault.durationMs);
    say(`${fault.name}: ${name} was ${cluster.refusals > refused ? 'refused' : 'not refused yet'}`);
    await cluster.takeAway(name);
    cluster.condemn(name);
    if (!(await cluster.removeMember(name, MEMBER_TIMEOUT_MS))) {
      say(`${fault.name}: ${name} could not be removed yet`);
      cluster.bringBack(name);
      return;
    }
    await cluster.replace(name);
    await cluster.startReplica(name);
  }

  /** One more member joins, votes once it has caught up, and leaves again. */
  async function grow(): Promise<void> {
    const { spare } = cluster;
    if (cluster.isRunning(spare)) return;
    const announced = random.chance(0.5);
    note(`by ${spare}, ${announced ? 'which was announced' : 'which announces itself'}`);
    if (announced && !(await cluster.addSpare(MEMBER_TIMEOUT_MS))) say(`${fault.name}: ${spare} could not be added`);
    await cluster.startReplica(spare);
    await context.sleep(fault.durationMs);
    if (random.chance(0.5)) {
      try {
        await cluster.ask(
          random.pick(cluster.names),
          'POST',
          `/debug/raft/members/${spare}/promote`,
          {},
          MOVE_TIMEOUT_MS,
        );
      } catch (error) {
        say(`${fault.name}: not promoted: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    const status = await cluster.status(spare);
    const votes = status?.members.some((member) => member.name === spare && !member.learner) === true;
    say(`${fault.name}: ${spare} ${votes ? 'votes' : 'does not vote yet'}, and leaves`);
    await cluster.retireSpare(MEMBER_TIMEOUT_MS);
  }

  /** Who is asked to go must be one that comes back. */
  function always(name: string): string {
    return name === cluster.spare ? random.pick(cluster.names) : name;
  }
}

function pick(target: Target, names: readonly string[], leader: string | undefined, random: Random): string {
  if (target === 'leader' && leader !== undefined) return leader;
  return random.pick(target === 'any' ? names : names.filter((name) => name !== leader));
}

function shuffle(names: readonly string[], random: Random): string[] {
  return names
    .map((name) => [random.next(), name] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, name]) => name);
}

function directions(from: readonly string[], to: readonly string[]): Direction[] {
  return from.flatMap((a) => to.filter((b) => b !== a).map((b) => [a, b] as const));
}

function both(some: readonly string[], others: readonly string[]): Direction[] {
  return [...directions(some, others), ...directions(others, some)];
}
