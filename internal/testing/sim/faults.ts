import type { Raft } from '../../raft/index.js';
import { Ambushes, isAmbush } from './ambushes.js';
import type { Node, SimCluster } from './cluster.js';
import type { Machine } from './machine.js';
import type { FaultKind, RunOptions } from './options.js';
import { spoilLog } from './log-rot.js';
import { isRotten, spoil } from './rot.js';

/** Breaks things at random times, and repairs them all when asked. */
export class Faults {
  readonly counts = new Map<FaultKind, number>();
  /** Is all that a machine has applied in its state on the disk, if it runs? */
  isAtRest: (machine: Machine) => boolean = () => true;
  /** The core of a machine that runs. */
  raftOf: (machine: Machine) => Raft | undefined = () => undefined;
  #stopped = false;
  /** The next leader is cut off as soon as it is elected. */
  #ambush = false;
  readonly #ambushes: Ambushes;

  constructor(
    private readonly cluster: SimCluster,
    private readonly options: RunOptions,
    /** Faults that need to know the cluster's inside: leadership transfer and membership. */
    private readonly operate: (kind: FaultKind) => void,
  ) {
    this.#ambushes = new Ambushes(
      cluster,
      (machine) => this.raftOf(machine),
      (ms, run) => this.later(ms, run),
    );
  }

  start(): void {
    const { world } = this.cluster;
    world.schedule(world.random.exponential(this.options.faultEveryMs), world.outside, () => {
      if (this.#stopped) return;
      const kind = world.random.pick(this.options.faults);
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
      this.#strike(kind);
      this.start();
    });
  }

  /** A replica has just been elected. */
  onElected(machine: Machine, inherits: boolean): void {
    const node = this.cluster.nodes.find((n) => n.machine === machine);
    if (this.#stopped || node === undefined || this.#ambushes.onElected(node) || !this.#ambush) return;
    this.#ambush = false;
    const { random } = this.cluster.world;
    const { network, nodes } = this.cluster;
    if (random.chance(0.5)) {
      // Before or amid its first words: the paper's figure 8 has a leader that passes on old entries but none of its own.
      const messages = inherits ? 1 + random.below(3 * nodes.length) : random.chance(0.7) ? 0 : random.below(4);
      this.cluster.note(`${node.name} is not heard any more after ${messages} more messages`);
      network.muteAfter(node.name, messages);
      this.later(random.exponential(700), () => network.healAll());
      return;
    }
    this.later(random.pick([0, 0, 5, 30, 80, 200]), () => {
      this.cutOff(new Set([node]), 700);
    });
  }

  /** A vote was given. */
  onVoted(machine: Machine, candidate: number, term: number): void {
    if (this.#stopped) return;
    const voter = this.cluster.nodes.find((n) => n.machine === machine);
    const other = this.cluster.nodes.find((n) => this.raftOf(n.machine)?.id === candidate);
    if (voter !== undefined && other !== undefined) this.#ambushes.onVoted(voter, other, term);
  }

  /** No more faults; everything that was broken is whole again. */
  repair(): void {
    this.#stopped = true;
    const { cluster, options } = this;
    cluster.note('everything is repaired');
    this.#calmNetwork();
    Object.assign(cluster.network.temper, { lossChance: 0, duplicateChance: 0, delayMs: 1 });
    for (const node of cluster.nodes) {
      const whole = { fsyncMs: Math.min(options.fsyncMs, 5), flushFactor: 1, stallChance: 0, full: false };
      Object.assign(node.machine.disk.temper, whole);
      cluster.world.resume(node.machine.actor);
      node.machine.disk.onWrite = undefined;
      if (node.machine.miscomputation === 'due') node.machine.miscomputation = 'none';
      cluster.start(node);
    }
  }

  #calmNetwork(): void {
    const { lossChance, duplicateChance, reorders, delayMs } = this.options;
    Object.assign(this.cluster.network.temper, { lossChance, duplicateChance, reorders, delayMs });
    this.cluster.network.healAll();
  }

  /** Does this after a while, unless everything has been repaired by then. */
  later(ms: number, run: () => void): void {
    const { world } = this.cluster;
    world.schedule(ms, world.outside, () => {
      if (!this.#stopped) run();
    });
  }

  #strike(kind: FaultKind): void {
    if (isAmbush(kind)) {
      this.#ambushes.lay(kind);
      return;
    }
    const { cluster } = this;
    const { random } = cluster.world;
    const leader = random.chance(this.options.aimAtLeader) ? cluster.leader() : undefined;
    const node = leader ?? random.pick(cluster.nodes);
    switch (kind) {
      case 'kill':
      case 'powerLoss':
        cluster.crash(node, kind === 'powerLoss');
        this.later(random.exponential(random.pick([30, 800])), () => cluster.start(node));
        return;
      case 'powerLossAll':
        for (const each of cluster.nodes) {
          cluster.crash(each, true);
          this.later(random.exponential(300), () => cluster.start(each));
        }
        return;
      case 'cutMidWrite':
        // At the worst moment: when a transaction is under way.
        node.machine.disk.onWrite = (timeMs) => {
          if (random.chance(0.6)) return false;
          this.later(random.between(0, timeMs), () => {
            // Where only the process ends, what it wrote is found by the next one, on the disk or not.
            cluster.crash(node, random.chance(0.7));
            this.later(random.exponential(20), () => cluster.start(node));
          });
          return true;
        };
        return;
      case 'pause':
        cluster.pause(node, random.pick([50, 400, 1_500, 5_000]) * random.between(0.5, 1.5));
        return;
      case 'longPause':
        // As a virtual machine that is moved, or whose host sleeps; it goes on when everything is repaired, at the latest.
        cluster.pause(node, random.between(8_000, 60_000));
        return;
      case 'bitRot':
      case 'lostRow':
        this.#spoil(kind, node);
        return;
      case 'logRot':
        this.#spoilLog(node);
        return;
      case 'isolateNewLeader':
        this.#ambush = true;
        return;
      case 'isolate':
      case 'split':
      case 'oneWay':
        this.#cut(kind, node);
        return;
      case 'slowDisk':
        Object.assign(node.machine.disk.temper, { fsyncMs: random.pick([60, 300]), stallChance: 0.05, stallMs: 1_500 });
        this.later(random.exponential(random.pick([2_000, 6_000])), () =>
          Object.assign(node.machine.disk.temper, { fsyncMs: this.options.fsyncMs, stallChance: 0 }),
        );
        return;
      case 'fullDisk':
        node.machine.disk.temper.full = true;
        this.later(random.exponential(2_000), () => (node.machine.disk.temper.full = false));
        return;
      case 'clockJump':
        // Someone sets the clock of a running machine: minutes ahead, or back.
        node.machine.actor.clockSkewMs += random.pick([-1, 1]) * random.between(60_000, 1_800_000);
        cluster.note(`the wall clock of ${node.name} jumps`);
        return;
      case 'miscomputation':
        // Fewer than half, so that the rest can tell who is right; each makes another mistake.
        if (node.machine.miscomputation !== 'none') return;
        if (cluster.nodes.filter((n) => n.machine.miscomputation !== 'none').length >= (cluster.nodes.length - 1) >> 1)
          return;
        node.machine.miscomputation = 'due';
        cluster.note(`${node.name} is to make something else of the next write`);
        return;
      case 'lossyNetwork':
        Object.assign(cluster.network.temper, { lossChance: 0.3, duplicateChance: 0.2 });
        this.later(random.exponential(2_000), () => this.#calmNetwork());
        return;
      case 'slowNetwork':
        Object.assign(cluster.network.temper, { delayMs: 150 });
        this.later(random.exponential(2_000), () => this.#calmNetwork());
        return;
      case 'wipe':
        this.#wipe(node);
        return;
      case 'rollback':
        this.#rollBack(node);
        return;
      case 'stop':
        cluster.stop(node);
        return;
      case 'stranger':
      case 'replace':
      case 'transfer':
      case 'membership':
      case 'splitJoint':
      case 'join':
      case 'remove':
        this.operate(kind);
        return;
    }
  }

  /** The disk is replaced by an empty one while another machine is down, and whoever was not there yet comes. */
  #wipe(node: Node): void {
    const { cluster } = this;
    const { random } = cluster.world;
    if (cluster.nodes.some(({ disowned }) => disowned) || !node.machine.running) return;
    const others = cluster.nodes.filter((other) => other !== node && other.machine.running);
    if (others.length === 0) return;
    const down = random.pick(others);
    cluster.crash(down, false);
    cluster.crash(node, true);
    cluster.note(`${node.name} loses its disk`);
    node.disowned = true;
    node.machine.disk.replace();
    for (const each of cluster.nodes) if (each !== down) this.later(random.exponential(50), () => cluster.start(each));
    this.later(random.between(2_000, 5_000), () => cluster.start(down));
  }

  /**
   * A machine comes back with an older copy of its disk, from before its last start, when one that has heard of that start
   * knows nothing of what was written since, and who knows it is down.
   */
  #rollBack(node: Node): void {
    const { cluster } = this;
    const { random } = cluster.world;
    const isWhole = (): boolean => cluster.isCalm(1_500) && !cluster.nodes.some(({ disowned }) => disowned);
    if (!isWhole()) return;
    cluster.crash(node, false);
    const copy = node.machine.disk.copy();
    cluster.start(node);
    this.later(2_500, () => {
      if (!isWhole()) return;
      const [away, down] = cluster.nodes.filter((other) => other !== node);
      if (away === undefined || down === undefined) return;
      this.cutOff(new Set([away]), 60_000);
      this.later(random.between(800, 1_500), () => {
        cluster.network.healAll();
        if (!node.machine.running || !down.machine.running) return;
        cluster.crash(down, false);
        cluster.crash(node, false);
        cluster.note(`${node.name} gets an older copy of its disk`);
        node.disowned = true;
        node.machine.disk.replace(copy);
        cluster.start(node);
        this.later(random.between(2_000, 5_000), () => cluster.start(down));
      });
    });
  }

  /** One machine at a time, so that the others hold everything whole. */
  #spoil(kind: 'bitRot' | 'lostRow', node: Node): void {
    const { world, nodes } = this.cluster;
    if (nodes.some(({ machine }) => isRotten(machine)) || !this.isAtRest(node.machine)) return;
    const rot = spoil(node.machine, kind, world.random);
    if (rot === undefined) return;
    node.machine.rot = rot;
    world.count(kind === 'bitRot' ? 'rows spoilt' : 'rows lost');
    this.cluster.note(`the disk of ${node.name} ${kind === 'bitRot' ? 'spoils' : 'loses'} a row of ${rot.table}`);
  }

  /** A machine stops, and what its disk holds of the log is another when it comes back: one machine of a run. */
  #spoilLog(node: Node): void {
    const { world, nodes } = this.cluster;
    if (!node.machine.running || nodes.some(({ machine, disowned }) => disowned || machine.logRot !== undefined))
      return;
    this.cluster.crash(node, true);
    node.machine.logRot = spoilLog(node.machine, world.random);
    if (node.machine.logRot !== undefined) {
      world.count('logs spoilt');
      this.cluster.note(`the disk of ${node.name} spoils a group of the log at ${node.machine.logRot.from}`);
    }
    this.later(world.random.exponential(50), () => this.cluster.start(node));
  }

  /** The process is killed and soon started again. */
  restart(node: Node): void {
    this.cluster.crash(node, false);
    this.later(this.cluster.world.random.exponential(50), () => this.cluster.start(node));
  }

  /** Nothing passes between these and all others for a while; `atOnce`: what is under way is lost too. */
  cutOff(inside: ReadonlySet<Node>, meanMs = 2_000, atOnce = false): void {
    const { network, nodes, world } = this.cluster;
    this.cluster.note(`${[...inside].map((n) => n.name).join(' ')} cut off from the others`);
    for (const a of nodes) {
      for (const b of nodes) {
        if (inside.has(a) === inside.has(b)) continue;
        if (atOnce) network.pull(a.name, b.name);
        else network.cut(a.name, b.name);
      }
    }
    this.later(world.random.exponential(meanMs), () => network.healAll());
  }

  #cut(kind: 'isolate' | 'split' | 'oneWay', node: Node): void {
    const { network, nodes, world } = this.cluster;
    if (kind === 'oneWay') {
      const others = nodes.filter((n) => n !== node);
      if (others.length === 0) return;
      const other = world.random.pick(others);
      this.cluster.note(`nothing passes from ${node.name} to ${other.name}`);
      network.cut(node.name, other.name);
      this.later(world.random.exponential(2_000), () => network.healAll());
      return;
    }
    this.cutOff(new Set(kind === 'isolate' ? [node] : nodes.filter(() => world.random.chance(0.5))));
  }
}
