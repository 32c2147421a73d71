import type { ConfState, Entry, Raft, RaftStatus } from '../../raft/index.js';
import { hashText, type StoredConfState } from '../../store/meta.js';
import type { StateStore } from '../../store/state.js';
import type { TxnResult } from '../../store/types.js';
import type { Machine } from './machine.js';
import { isSameResult, type Model } from './model.js';
import type { Observer } from './observe.js';
import { mayAnswerWrongly } from './rot.js';
import { promise, Violation } from './violation.js';

interface LogRecord {
  readonly data: Uint8Array;
  readonly type: Entry['type'];
  readonly prevTerm: number | undefined;
}

/** What `hashText` makes a text of. */
type Sums = Parameters<typeof hashText>[0];

interface AppliedRecord {
  readonly term: number;
  readonly data: Uint8Array;
  readonly revision: number;
  /** Unknown as long as only a replica has applied it whose state is wrong. */
  hash: Sums | undefined;
  /** Undefined for a repetition. */
  readonly results: readonly TxnResult[] | undefined;
}

interface Watched {
  raft: Raft | undefined;
  state: StateStore | undefined;
  boots: number;
  term: number;
  commit: number;
  leading: number;
  revision: number;
  appliedIndex: number;
  /** The raft was called since the last look. */
  dirty: boolean;
  /** Ticks of this process, and that at which each member was heard of last while it leads. */
  ticks: number;
  readonly heard: Map<number, number>;
  /** The membership that this counts for. */
  conf: ConfState | undefined;
}

/**
 * The promises of Raft (paper, figure 3) and of the replicated state, looked at after every step: election safety, log
 * matching, leader completeness, state-machine safety, and equal state at equal index.
 */
export class ConsensusChecks implements Observer {
  readonly #model: Model;
  readonly #silenceTicks: number;
  readonly #watched = new Map<Machine, Watched>();
  readonly #leaders = new Map<number, string>();
  readonly #log = new Map<number, Map<number, LogRecord>>();
  readonly #applied: AppliedRecord[] = [];
  /** Highest index that any replica has applied: it is committed for good. */
  committed = 0;
  elections = 0;
  /** Told when a leader has applied a joint membership. */
  onJoint: (machine: Machine) => void = () => undefined;
  /** Told of every election, and whether the leader has entries of earlier terms that it does not know to be committed. */
  onElected: (machine: Machine, inherits: boolean) => void = () => undefined;
  #highestTerm = 0;
  snapshotsInstalled = 0;

  /** @param electionTicks what a follower waits for a leader, at least, in ticks of its clock */
  constructor(model: Model, electionTicks: number) {
    this.#model = model;
    // What was heard just after a look counts at the next one.
    this.#silenceTicks = 2 * electionTicks + 1;
  }

  #of(machine: Machine): Watched {
    let watched = this.#watched.get(machine);
    if (watched === undefined || watched.boots !== machine.boots) {
      // A restart may go back to an older durable state, but never below what it said: that is checked by its effects.
      watched = {
        raft: undefined,
        state: undefined,
        boots: machine.boots,
        term: 0,
        commit: 0,
        leading: 0,
        revision: 0,
        appliedIndex: 0,
        dirty: false,
        ticks: 0,
        heard: new Map(),
        conf: undefined,
      };
      this.#watched.set(machine, watched);
    }
    return watched;
  }

  onRaft(machine: Machine, raft: Raft): void {
    const watched = this.#of(machine);
    watched.raft = raft;
    watched.dirty = true;
  }

  /** Told of every vote that is given: by whom, to which id, in which term. */
  onVoted: Observer['onVoted'] = () => undefined;

  onHeard(machine: Machine, from: number): void {
    const watched = this.#of(machine);
    if (watched.leading > 0) watched.heard.set(from, watched.ticks);
  }

  /** Who hears no majority for two election timeouts leads no more (dissertation, 6.2). */
  onTicked(machine: Machine, raft: Raft): void {
    const watched = this.#of(machine);
    watched.ticks += 1;
    machine.leader = raft.leader;
    if (raft.role !== 'leader') {
      if (watched.heard.size > 0) watched.heard.clear();
      return;
    }
    const { confState } = raft;
    // Another membership may need those who were not needed before, and has until the next look to hear of them (seed 552).
    if (watched.conf !== confState) watched.heard.clear();
    watched.conf = confState;
    const { voters, votersOutgoing } = confState;
    for (const half of [voters, votersOutgoing]) {
      const silent = half.filter((id) => {
        const at = watched.heard.get(id);
        if (at === undefined) watched.heard.set(id, watched.ticks);
        return id !== raft.id && watched.ticks - (at ?? watched.ticks) > this.#silenceTicks;
      });
      promise(silent.length * 2 < half.length || half.length === 0, 'a leader has a majority', () => {
        return `${machine.name} leads term ${raft.term}, and has heard nothing of ${silent.length} of ${half.length} voters`;
      });
    }
  }

  onState(machine: Machine, state: StateStore): void {
    this.#of(machine).state = state;
  }

  raftOf(machine: Machine): Raft | undefined {
    return this.#of(machine).raft;
  }

  stateOf(machine: Machine): StateStore | undefined {
    return this.#of(machine).state;
  }

  /** Log matching: two logs with the same (index, term) hold the same entry there and the same log before it. */
  onLogAppend(machine: Machine, entries: readonly Entry[], prevTerm: number | undefined): void {
    let before = prevTerm;
    for (const entry of entries) {
      let byTerm = this.#log.get(entry.index);
      if (byTerm === undefined) this.#log.set(entry.index, (byTerm = new Map()));
      const known = byTerm.get(entry.term);
      if (known === undefined) {
        byTerm.set(entry.term, { data: entry.data, type: entry.type, prevTerm: before });
      } else {
        const same =
          known.type === entry.type &&
          (before === undefined || known.prevTerm === undefined || known.prevTerm === before) &&
          equal(known.data, entry.data);
        promise(same, 'log matching', () => `${machine.name} holds another entry at ${at(entry)} than another member`);
      }
      before = entry.term;
    }
  }

  onMembership(machine: Machine, { votersOutgoing }: StoredConfState): void {
    if (votersOutgoing.length > 0 && this.raftOf(machine)?.status().role === 'leader') this.onJoint(machine);
    const { members, removed } = this.stateOf(machine)?.meta ?? { members: new Map(), removed: new Set() };
    const back = [...removed].find((id) => members.has(id));
    promise(back === undefined, 'who was removed is no member', () => `${machine.name} has ${back} as a member again`);
  }

  /** State-machine safety: all replicas apply the same entry at the same index, to the same effect. */
  onApplied(
    machine: Machine,
    state: StateStore,
    entry: { readonly index: number; readonly term: number; readonly data: Uint8Array },
    results: readonly TxnResult[] | undefined,
  ): void {
    // What is made of an entry without all records says nothing.
    if (mayAnswerWrongly(machine)) return;
    const { index, term, data } = entry;
    const { revision } = state.meta;
    const hash = machine.miscomputation === 'done' ? undefined : sumsOf(state.meta);
    const known = this.#applied[index];
    if (known === undefined) {
      this.#applied[index] = { term, data, revision, hash, results };
      this.#model.apply(index, data, results);
      this.committed = Math.max(this.committed, index);
      promise(revision === this.#model.revision, 'one revision', () => `${machine.name} is at ${revision}`);
      return;
    }
    const sameEntry = known.term === term && equal(known.data, data);
    promise(sameEntry, 'state-machine safety', () => `${machine.name} applied another entry at ${at(entry)}`);
    known.hash ??= hash;
    const sameHash = hash === undefined || areEqual(known.hash, hash);
    const sameEffect = known.revision === revision && sameHash && areSameResults(known.results, results);
    promise(sameEffect, 'equal state at equal index', () => {
      const [here, there] = [results, known.results].map((each) => JSON.stringify(each ?? null));
      return `${machine.name} at ${index}: revision ${revision} hash ${textOf(hash)} ${here}, elsewhere ${known.revision} ${textOf(known.hash)} ${there}`;
    });
  }

  onSnapshotRefused(machine: Machine, from: number, reason: string): void {
    // It may have heard of another leader since (seed 1885).
    if (this.raftOf(machine)?.leader !== from) return;
    promise(
      !reason.includes('another snapshot is being received'),
      'the leader is heard',
      () => `${machine.name} keeps out a snapshot of the leader that it follows: ${reason}`,
    );
  }

  /** Told of a machine that has taken a copy of a wrong state. */
  onWrongCopy: (machine: Machine, revision: number, hash: string) => void = () => undefined;

  /** A copy of a wrong state is wrong, too. */
  onReplaced(machine: Machine, state: StateStore): void {
    const { appliedIndex, revision } = state.meta;
    const hash = hashText(state.meta);
    const right = textOf(this.#applied[appliedIndex]?.hash);
    const isOfWrong = (other: Machine): boolean =>
      other !== machine && other.miscomputation === 'done' && textAt(this.stateOf(other), revision) === hash;
    const isWrong = right === undefined ? [...this.#watched.keys()].some(isOfWrong) : right !== hash;
    machine.miscomputation = isWrong ? 'done' : machine.miscomputation === 'due' ? 'due' : 'none';
    if (isWrong) this.onWrongCopy(machine, revision, hash);
  }

  /** After a step of this machine's process. */
  afterStep(machine: Machine): void {
    const watched = this.#of(machine);
    const { raft, state } = watched;
    if (raft === undefined || !watched.dirty) return;
    watched.dirty = false;
    try {
      raft.checkInvariants();
    } catch (error) {
      throw new Violation(
        'raft invariants',
        `${machine.name}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    const { term, commit } = raft;
    promise(term >= watched.term, 'terms only grow', () => `${machine.name}: ${watched.term} to ${term}`);
    promise(commit >= watched.commit, 'commit only grows', () => `${machine.name}: to ${commit}`);
    watched.term = term;
    watched.commit = commit;
    if (watched.leading !== term && raft.role === 'leader') {
      watched.leading = term;
      this.#onElected(machine, raft, raft.status());
    }
    if (state?.halted === false) this.#checkState(machine, state, watched);
  }

  #onElected(machine: Machine, raft: Raft, status: RaftStatus): void {
    this.elections += 1;
    // The last one is its own.
    this.onElected(machine, status.lastIndex - 1 > status.commit);
    const other = this.#leaders.get(status.term);
    const alone = other === undefined || other === machine.name;
    promise(alone, 'election safety', () => `${machine.name} and ${other} lead in term ${status.term}`);
    this.#leaders.set(status.term, machine.name);
    // Votes may arrive so late that there is a leader of a higher term already: what that one committed is not asked for.
    const latest = status.term > this.#highestTerm;
    this.#highestTerm = Math.max(this.#highestTerm, status.term);
    const known = this.#applied[this.committed];
    if (known === undefined || !latest) return;
    // By log matching the last committed entry stands for all before it.
    const own = raft.termAt(this.committed);
    const complete = own === known.term || (own === undefined && status.applied >= this.committed);
    promise(complete, 'leader completeness', () => {
      return `${machine.name} leads term ${status.term} without the committed entry ${this.committed} of term ${known.term} (has ${own})`;
    });
  }

  #checkState(machine: Machine, state: StateStore, watched: Watched): void {
    const { appliedIndex } = state.meta;
    const known = this.#applied[appliedIndex];
    if (known !== undefined && appliedIndex !== watched.appliedIndex) {
      watched.appliedIndex = appliedIndex;
      const hash = sumsOf(state.meta);
      if (machine.miscomputation === 'done' && areEqual(known.hash, hash)) machine.miscomputation = 'none';
      const excused = known.hash === undefined || machine.miscomputation === 'done' || mayAnswerWrongly(machine);
      promise(
        excused || areEqual(known.hash, hash),
        'equal state at equal index',
        () => `${machine.name} at ${appliedIndex}: ${textOf(hash)}`,
      );
    }
    const { revision } = state.visible;
    promise(revision >= watched.revision, 'revisions only grow', () => `${machine.name}: to ${revision}`);
    watched.revision = revision;
  }
}

/** The hash as `hashText` has it; undefined where it is not known. */
export function textAt(state: StateStore | undefined, revision: number): string | undefined {
  const hash = state?.hashAt(revision);
  return hash === undefined ? undefined : hash.changes + (hash.rows ?? '');
}

/** The sums are counted on in place. */
function sumsOf({ hashA, hashB, sums }: Sums): Sums {
  return { hashA, hashB, sums: { ...sums } };
}

function areEqual(a: Sums | undefined, b: Sums): boolean {
  return (
    a?.hashA === b.hashA &&
    a.hashB === b.hashB &&
    a.sums.complete === b.sums.complete &&
    (!a.sums.complete || (a.sums.liveA === b.sums.liveA && a.sums.liveB === b.sums.liveB))
  );
}

function textOf(sums: Sums | undefined): string | undefined {
  return sums === undefined ? undefined : hashText(sums);
}

function areSameResults(a: readonly TxnResult[] | undefined, b: readonly TxnResult[] | undefined): boolean {
  return a?.length === b?.length && (a?.every((result, i) => isSameResult(result, b?.[i])) ?? true);
}

function at(entry: { readonly index: number; readonly term: number }): string {
  return `(index ${entry.index}, term ${entry.term})`;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
