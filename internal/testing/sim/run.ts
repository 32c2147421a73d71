import { Faults } from './faults.js';
import { ApiLoop, checkCounter } from './api-loops.js';
import { SimClient } from './clients.js';
import { type Node, SimCluster } from './cluster.js';
import { SimCharger } from './chargers.js';
import { ConsensusChecks, textAt } from './consensus-checks.js';
import { HistoryChecks } from './history-checks.js';
import { enterWorld, type Machine, machineOf } from './machine.js';
import { Model } from './model.js';
import { enterNetwork, SimNetwork } from './network.js';
import { observe } from './observe.js';
import { Operator } from './operator.js';
import { drawOptions, type RunOptions } from './options.js';
import { Probe } from './probe.js';
import { isRotten } from './rot.js';
import { Violation, promise } from './violation.js';
import { SimWatcher } from './watchers.js';
import { type SimGlobals, World } from './world.js';

declare global {
  var __quorateSim: SimGlobals;
}

/** Errors by which the product says that a promise of its own is broken. */
const OWN_CHECKS: ReadonlySet<string> = new Set([
  'AssertionError',
  'InvariantError',
  'LostLogError',
  'ConfChangeError',
]);
/** What has been there for so long could be asked. */
const ASKING_MS = 1_500;
/** An object is there so long, at most, after its time is over, while all is well. */
const EXPIRY_MS = 3_000;
/** All is well for so long, while clients go on, before a run ends. */
const SERVED_MS = 1_000;
/** And for so long when they have stopped. */
const STILL_MS = 300;
/** How often it is looked whether all is well. */
const LOOK_MS = 100;
/** Revisions that a replica is behind the others while clients write, at most, when all is well. */
const BEHIND_MAX = 50;
/** What the replica takes for a tick of its core's clock. */
const TICK_MS = 50;
/** A new member has so long to catch up before it is held to serve. */
const SETTLING_MS = 3_000;

export interface RunResult {
  readonly seed: number;
  readonly options: RunOptions;
  /** Virtual time that passed. */
  readonly simulatedMs: number;
  readonly steps: number;
  readonly elections: number;
  readonly committed: number;
  readonly calls: number;
  readonly acknowledgedWrites: number;
  readonly linearizableReads: number;
  readonly watchEvents: number;
  readonly watchesResumed: number;
  readonly watchesCompacted: number;
  readonly faults: Readonly<Record<string, number>>;
  /** What the faults brought about: messages lost, transactions cut off, ... */
  readonly effects: Readonly<Record<string, number>>;
  readonly failure:
    | { readonly property: string; readonly message: string; readonly journal: readonly string[] }
    | undefined;
  /** Folds everything that happened into one number: equal for equal seeds. */
  readonly fingerprint: number;
}

/** Runs one seed from beginning to end. Never throws for what the cluster does wrong: see `failure`. */
export async function runSeed(seed: number): Promise<RunResult> {
  const run = new Run(seed);
  return run.toResult(await run.go());
}

class Run {
  readonly #world: World;
  readonly #options: RunOptions;
  readonly #cluster: SimCluster;
  readonly #model = new Model();
  readonly #consensus: ConsensusChecks;
  readonly #history = new HistoryChecks(this.#model);
  readonly #clients: SimClient[] = [];
  readonly #loops: ApiLoop[] = [];
  readonly #chargers: SimCharger[] = [];
  readonly #watchers: SimWatcher[] = [];
  readonly #faults: Faults;

  constructor(seed: number) {
    const world = new World(seed);
    this.#world = world;
    globalThis.__quorateSim = world.globals();
    this.#options = drawOptions(seed, world.random);
    globalThis.__quorateSim.raftSettings = this.#options.raftSettings;
    this.#consensus = new ConsensusChecks(this.#model, this.#options.electionMs / TICK_MS);
    const network = new SimNetwork(world);
    const { lossChance, duplicateChance, reorders, delayMs } = this.#options;
    Object.assign(network.temper, { lossChance, duplicateChance, reorders, delayMs });
    world.repeatChance = this.#options.repeatChance;
    this.#model.clocksAreSteady = !this.#options.faults.includes('clockJump');
    enterWorld(world);
    enterNetwork(network);
    observe(this.#consensus, (error) => world.fail(error));
    this.#cluster = new SimCluster(world, network, this.#options);
    const operator = new Operator(world, this.#cluster, this.#consensus, this.#options);
    this.#cluster.onTurnedAway = (node) => operator.onTurnedAway(node);
    this.#consensus.onJoint = (machine) => operator.onJoint(machine, this.#faults);
    this.#consensus.onWrongCopy = (machine, revision, hash) => this.#onWrongCopy(machine, revision, hash);
    this.#consensus.onVoted = (machine, candidate, term) => this.#faults.onVoted(machine, candidate, term);
    this.#consensus.onElected = (machine, inherits) => this.#faults.onElected(machine, inherits);
    this.#faults = new Faults(this.#cluster, this.#options, (kind) => operator.operate(kind));
    this.#faults.raftOf = (machine) => this.#consensus.raftOf(machine);
    this.#faults.isAtRest = (machine) => {
      const state = machine.running ? this.#consensus.stateOf(machine) : undefined;
      return state === undefined || state.durableIndex === state.meta.appliedIndex;
    };
    for (let i = 1; i <= this.#options.clients; i += 1) {
      this.#clients.push(new SimClient(`c${i}`, this.#cluster, this.#history, this.#model, this.#options));
    }
    for (let i = 1; i <= this.#options.loops; i += 1) {
      this.#loops.push(new ApiLoop(i, this.#cluster, this.#model, this.#options));
    }
    for (let i = 1; i <= this.#options.chargers; i += 1) {
      this.#chargers.push(new SimCharger(`q${i}`, this.#cluster, this.#history));
    }
    for (let i = 1; i <= this.#options.watchers; i += 1) {
      const pollMs = world.random.pick([2, 50, 1_000]);
      const batch = world.random.pick([1, 3, 256]);
      this.#watchers.push(new SimWatcher(`w${i}`, this.#cluster, this.#model, pollMs, batch));
    }
  }

  async go(): Promise<Violation | undefined> {
    const { faultyMs, calmMs } = this.#options;
    // Errors are made by the thousand here, and read hardly ever: `SIM_STACKS=1` shows where one that was not expected arose.
    Error.stackTraceLimit = process.env.SIM_STACKS === '1' ? 20 : 0;
    const afterStep = (): void => this.#afterStep();
    try {
      this.#cluster.supervise();
      const late = this.#options.lateFounder ? this.#cluster.nodes.at(-1) : undefined;
      for (const node of this.#cluster.nodes) if (node !== late) this.#cluster.start(node);
      if (late !== undefined) {
        this.#world.schedule(this.#world.random.between(1_000, 8_000), this.#world.outside, () =>
          this.#cluster.start(late),
        );
      }
      for (const loop of this.#loops) loop.start();
      for (const client of [...this.#clients, ...this.#chargers]) client.start();
      for (const watcher of this.#watchers) watcher.start();
      await this.#world.run(1_500, afterStep);
      this.#faults.start();
      await this.#world.run(faultyMs, afterStep);
      this.#faults.repair();
      await this.#runUntil(faultyMs + calmMs / 2, SERVED_MS, () => this.#isWell());
      for (const client of [...this.#clients, ...this.#loops, ...this.#chargers]) client.stopped = true;
      await this.#runUntil(faultyMs + calmMs * 0.7, STILL_MS, () => this.#isWell() && this.#isEven());
      const serving = this.#cluster.running.filter((n) => !n.removing && this.#isSettled(n));
      const probes = serving.map((node, i) => new Probe(`p${i + 1}`, node, this.#cluster, this.#history));
      await this.#runUntil(faultyMs + calmMs, 0, () => this.#isWell() && probes.every((probe) => probe.served));
      // The time of an object may be over just now: the news of it is still on its way then.
      for (let more = 1; more <= 20 && !this.#isEven(); more += 1) {
        await this.#world.run(this.#world.now + 50, afterStep);
      }
      if (this.#endsDisputed()) return undefined;
      // Whether the rest is a majority depends on who else is away: that it serves is not asked for then.
      if (this.#cluster.nodes.some(({ disowned }) => disowned)) {
        this.#history.finish();
        return undefined;
      }
      for (const probe of probes) probe.check();
      this.#checkEnd();
      return undefined;
    } catch (error) {
      if (error instanceof Violation) return error;
      if (error instanceof Error && OWN_CHECKS.has(error.name)) {
        return new Violation('what the product asserts', `${error.name}: ${error.message}`);
      }
      return new Violation(
        'no unexpected error',
        error instanceof Error ? (error.stack ?? error.message) : String(error),
      );
    }
  }

  /** Lets time pass until what is asked for has held for a while, or until a time by which it must. */
  async #runUntil(until: number, lastingMs: number, holds: () => boolean): Promise<void> {
    let since = Number.POSITIVE_INFINITY;
    while (this.#world.now < until && this.#world.now - since < lastingMs) {
      await this.#world.run(Math.min(until, this.#world.now + LOOK_MS), () => this.#afterStep());
      since = holds() ? Math.min(since, this.#world.now) : Number.POSITIVE_INFINITY;
    }
  }

  /**
   * Is there nothing more that is still to come right? Where a disk was lost for good, or it cannot be told who is right,
   * there always may be.
   */
  #isWell(): boolean {
    const { nodes, running } = this.#cluster;
    const members = this.#cluster.leader()?.replica?.status().members ?? [];
    const isUp = (node: Node): boolean => {
      const status = node.replica?.status();
      if (!node.machine.running || status === undefined) return node.removing;
      const isBehind = this.#model.revision - status.revision > BEHIND_MAX;
      const isMember = !node.removing || members.some(({ name }) => name === node.name);
      return status.failure === '' && !status.disputed && !isBehind && isMember && this.#isSettled(node);
    };
    return (
      !nodes.some(({ disowned, machine }) => disowned || isRotten(machine) || machine.miscomputation === 'done') &&
      nodes.every(isUp) &&
      running.filter((node) => node.replica?.status().role === 'leader').length === 1 &&
      this.#overdue().length === 0
    );
  }

  /** Has every replica that runs applied all that any has? */
  #isEven(): boolean {
    return this.#cluster.running.every((n) => n.replica?.status().revision === this.#model.revision);
  }

  #afterStep(): void {
    const machine = this.#lastMachine;
    if (machine !== undefined) this.#consensus.afterStep(machine);
  }

  get #lastMachine(): Machine | undefined {
    return machineOf(this.#world.lastActor);
  }

  /** A wrong state may be copied only while nobody can be asked who has another. */
  #onWrongCopy(machine: Machine, revision: number, hash: string): void {
    this.#world.count('copies of a wrong state');
    const { now } = this.#world;
    if (now - this.#cluster.network.wholeSince < ASKING_MS) return;
    for (const node of this.#cluster.running) {
      const state = this.#consensus.stateOf(node.machine);
      const isThere = now - node.openedAt > ASKING_MS && node.machine.actor.pausedUntil < now - ASKING_MS;
      if (node.machine === machine || !isThere || state === undefined) continue;
      const other = textAt(state, revision);
      const knew = state.visible.revision >= revision && state.meta.conf.voters.length > 0;
      promise(
        other === undefined || other === hash || !knew || !this.#isVoter(node),
        'a copy is confirmed',
        () => `${machine.name} takes a wrong state of revision ${revision}, though ${node.name} has the right one`,
      );
    }
  }

  #isVoter({ machine }: Node): boolean {
    const status = this.#consensus.raftOf(machine)?.status();
    return status?.confState.voters.includes(status.id) === true;
  }

  /** Where it cannot be told which of the states is right nobody is held to come together. */
  #endsDisputed(): boolean {
    if (!this.#cluster.running.some(({ replica }) => replica?.status().disputed === true)) return false;
    promise(
      this.#cluster.nodes.some(({ machine }) => machine.miscomputation === 'done'),
      'a dispute is settled',
      () => 'nobody is wrong any more, and still it is not known who is right',
    );
    this.#history.finish();
    this.#world.count('disputes that nobody could settle');
    return true;
  }

  /** Everything is repaired for a while: all replicas must have come together and served everyone. */
  #checkEnd(): void {
    this.#history.finish();
    const members = this.#cluster.leader()?.replica?.status().members ?? [];
    // Whether a removal that was asked for came to pass, the membership tells.
    const nodes = this.#cluster.nodes.filter((n) => {
      if (n.machine.running && !this.#isSettled(n)) return false;
      return !n.removing || (n.machine.running && members.some((m) => m.name === n.name));
    });
    const states = nodes.map((node) => {
      promise(node.replica !== undefined, 'the cluster recovers', () => `${node.name} is not running at the end`);
      return { node, status: node.replica.status() };
    });
    const running = new Set(this.#cluster.running.map(({ name }) => name));
    for (const { machine, memberSince, name, removing, replica } of this.#cluster.nodes) {
      const isMember = members.length === 0 || members.some((m) => m.name === name);
      // Whom it knows may have been removed since as well, and have ended: then nobody is left to tell it (seed 20377).
      const isTold = replica?.status().members.some((m) => m.name !== name && running.has(m.name)) === true;
      // Who was removed before it heard that it had been let in asks to join anew, and waits while a membership is joint
      // (seed 1382).
      const isOver = !machine.running || memberSince === undefined || !isTold;
      promise(!removing || isOver || isMember, 'who was removed ends', () => `${name} goes on`);
    }
    const leaders = states.filter(({ status }) => status.role === 'leader');
    promise(leaders.length === 1, 'the cluster recovers', () => `${leaders.length} leaders at the end`);
    for (const { node, status } of states) {
      promise(
        status.revision === this.#model.revision,
        'the cluster recovers',
        () => `${node.name} is at revision ${status.revision} of ${this.#model.revision} at the end`,
      );
    }
    promise(
      new Set(states.map(({ status }) => status.stateHash)).size === 1,
      'equal state at equal index',
      () => 'end',
    );
    for (const { machine, name } of nodes) {
      promise(
        !isRotten(machine),
        'what a disk spoils is found',
        () => `${name} still has ${machine.rot?.kind} in ${machine.rot?.table}`,
      );
    }
    const [first] = states;
    if (first !== undefined) {
      const { actor } = first.node.machine;
      this.#world.as(actor, () => checkCounter(this.#loops, first.node));
    }
    this.#checkExpired();
    for (const watcher of this.#watchers) {
      while (watcher.poll());
      promise(watcher.after === this.#model.revision, 'watches are reliable', () => `one ended at ${watcher.after}`);
    }
  }

  /** The leader's clock is not behind that of any entry; it has had some seconds to see what is over its time. */
  #checkExpired(): void {
    const overdue = this.#overdue();
    promise(overdue.length === 0, 'what is over its time goes', () => overdue.join(', '));
  }

  #overdue(): string[] {
    return this.#model.overdue(this.#model.clock - EXPIRY_MS);
  }

  /** A machine that is to join may still wait for an answer to its wish, or be hardly there. */
  #isSettled(node: Node): boolean {
    return !node.joins || this.#world.now - (node.memberSince ?? Number.POSITIVE_INFINITY) > SETTLING_MS;
  }

  /** One line per replica on where it stands. */
  #statuses(): string[] {
    return this.#cluster.nodes.map((node) => {
      const status = this.#consensus.raftOf(node.machine)?.status();
      return `${node.name} ${node.machine.running ? 'runs' : 'is down'}: ${JSON.stringify(status)}`;
    });
  }

  toResult(violation: Violation | undefined): RunResult {
    const sum = (of: (w: SimWatcher) => number): number => this.#watchers.reduce((n, w) => n + of(w), 0);
    const counts = {
      simulatedMs: this.#world.now,
      steps: this.#world.steps,
      elections: this.#consensus.elections,
      committed: this.#consensus.committed,
      calls: this.#history.calls,
      acknowledgedWrites: this.#history.acknowledgedWrites,
      linearizableReads: this.#history.linearizableReads,
      watchEvents: sum((w) => w.delivered),
      watchesResumed: sum((w) => w.resumed),
      watchesCompacted: sum((w) => w.compacted),
    };
    return {
      seed: this.#options.seed,
      options: this.#options,
      ...counts,
      faults: Object.fromEntries(this.#faults.counts),
      effects: Object.fromEntries(this.#world.effects),
      failure:
        violation === undefined
          ? undefined
          : {
              property: violation.property,
              message: violation.message,
              journal: [...this.#cluster.journal.slice(-60), ...this.#statuses()],
            },
      fingerprint: Object.values(counts).reduce(
        (h, n) => (Math.imul(h, 31) + Math.floor(n)) | 0,
        this.#world.fingerprint,
      ),
    };
  }
}
