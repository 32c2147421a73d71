import { openReplica, type Replica } from '../../replica/index.js';
import { LOG_VERSION } from '../../store/command.js';
import type { Actor } from './event-queue.js';
import { bindMachine, Machine } from './machine.js';
import type { SimNetwork } from './network.js';
import type { RunOptions } from './options.js';
import type { World } from './world.js';
import { isLogRotten } from './log-rot.js';
import { isInThePast, isRotten } from './rot.js';
import { promise, Violation } from './violation.js';

/** What a replica says that ends because its disk is not what it was. */
const TURNED_AWAY =
  /(came back with|had) a(nother)? data directory|an older copy of its data directory|disk lost data|lost data/;
const SUPERVISE_MS = 700;
/** Probes fail more than once before a process is killed; meanwhile the states are compared. */
const FAILING_MS = 6_000;
/** A leader that is asked to end waits so long for another to take over. */
const HANDOVER_MS = 2_000;
/** A replica that is asked to end has so long for it, at most, while its process is not paused. */
const ENDING_MS = 15_000;
/** A pass over the state takes so long, at most. */
const SCRUB_MS = 2_000;

/** One machine of the cluster and what runs on it. */
export interface Node {
  readonly name: string;
  readonly machine: Machine;
  /** Absent while the process is down or still starting. */
  replica: Replica | undefined;
  /** When it was first opened: before that it waited to be let into the cluster. */
  memberSince: number | undefined;
  /** Since when it has said that it should be started again. */
  failingSince: number | undefined;
  /** When it was opened last. */
  openedAt: number;
  /** Its removal from the cluster was asked for: it may stop by itself. */
  removing: boolean;
  /** Its disk was replaced by an empty one, or by an older copy: it is to be turned away. */
  disowned: boolean;
  /** It joins a running cluster instead of founding one. */
  joins: boolean;
  /** Why the process gave up by itself; undefined as long as it has not. */
  stopped: string | undefined;
}

/** The machines, and the starting and ending of processes on them. */
export class SimCluster {
  readonly nodes: Node[] = [];
  /** What replicas have logged, newest last; bounded. */
  readonly journal: string[] = [];
  readonly #options: RunOptions;
  /** Told of whoever stays away, for its disk is not what it was. */
  onTurnedAway: (node: Node) => void = () => undefined;

  constructor(
    readonly world: World,
    readonly network: SimNetwork,
    options: RunOptions,
  ) {
    this.#options = options;
    for (let i = 1; i <= options.voters; i += 1) this.#addMachine(false);
  }

  /** A new machine with an empty disk, to join the cluster. */
  addMachine(): Node {
    return this.#addMachine(true);
  }

  #addMachine(joins: boolean): Node {
    const name = `n${this.nodes.length + 1}`;
    const machine = new Machine(name, this.world);
    const node: Node = {
      name,
      machine,
      replica: undefined,
      memberSince: undefined,
      openedAt: 0,
      failingSince: undefined,
      stopped: undefined,
      removing: false,
      disowned: false,
      joins,
    };
    node.machine.disk.temper.fsyncMs = this.#options.fsyncMs;
    node.machine.disk.temper.flushFactor = this.#options.flushFactor;
    this.nodes.push(node);
    return node;
  }

  node(name: string): Node {
    const node = this.nodes.find((n) => n.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  get running(): Node[] {
    return this.nodes.filter((n) => n.replica !== undefined && n.machine.running);
  }

  /** Who leads, as far as can be seen from outside. */
  leader(): Node | undefined {
    return this.running.find((n) => n.replica?.status().role === 'leader');
  }

  note(text: string): void {
    this.journal.push(`${this.world.now.toFixed(1).padStart(9)} ms  ${text}`);
    if (this.journal.length > 400) this.journal.shift();
  }

  /** Starts the process of a node that is down. */
  start(node: Node): void {
    if (node.machine.running) return;
    const { random } = this.world;
    const actor: Actor = {
      name: `${node.name}#${node.machine.boots + 1}`,
      alive: true,
      pausedUntil: 0,
      clockRate: random.pick(this.#options.clockRates),
      clockSkewMs: random.between(-5_000, 5_000),
      laterRelease: this.#options.mixedReleases && random.chance(0.5),
    };
    node.machine.actor = actor;
    node.machine.boots += 1;
    node.stopped = undefined;
    bindMachine(actor, node.machine);
    this.note(`${node.name} starts${actor.laterRelease ? ' with a later release' : ''}`);
    this.world.schedule(0, actor, () => {
      this.#open(node, actor).catch((error: unknown) => this.#gaveUp(node, actor, error));
    });
  }

  async #open(node: Node, actor: Actor): Promise<void> {
    const voters = Array.from({ length: this.#options.voters }, (_, i) => `n${i + 1}`);
    const replica = await openReplica({
      name: node.name,
      dataDir: '/data',
      peerListen: node.name,
      ...(node.joins
        ? { join: this.nodes.filter((n) => n !== node && !n.removing).map((n) => n.name) }
        : { initialCluster: voters.map((name) => ({ name, address: name })) }),
      unsafeNoPeerTls: true,
      ...(this.#isEarlier(node) ? { unsafeLogVersion: LOG_VERSION - 1 } : {}),
      scrubIntervalMs: this.#options.scrubIntervalMs,
      compactionIntervalMs: this.#options.compactionIntervalMs,
      logKeepEntries: this.#options.logKeepEntries,
      electionMs: this.#options.electionMs,
      txnTimeoutMs: this.#options.txnTimeoutMs,
      // A run is too short for the defaults.
      slowDisk: { slowMs: 100, lastingMs: 500, termMs: 1_500 },
      log: (level, text) => {
        if (level !== 'debug') this.note(`${node.name} says: ${text}`);
        if (text.startsWith('installed a snapshot')) this.world.count('snapshots installed');
        if (text.startsWith('replaced the state')) this.world.count('states replaced by a copy');
        if (text.startsWith('this leader hands over')) {
          this.world.count(`leaderships handed over: disk ${text.includes('full') ? 'full' : 'slow'}`);
        }
      },
      onFatal: (error) => this.#gaveUp(node, actor, error),
    });
    if (!actor.alive) return;
    if (isLogRotten(node.machine)) {
      this.world.fail(new Violation('a damaged log is told', `${node.name} goes on with one`));
      return;
    }
    if (node.joins && node.disowned && !node.removing) {
      this.world.fail(new Violation('no place is given twice', `${node.name} takes that of a disk that is gone`));
      return;
    }
    node.replica = replica;
    node.memberSince ??= this.world.now;
    node.openedAt = this.world.now;
  }

  /** Until it is started again it runs an earlier release, which knows fewer commands of the log. */
  #isEarlier({ name, machine, joins }: Node): boolean {
    return this.#options.mixedReleases && !joins && machine.boots === 1 && Number(name.slice(1)) % 2 === 0;
  }

  #gaveUp(node: Node, actor: Actor, error: unknown): void {
    if (!actor.alive) return;
    node.stopped = error instanceof Error ? error.message : String(error);
    this.note(`${node.name} gives up: ${node.stopped}`);
    const { replica } = node;
    if (!node.removing && replica !== undefined && this.#isRightlyQuarantined(node)) {
      // It ends when it has noted that. Whoever watches over the process starts it again.
      node.replica = undefined;
      this.world.count('replicas quarantined');
      this.world
        .as(actor, () => replica.close())
        .then(
          () => {
            if (!actor.alive) return;
            this.#end(node, false);
            this.world.schedule(this.world.random.between(100, 1_000), this.world.outside, () => this.start(node));
          },
          (closing: unknown) => this.world.fail(closing),
        );
      return;
    }
    this.#end(node, false);
    if (node.removing) return;
    if (isLogRotten(node.machine) && /the Raft log in .* is damaged/.test(node.stopped)) {
      // An operator removes it, and joins it again; here it stays away.
      node.disowned = true;
      node.removing = true;
      this.world.count('damaged logs told');
      return;
    }
    if (node.disowned && TURNED_AWAY.test(node.stopped)) {
      // It stays away.
      node.removing = true;
      this.world.count('replicas turned away');
      this.onTurnedAway(node);
      return;
    }
    this.world.schedule(0, this.world.outside, () => {
      throw new Violation('no replica gives up', `${node.name}: ${node.stopped}`);
    });
  }

  #isRightlyQuarantined({ machine, stopped = '' }: Node): boolean {
    if (isRotten(machine)) return /cannot be applied without it|differs from that of the others/.test(stopped);
    return machine.miscomputation === 'done' && stopped.includes('differs from that of the others');
  }

  /** Are all founders running, have they been for a while, and could everybody hear everybody? */
  isCalm(ms: number): boolean {
    const { now } = this.world;
    if (now - this.network.wholeSince < ms) return false;
    return this.nodes.every((node) => node.replica !== undefined && node.machine.running && now - node.openedAt > ms);
  }

  /** Starts again whoever says that it should be: as a kubelet does, or a person, by what `/livez` tells. */
  supervise(): void {
    this.world.schedule(SUPERVISE_MS, this.world.outside, () => {
      for (const node of this.running) {
        this.#checkScrubbed(node);
        if (node.replica?.status().failure === '') node.failingSince = undefined;
        else node.failingSince ??= this.world.now;
        if (node.failingSince === undefined || this.world.now - node.failingSince < FAILING_MS) continue;
        node.failingSince = undefined;
        this.note(`${node.name} is started again: ${node.replica?.status().failure}`);
        this.world.count('replicas started again by what they say of themselves');
        this.crash(node, false);
        this.world.schedule(this.world.random.between(100, 1_000), this.world.outside, () => this.start(node));
      }
      this.supervise();
    });
  }

  /** What is spoilt is known to its replica two passes over the state later, whether anybody has asked for it or not. */
  #checkScrubbed({ machine, openedAt, replica, name }: Node): void {
    if (machine.rot !== undefined && isInThePast(machine.rot)) machine.rot = undefined;
    const { rot, actor } = machine;
    const since = Math.max(openedAt, rot?.at ?? 0, actor.pausedUntil);
    const passesMs = (2 * this.#options.scrubIntervalMs) / actor.clockRate + SCRUB_MS;
    if (rot === undefined || this.world.now < since + passesMs || !isRotten(machine)) return;
    const { damagedRecords = 0 } = replica?.status() ?? {};
    promise(
      damagedRecords > 0,
      'what a disk spoils is found',
      () => `${name} has not missed ${rot.kind} in ${rot.table}`,
    );
  }

  /** Ends the process now; `powerLoss` also loses what the disk had not flushed. */
  crash(node: Node, powerLoss: boolean): void {
    if (!node.machine.running) return;
    this.note(`${node.name} ${powerLoss ? 'loses power' : 'is killed'}`);
    this.#end(node, powerLoss);
  }

  /**
   * Ends the process as a signal does: leadership is handed over, and all is closed. It may be killed, or lose its power,
   * before that is done; then it is started again.
   */
  stop(node: Node): void {
    const { replica, machine } = node;
    const { actor, disk } = machine;
    const { world } = this;
    const { random } = world;
    if (replica === undefined || !machine.running) return;
    this.note(`${node.name} is asked to end`);
    const until = world.now + HANDOVER_MS;
    // What is asked of it meets a closed port from now on; what was asked before is still answered.
    node.replica = undefined;
    const gone = (powerLoss: boolean): void => {
      if (!actor.alive) return;
      this.#end(node, powerLoss);
      world.schedule(random.exponential(random.pick([30, 800])), world.outside, () => this.start(node));
    };
    const close = (): void => {
      replica.close().then(
        () => {
          world.count('replicas ended in good order');
          this.note(`${node.name} has ended`);
          gone(random.chance(0.3));
        },
        (error: unknown) => world.fail(error),
      );
      if (random.chance(0.2)) world.schedule(random.exponential(20), world.outside, () => gone(random.chance(0.5)));
    };
    const look = (): void => {
      if (replica.status().role === 'leader' && world.now < until) world.schedule(10, actor, look);
      else close();
    };
    world.schedule(0, actor, () => {
      replica.handOver();
      look();
    });
    world.schedule(ENDING_MS, actor, () => {
      promise(disk.temper.full, 'who is asked to end ends', () => `${node.name} goes on`);
    });
  }

  /** The machine gets an empty disk, and joins the cluster under the name and the address that it had. */
  replace(node: Node): void {
    if (node.machine.running) this.crash(node, false);
    this.note(`${node.name} is replaced by an empty machine`);
    node.machine.disk.replace();
    node.machine.miscomputation = 'none';
    Object.assign(node, { joins: true, removing: false, disowned: false, memberSince: undefined });
    this.world.schedule(this.world.random.exponential(50), this.world.outside, () => this.start(node));
  }

  #end(node: Node, powerLoss: boolean): void {
    const { actor, disk } = node.machine;
    actor.alive = false;
    node.replica = undefined;
    disk.crash(powerLoss);
    this.network.closeStreamsOf(actor, powerLoss);
  }

  /** The process stands still for a while and then goes on as if nothing had been. */
  pause(node: Node, ms: number): void {
    this.note(`${node.name} is paused for ${ms.toFixed(0)} ms`);
    node.machine.actor.pausedUntil = Math.max(node.machine.actor.pausedUntil, this.world.now + ms);
  }
}
