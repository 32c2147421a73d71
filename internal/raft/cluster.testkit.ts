import { DEFAULT_RAFT_SETTINGS, type RaftConfig } from './config.js';
import { MemoryLog } from './memory.testkit.js';
import { Raft } from './raft.js';
import type { ConfState, Entry, Message, NodeId, ReadState, Refusal } from './types.js';

/** A small generator of the mulberry32 kind: the same seed gives the same numbers. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function confState(voters: readonly NodeId[], learners: readonly NodeId[] = []): ConfState {
  return { voters, learners, votersOutgoing: [], learnersNext: [], autoLeave: false };
}

export interface TestNode {
  readonly id: NodeId;
  readonly log: MemoryLog;
  raft: Raft;
  conf: ConfState;
  applied: number;
  readonly appliedEntries: Entry[];
  readonly reads: ReadState[];
  readonly refusals: Refusal[];
}

const text = new TextDecoder();

/** Replicas in one process with a perfect network, unless a test says otherwise. Everything happens when `settle` is called. */
export class TestCluster {
  readonly nodes = new Map<NodeId, TestNode>();
  /** Messages for which this says false are lost. */
  deliver: (m: Message) => boolean = () => true;
  /** Every message that was sent, in order. */
  readonly sent: Message[] = [];
  readonly #queue: Message[] = [];
  readonly #overrides: Partial<RaftConfig>;

  constructor(voters: readonly NodeId[], learners: readonly NodeId[] = [], overrides: Partial<RaftConfig> = {}) {
    this.#overrides = overrides;
    for (const id of [...voters, ...learners]) this.add(id, confState(voters, learners));
  }

  add(id: NodeId, conf: ConfState): TestNode {
    const log = new MemoryLog({ index: 0, term: 0, confState: conf });
    const node: TestNode = {
      id,
      log,
      conf,
      applied: 0,
      appliedEntries: [],
      reads: [],
      refusals: [],
      raft: this.#start(id, log, conf, 0),
    };
    log.newestState = () => ({ index: node.applied, term: log.term(node.applied) ?? 0, confState: node.conf });
    this.nodes.set(id, node);
    return node;
  }

  #start(id: NodeId, log: MemoryLog, conf: ConfState, applied: number): Raft {
    return new Raft(
      { ...DEFAULT_RAFT_SETTINGS, id, applied, hardState: log.hardState, confState: conf, ...this.#overrides },
      log,
      seeded(id),
    );
  }

  node(id: NodeId): TestNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  raft(id: NodeId): Raft {
    return this.node(id).raft;
  }

  /** What was applied on a replica, as text, without the empty entries that open terms. */
  applied(id: NodeId): string[] {
    return this.node(id)
      .appliedEntries.filter((e) => e.type === 'normal' && e.data.length > 0)
      .map((e) => text.decode(e.data));
  }

  restart(id: NodeId): void {
    const node = this.node(id);
    node.raft = this.#start(id, node.log, node.conf, node.applied);
  }

  propose(id: NodeId, ...values: readonly string[]): ReturnType<Raft['propose']> {
    return this.raft(id).propose(values.map((v) => new TextEncoder().encode(v)));
  }

  /** Makes `id` the leader and lets everything settle. */
  elect(id: NodeId): void {
    this.raft(id).campaign();
    this.settle();
  }

  tick(ticks: number, ids: readonly NodeId[] = [...this.nodes.keys()]): void {
    for (let i = 0; i < ticks; i += 1) {
      for (const id of ids) this.raft(id).tick();
      this.settle();
    }
  }

  leader(): NodeId {
    const leaders = [...this.nodes.values()].map((n) => n.raft.status()).filter((s) => s.role === 'leader');
    leaders.sort((a, b) => b.term - a.term);
    return leaders[0]?.id ?? 0;
  }

  /** Carries out every Ready and delivers every message until nothing moves. */
  settle(): void {
    for (let moved = true; moved; ) {
      moved = false;
      for (const node of this.nodes.values()) {
        while (node.raft.hasReady()) {
          moved = true;
          this.work(node);
        }
      }
      for (let m = this.#queue.shift(); m !== undefined; m = this.#queue.shift()) {
        moved = true;
        const to = this.nodes.get(m.to);
        if (to !== undefined && this.deliver(m)) {
          to.raft.step(m);
          to.raft.checkInvariants();
        }
      }
    }
  }

  /** One Ready of one replica. */
  work(node: TestNode): void {
    const ready = node.raft.ready();
    this.#send(ready.messages);
    if (ready.snapshot !== undefined) {
      node.log.restore(ready.snapshot);
      node.conf = ready.snapshot.confState;
      node.applied = ready.snapshot.index;
      const { index } = ready.snapshot;
      const source = [...this.nodes.values()].find((n) => n !== node && n.applied >= index);
      node.appliedEntries.splice(0, Infinity, ...(source?.appliedEntries.filter((e) => e.index <= index) ?? []));
    }
    node.log.append(ready.entries);
    if (ready.hardState !== undefined) node.log.hardState = ready.hardState;
    this.#send(ready.messagesAfterAppend);
    for (const e of ready.committedEntries) {
      if (e.type === 'confChange') node.conf = node.raft.applyConfChange(e);
      node.appliedEntries.push(e);
      node.applied = e.index;
    }
    node.reads.push(...ready.readStates);
    node.refusals.push(...ready.refusals);
    node.raft.advance();
    node.raft.checkInvariants();
  }

  #send(messages: readonly Message[]): void {
    this.sent.push(...messages);
    this.#queue.push(...messages);
  }
}
