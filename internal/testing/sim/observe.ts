import { LogStore } from '../../replica/log.js';
import { type Entry, type HardState, Raft } from '../../raft/index.js';
import { StateStore } from '../../store/state.js';
import type { TxnResult } from '../../store/types.js';
import { currentMachine, type Machine } from './machine.js';

/** What the checks are told of. The product does not know that it is watched. */
export interface Observer {
  onRaft(machine: Machine, raft: Raft): void;
  onState(machine: Machine, state: StateStore): void;
  /** Entries are about to be written to a log; `prevTerm` is the term of the entry before them. */
  onLogAppend(machine: Machine, entries: readonly Entry[], prevTerm: number | undefined): void;
  onApplied(
    machine: Machine,
    state: StateStore,
    entry: { readonly index: number; readonly term: number; readonly data: Uint8Array },
    results: readonly TxnResult[] | undefined,
  ): void;
}

let observer: Observer | undefined;

/** Says who is told from now on. */
export function observe(next: Observer): void {
  observer = next;
}

/** The methods as they were; always called with their own `this`. */
// oxlint-disable-next-line typescript/unbound-method
const { tick, step, advance } = Raft.prototype;
Raft.prototype.advance = function (): void {
  advance.call(this);
  observer?.onRaft(currentMachine(), this);
};
Raft.prototype.tick = function (): void {
  observer?.onRaft(currentMachine(), this);
  tick.call(this);
};
Raft.prototype.step = function (m): void {
  observer?.onRaft(currentMachine(), this);
  step.call(this, m);
};

// oxlint-disable-next-line typescript/unbound-method
const { append } = LogStore.prototype;
LogStore.prototype.append = function (entries: readonly Entry[], hardState: HardState | undefined): Promise<void> {
  const first = entries[0];
  if (first !== undefined) observer?.onLogAppend(currentMachine(), entries, this.term(first.index - 1));
  return append.call(this, entries, hardState);
};

// oxlint-disable-next-line typescript/unbound-method
const { applyEntry, applyConfChange } = StateStore.prototype;
StateStore.prototype.applyEntry = function (index, term, data, decoded): readonly TxnResult[] | undefined {
  const results = applyEntry.call(this, index, term, data, decoded);
  observer?.onState(currentMachine(), this);
  observer?.onApplied(currentMachine(), this, { index, term, data }, results);
  return results;
};
StateStore.prototype.applyConfChange = function (index, term, conf, members): void {
  applyConfChange.call(this, index, term, conf, members);
  observer?.onState(currentMachine(), this);
  observer?.onApplied(currentMachine(), this, { index, term, data: EMPTY }, undefined);
};
const EMPTY = new Uint8Array(0);
