import { Faults } from './faults.js';
import { SimClient } from './clients.js';
import type { ConfChange, ConfChangeStep, RaftStatus } from '../../raft/index.js';
import { readReply } from '../../replica/calls.js';
import { encodeRequest } from '../../replica/membership.js';
import { type Node, SimCluster } from './cluster.js';
import { ConsensusChecks, textAt } from './consensus-checks.js';
import { HistoryChecks } from './history-checks.js';
import { currentMachine, enterWorld, type Machine } from './machine.js';
import { Model } from './model.js';
import { enterNetwork, SimNetwork } from './network.js';
import { observe } from './observe.js';
import { drawOptions, type FaultKind, type RunOptions } from './options.js';
import { Probe } from './probe.js';
import { request } from './rpc.js';
import { Violation, promise } from './violation.js';
import { SimWatcher } from './watchers.js';
import { type SimGlobals, World } from './world.js';

declare global {
  var __quorateSim: SimGlobals;
}

const MACHINES_MAX = 9;
/** Errors by which the product says that a promise of its own is broken. */
const OWN_CHECKS: ReadonlySet<string> = new Set([
  'AssertionError',
  'InvariantError',
  'LostLogError',
  'ConfChangeError',
]);
/** What has been there for so long could be asked. */
const ASKING_MS = 1_500;
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
  readonly #consensus = new ConsensusChecks(this.#model);
  readonly #history = new HistoryChecks(this.#model);
  readonly #clients: SimClient[] = [];
  readonly #watchers: SimWatcher[] = [];
  readonly #faults: Faults;

  constructor(seed: number) {
    const world = new World(seed);
    this.#world = world;
    globalThis.__quorateSim = world.globals();
    this.#options = drawOptions(seed, world.random);
    globalThis.__quorateSim.raftSettings = this.#options.raftSettings;
    const network = new SimNetwork(world);
    const { lossChance, duplicateChance, reorders, delayMs } = this.#options;
    Object.assign(network.temper, { lossChance, duplicateChance, reorders, delayMs });
    enterWorld(world);
    enterNetwork(network);
    observe(this.#consensus, (error) => world.fail(error));
    this.#cluster = new SimCluster(world, network, this.#options);
    this.#consensus.onJoint = (machine) => this.#onJoint(machine);
    this.#consensus.onWrongCopy = (machine, revision, hash) => this.#onWrongCopy(machine, revision, hash);
    this.#consensus.onElected = (machine, inherits) => this.#faults.onElected(machine, inherits);
    this.#faults = new Faults(this.#cluster, this.#options, (kind) => this.#operate(kind));
    for (let i = 1; i <= this.#options.clients; i += 1) {
      this.#clients.push(new SimClient(`c${i}`, this.#cluster, this.#history, this.#options));
    }
    for (let i = 1; i <= this.#options.watchers; i += 1) {
      const pollMs = world.random.pick([2, 50, 1_000]);
      const batch = world.random.pick([1, 3, 256]);
      this.#watchers.push(new SimWatcher(`w${i}`, this.#cluster, this.#model, pollMs, batch));
    }
  }

  async go(): Promise<Violation | undefined> {
    const { faultyMs, calmMs } = this.#options;
    // Errors are made by the thousand here, and read hardly ever.
    Error.stackTraceLimit = 3;
    const afterStep = (): void => this.#afterStep();
    try {
      const late = this.#options.lateFounder ? this.#cluster.nodes.at(-1) : undefined;
      for (const node of this.#cluster.nodes) if (node !== late) this.#cluster.start(node);
      if (late !== undefined) {
        this.#world.schedule(this.#world.random.between(1_000, 8_000), this.#world.outside, () =>
          this.#cluster.start(late),
        );
      }
      for (const client of this.#clients) client.start();
      for (const watcher of this.#watchers) watcher.start();
      await this.#world.run(1_500, afterStep);
      this.#faults.start();
      await this.#world.run(faultyMs, afterStep);
      this.#faults.repair();
      await this.#world.run(faultyMs + calmMs / 2, afterStep);
      for (const client of this.#clients) client.stopped = true;
      await this.#world.run(faultyMs + calmMs * 0.7, afterStep);
      const serving = this.#cluster.running.filter((n) => !n.removing && this.#isSettled(n));
      const probes = serving.map((node, i) => new Probe(`p${i + 1}`, node, this.#cluster, this.#history));
      await this.#world.run(faultyMs + calmMs, afterStep);
      // The time of an object may be over just now: the news of it is still on its way then.
      for (let more = 1; more <= 20 && !this.#isEven(); more += 1) {
        await this.#world.run(faultyMs + calmMs + more * 50, afterStep);
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

  /** Has every replica that runs applied all that any has? */
  #isEven(): boolean {
    return this.#cluster.running.every((n) => n.replica?.status().revision === this.#model.revision);
  }

  #afterStep(): void {
    const machine = this.#lastMachine;
    if (machine !== undefined) this.#consensus.afterStep(machine);
  }

  get #lastMachine(): ReturnType<typeof currentMachine> | undefined {
    return this.#cluster.nodes.find((n) => n.machine.actor === this.#world.lastActor)?.machine;
  }

  /** What an operator does: hands leadership over, or changes the membership. */
  #operate(kind: FaultKind): void {
    const { random } = this.#world;
    if (kind === 'stranger') {
      this.#askAsStranger();
      return;
    }
    const leader = this.#cluster.leader();
    if (leader?.replica === undefined) return;
    const { members } = leader.replica.status();
    const member = random.pick(members);
    if (kind === 'transfer') {
      const { replica } = leader;
      if (member.learner) return;
      this.#cluster.note(`leadership is to go from ${leader.name} to ${member.name}`);
      // While states differ leadership stays where it is.
      if (replica.status().disputed) return;
      this.#world.as(leader.machine.actor, () => replica.transferLeader(member.name));
      return;
    }
    if (kind === 'join') {
      this.#join();
      return;
    }
    if (kind === 'remove') {
      this.#remove(member.name);
      return;
    }
    const raft = this.#consensus.raftOf(leader.machine);
    if (raft === undefined) return;
    const result = this.#world.as(leader.machine.actor, () => {
      return raft.proposeConfChange({ ...this.#drawChange(raft.status(), kind === 'splitJoint'), context: '' });
    });
    this.#cluster.note(`membership change at ${leader.name}: ${JSON.stringify(result)}`);
    if (kind === 'splitJoint') this.#ambushJoint = true;
  }
  /** The next membership that is joint is split between those who are to vote and those who voted only before. */
  #ambushJoint = false;

  /** A leader has just applied a joint membership, and nobody else knows that it is settled. */
  #onJoint(machine: Machine): void {
    if (!this.#ambushJoint) return;
    this.#ambushJoint = false;
    const { random } = this.#world;
    this.#faults.later(random.pick([0, 0, 5, 50]), () => {
      const leader = this.#cluster.nodes.find((n) => n.machine === machine);
      const conf = this.#consensus.stateOf(machine)?.meta;
      if (leader === undefined || conf === undefined) return;
      const names = conf.conf.voters.map((id) => conf.members.get(id)?.name);
      const inside = this.#cluster.nodes.filter((n) => n === leader || names.includes(n.name));
      this.#world.count('partitions between old and new voters');
      this.#faults.cutOff(new Set(inside), 2_000, true);
      if (random.chance(0.5)) this.#faults.later(random.exponential(600), () => this.#faults.restart(leader));
    });
  }

  /** Somebody who is no member asks to remove one: nobody may do it. */
  #askAsStranger(): void {
    const { random, outside } = this.#world;
    const [asked, other] = [random.pick(this.#cluster.nodes), random.pick(this.#cluster.nodes)];
    const wish = encodeRequest({ op: 'remove', name: other.name });
    request('a stranger', outside, asked.machine.name, wish, 5_000).then(
      (reply) => {
        try {
          readReply(reply);
        } catch (error) {
          this.#cluster.note(`a stranger is refused: ${error instanceof Error ? error.message : String(error)}`);
          this.#world.count('strangers refused');
          return;
        }
        this.#world.fail(new Violation('only members are heard', `${asked.name} removed ${other.name} for a stranger`));
      },
      (error: unknown) => this.#cluster.note(`a stranger is not answered: ${String(error)}`),
    );
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

  #join(): void {
    const alive = this.#cluster.nodes.filter((n) => !n.removing);
    if (alive.length > this.#options.voters + 1 || this.#cluster.nodes.length >= MACHINES_MAX) return;
    const node = this.#cluster.addMachine();
    this.#cluster.note(`${node.name} is to join`);
    this.#cluster.start(node);
  }

  #remove(name: string): void {
    const node = this.#cluster.node(name);
    const others = this.#cluster.running.filter((n) => n !== node && !n.removing);
    const asked = others.length < 2 ? undefined : this.#world.random.pick(others);
    if (asked?.replica === undefined || node.removing) return;
    const { replica } = asked;
    this.#cluster.note(`${name} is to be removed, through ${asked.name}`);
    node.removing = true;
    this.#world.as(asked.machine.actor, () => {
      replica.removeMember(name).then(
        () => this.#cluster.note(`${name} is removed`),
        (error: unknown) => {
          const text = error instanceof Error ? error.message : String(error);
          this.#cluster.note(`${name} may not be removed: ${text}`);
        },
      );
    });
  }

  /**
   * Any other set of voters, reached in one step or through a joint configuration (`joint`: surely so, and it stays; then
   * few are to vote, so that those who do not can be a majority of the old ones); or out of the joint one.
   */
  #drawChange(
    { id, confState, peers, lastIndex }: RaftStatus,
    joint: boolean,
  ): Pick<ConfChange, 'transition' | 'steps'> {
    const { random } = this.#world;
    const { voters, votersOutgoing } = confState;
    // As the replica does: who has never been heard of gets no vote.
    const learners = confState.learners.filter((id) => {
      const peer = peers.find((p) => p.id === id);
      return peer?.recentActive === true && peer.match > Math.max(0, lastIndex - 50);
    });
    if (votersOutgoing.length > 0) return { transition: 'auto', steps: [] };
    const everyone = [...voters, ...learners];
    const wanted = new Set(everyone.filter(() => random.chance(joint ? 0.35 : 0.6)));
    if (joint && random.chance(0.7)) wanted.add(id);
    if (wanted.size === 0) wanted.add(random.pick(everyone));
    const steps: ConfChangeStep[] = [
      ...learners.filter((id) => wanted.has(id)).map((id): ConfChangeStep => ({ type: 'addVoter', id })),
      ...voters.filter((id) => !wanted.has(id)).map((id): ConfChangeStep => ({ type: 'addLearner', id })),
    ];
    if (joint) return { transition: 'explicit', steps };
    const few = random.chance(0.3) ? steps.slice(0, 1) : steps;
    this.#cluster.note(few.map(({ type, id }) => `${type} ${id}`).join(', '));
    return { transition: random.pick(['auto', 'implicit', 'explicit'] as const), steps: few };
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
    for (const watcher of this.#watchers) {
      while (watcher.poll());
      promise(watcher.after === this.#model.revision, 'watches are reliable', () => `one ended at ${watcher.after}`);
    }
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
