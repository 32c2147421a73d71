import type { Raft } from '../../raft/index.js';
import type { Node, SimCluster } from './cluster.js';
import type { Machine } from './machine.js';
import { AMBUSHES, type AmbushKind, type FaultKind } from './options.js';

/** How long a snapshot to come is waited for. */
const SNAPSHOT_WAIT_MS = 3_000;
const LOOK_MS = 5;

export function isAmbush(kind: FaultKind): kind is AmbushKind {
  return (AMBUSHES as readonly FaultKind[]).includes(kind);
}

/**
 * Faults that wait for the one moment at which a mistake of the product would show: what chance hardly ever comes upon by
 * itself. Each is harmless to what is right.
 */
export class Ambushes {
  /** Of the paper's figure 8: how many leaders have been cut off, and who is cut off now. */
  #figure: { leaders: number; away: Node | undefined } | undefined;
  /** The next vote is to be forgotten. */
  #vote = false;

  constructor(
    private readonly cluster: SimCluster,
    private readonly raftOf: (machine: Machine) => Raft | undefined,
    /** Does this after a while, unless everything has been repaired by then. */
    private readonly later: (ms: number, run: () => void) => void,
  ) {}

  lay(kind: AmbushKind): void {
    const { random } = this.cluster.world;
    const followers = this.cluster.running.filter((node) => node !== this.cluster.leader());
    const node = followers.length === 0 ? undefined : random.pick(followers);
    switch (kind) {
      case 'figure8':
        this.#beginFigure();
        return;
      case 'forgetVote':
        this.#vote = true;
        this.#unseatLeader();
        return;
      case 'cutSnapshot':
        if (node !== undefined) this.#cutSnapshot(node);
        return;
      case 'cutMidRename':
        this.#cutMidRename(random.pick(this.cluster.nodes));
        return;
      case 'killThenPower':
        if (node !== undefined) this.#killThenPower(node);
        return;
    }
  }

  /** A replica has just been elected. False when nobody lies in wait for that. */
  onElected(node: Node): boolean {
    const figure = this.#figure;
    if (figure === undefined) return false;
    const { network, world } = this.cluster;
    figure.leaders += 1;
    if (figure.leaders < 3) {
      // Has what nobody else has: its own first entry. The one before comes back.
      network.healAll();
      this.#cut(node);
      figure.away = node;
      return true;
    }
    // Passes on what the first left behind, and not its own; then the second may come back, whose term is higher.
    this.#figure = undefined;
    const { away } = figure;
    network.muteAfter(node.name, 1 + world.random.below(5));
    this.later(world.random.between(20, 150), () => {
      network.healAll();
      if (away !== node) this.#cut(node);
    });
    this.later(2_000, () => network.healAll());
    return true;
  }

  /** `voter` has just given its vote; the answer leaves when that is on its disk. */
  onVoted(voter: Node, candidate: Node, term: number): void {
    if (!this.#vote) return;
    const { network, nodes, world } = this.cluster;
    const others = nodes.filter((node) => node !== voter && node !== candidate);
    const behind = others.filter(({ machine }) => (this.raftOf(machine)?.term ?? term) < term);
    if (behind.length === 0) return;
    this.#vote = false;
    this.cluster.note(
      `${voter.name} votes for ${candidate.name}, of whom ${behind.map((b) => b.name).join(' ')} hears nothing`,
    );
    for (const other of others) {
      network.pull(candidate.name, other.name);
      network.pull(other.name, candidate.name);
    }
    // The candidate hears of the vote, if that has left; then of nothing, and nobody of it.
    this.later(world.random.pick([1, 10, 60, 150]), () => {
      this.#cut(candidate);
      this.cluster.crash(voter, world.random.chance(0.5));
      this.later(world.random.between(1, 30), () => this.cluster.start(voter));
    });
    this.later(1_500, () => network.healAll());
  }

  /** Nothing passes to or from this one, and what is under way is lost. */
  #cut(node: Node): void {
    const { network, nodes } = this.cluster;
    this.cluster.note(`${node.name} is cut off`);
    for (const other of nodes) {
      if (other === node) continue;
      network.pull(node.name, other.name);
      network.pull(other.name, node.name);
    }
  }

  #unseatLeader(): void {
    const leader = this.cluster.leader();
    if (leader !== undefined) this.#cut(leader);
    this.later(2_500, () => {
      this.#vote = false;
      this.cluster.network.healAll();
    });
  }

  #beginFigure(): void {
    if (this.#figure !== undefined) return;
    const figure = { leaders: 0, away: undefined };
    this.#figure = figure;
    const leader = this.cluster.leader();
    if (leader !== undefined) this.#cut(leader);
    this.later(4_000, () => {
      if (this.#figure !== figure) return;
      this.#figure = undefined;
      this.cluster.network.healAll();
    });
  }

  /** One falls behind, and whoever sends it a snapshot is cut off amid that. */
  #cutSnapshot(behind: Node): void {
    const { network, world } = this.cluster;
    this.#cut(behind);
    this.later(world.random.between(500, 1_200), () => {
      network.healAll();
      this.#cutSender(world.now + SNAPSHOT_WAIT_MS);
    });
  }

  #cutSender(until: number): void {
    const { network, world } = this.cluster;
    const [stream] = network.streams;
    if (stream === undefined) {
      if (world.now < until) this.later(LOOK_MS, () => this.#cutSender(until));
      return;
    }
    this.later(world.random.exponential(40), () => {
      const sender = this.cluster.nodes.find(({ name }) => name === stream.from);
      if (sender === undefined || !network.streams.has(stream)) return;
      world.count('snapshots whose sender was cut off');
      this.#cut(sender);
      // The rest has time to elect another, which has a snapshot to send as well.
      this.later(world.random.between(1_000, 4_000), () => network.healAll());
    });
  }

  /** The power fails while the log's files have names that are not on the disk yet. */
  #cutMidRename({ machine: { disk } }: Node): void {
    const { random } = this.cluster.world;
    const least = random.pick([1, 2, 2]);
    disk.onWrite = (timeMs, names) => {
      if (names < least || random.chance(0.3)) return false;
      const node = this.cluster.nodes.find(({ machine }) => machine.disk === disk);
      this.later(random.between(0, 2 * timeMs), () => {
        if (node === undefined) return;
        this.cluster.crash(node, true);
        this.later(random.exponential(20), () => this.cluster.start(node));
      });
      return true;
    };
  }

  /** What a process wrote is found by the next one, which is acknowledged, and may not be on the disk. */
  #killThenPower(node: Node): void {
    const { random } = this.cluster.world;
    node.machine.disk.onWrite = (timeMs) => {
      this.later(random.between(0, timeMs / 2), () => {
        this.cluster.crash(node, false);
        this.later(random.between(0, 3), () => {
          this.cluster.start(node);
          this.later(random.between(2, 150), () => {
            this.cluster.crash(node, true);
            this.later(random.exponential(20), () => this.cluster.start(node));
          });
        });
      });
      return true;
    };
  }
}
