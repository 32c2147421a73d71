import { Peers } from '../../replica/peers.js';
import { LogStore } from '../../replica/log.js';
import { type Entry, type HardState, Raft } from '../../raft/index.js';
import { decodeProposal, type Proposal } from '../../store/command.js';
import type { StoredConfState } from '../../store/meta.js';
import { StateStore } from '../../store/state.js';
import type { TxnResult } from '../../store/types.js';
import { currentMachine, type Machine } from './machine.js';
import { PADDING } from './model.js';

/** What the checks are told of. The product does not know that it is watched. */
export interface Observer {
  onRaft(machine: Machine, raft: Raft): void;
  /** A message of a member was taken in. */
  onHeard(machine: Machine, from: number): void;
  /** A tick of the core's clock has passed. */
  onTicked(machine: Machine, raft: Raft): void;
  /** A vote was given, which is not on the disk yet. */
  onVoted(machine: Machine, candidate: number, term: number): void;
  onState(machine: Machine, state: StateStore): void;
  /** Entries are about to be written to a log; `prevTerm` is the term of the entry before them. */
  onLogAppend(machine: Machine, entries: readonly Entry[], prevTerm: number | undefined): void;
  onMembership(machine: Machine, conf: StoredConfState): void;
  /** A snapshot of the leader that a member followed at its last tick was not taken. */
  onSnapshotRefused(machine: Machine, from: number, reason: string): void;
  /** A copy has taken the place of the state. */
  onReplaced(machine: Machine, state: StateStore): void;
  onApplied(
    machine: Machine,
    state: StateStore,
    entry: { readonly index: number; readonly term: number; readonly data: Uint8Array },
    results: readonly TxnResult[] | undefined,
  ): void;
}

let observer: Observer | undefined;
let onViolation: (error: unknown) => void = () => undefined;

/** Says who is told from now on, and who hears of what the observer finds wrong (the product must not catch that). */
export function observe(next: Observer, report: (error: unknown) => void): void {
  observer = next;
  onViolation = report;
}

function tell(what: (observer: Observer, machine: Machine) => void): void {
  if (observer === undefined) return;
  try {
    what(observer, currentMachine());
  } catch (error) {
    onViolation(error);
    throw error;
  }
}

/** The methods as they were; always called with their own `this`. */
// oxlint-disable-next-line typescript/unbound-method
const { tick, step, advance } = Raft.prototype;
Raft.prototype.advance = function (): void {
  advance.call(this);
  tell((o, machine) => o.onRaft(machine, this));
};
Raft.prototype.tick = function (): void {
  tell((o, machine) => o.onRaft(machine, this));
  tick.call(this);
  tell((o, machine) => o.onTicked(machine, this));
};
Raft.prototype.step = function (m): void {
  tell((o, machine) => o.onRaft(machine, this));
  const { vote, term } = this;
  step.call(this, m);
  if (m.type === 'vote' && this.vote === m.from && (vote !== m.from || this.term !== term)) {
    tell((o, machine) => o.onVoted(machine, m.from, this.term));
  }
  tell((o, machine) => o.onHeard(machine, m.from));
};

// oxlint-disable-next-line typescript/unbound-method
const { append } = LogStore.prototype;
LogStore.prototype.append = function (entries: readonly Entry[], hardState: HardState | undefined): Promise<void> {
  const first = entries[0];
  if (first !== undefined) tell((o, machine) => o.onLogAppend(machine, entries, this.term(first.index - 1)));
  return append.call(this, entries, hardState);
};

// oxlint-disable-next-line typescript/unbound-method
const { applyEntry, applyConfChange, replace } = StateStore.prototype;
StateStore.prototype.applyEntry = function (index, term, data, decoded): readonly TxnResult[] | undefined {
  const results = applyEntry.call(this, index, term, data, miscomputed(data) ?? decoded);
  tell((o, machine) => o.onState(machine, this));
  tell((o, machine) => o.onApplied(machine, this, { index, term, data }, results));
  return results;
};
StateStore.prototype.applyConfChange = function (index, term, conf, members): void {
  applyConfChange.call(this, index, term, conf, members);
  tell((o, machine) => o.onState(machine, this));
  tell((o, machine) => o.onApplied(machine, this, { index, term, data: EMPTY }, undefined));
  tell((o, machine) => o.onMembership(machine, conf));
};
StateStore.prototype.replace = function (path): void {
  replace.call(this, path);
  tell((o, machine) => o.onReplaced(machine, this));
};
const EMPTY = new Uint8Array(0);

// oxlint-disable-next-line typescript/unbound-method
const { onSnapshot } = Peers.prototype;
Peers.prototype.onSnapshot = async function (from, chunks): Promise<void> {
  const machine = currentMachine();
  const { leader } = machine;
  try {
    await onSnapshot.call(this, from, chunks);
  } catch (error) {
    // Who waited for its turn may lead no more when that comes (seed 1278).
    if (error instanceof Error && leader === from && machine.leader === from)
      tell((o) => o.onSnapshotRefused(machine, from, error.message));
    throw error;
  }
};

/** What a broken computer makes of an entry, when that is due: one letter of a value is another. */
function miscomputed(data: Uint8Array): Proposal | undefined {
  const machine = currentMachine();
  if (machine.miscomputation !== 'due' || data.length === 0) return undefined;
  const proposal = decodeProposal(data);
  for (const command of proposal.commands) {
    if (command.kind !== 'txn') continue;
    for (const op of command.txn.ops) {
      if (op.type !== 'put') continue;
      const at = op.value.indexOf(PADDING);
      if (at < 0) continue;
      // The value is a view into the log's entry, which stays as it is.
      const value = Buffer.from(op.value);
      // No two machines make the same mistake.
      value[at + PADDING.length - 1] = 'A'.charCodeAt(0) + (Number(machine.name.slice(1)) % 26);
      Object.assign(op, { value });
      machine.miscomputation = 'done';
      machine.disk.world.count('entries applied wrongly');
      return proposal;
    }
  }
  return undefined;
}
