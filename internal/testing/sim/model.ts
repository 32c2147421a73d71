import type { Txn, TxnResult } from '../../store/types.js';
import { type Command, decodeProposal } from '../../store/command.js';
import { promise } from './violation.js';

/** One version of a key in the model; `id` is what its writer made unique, undefined for a deletion. */
interface Version {
  readonly revision: number;
  readonly id: string | undefined;
  readonly createRevision: number;
  /** By the clock of whoever proposed it; 0 for never. */
  readonly expiresAt: number;
}

export interface ModelEvent {
  readonly revision: number;
  readonly sub: number;
  readonly type: 'create' | 'modify' | 'delete';
  readonly key: string;
  readonly id: string | undefined;
  /** Revision of the version before; 0 for none. */
  readonly prevRevision: number;
}

/**
 * The dumb twin of the store: applies the committed entries to plain maps, keeps everything for ever, and so knows what
 * every read at every revision must have seen.
 */
export class Model {
  revision = 0;
  compactRevision = 0;
  /** The latest time of an entry. */
  clock = 0;
  readonly events: ModelEvent[] = [];
  readonly #history = new Map<string, Version[]>();
  readonly #idsApplied = new Map<string, number>();
  readonly #applied = new Set<string>();
  /** Place in `events` of the first one of each revision. */
  readonly #eventAt: number[] = [0];

  /** Applies one committed entry; `results` is what the store made of it (undefined: a repetition). */
  apply(index: number, data: Uint8Array, results: readonly TxnResult[] | undefined): void {
    if (data.length === 0) return;
    const proposal = decodeProposal(data);
    if (results === undefined) return;
    const name = `${proposal.proposer}/${proposal.seq}`;
    promise(!this.#applied.has(name), 'at most once', () => `proposal ${name} was applied again at index ${index}`);
    this.#applied.add(name);
    this.clock = Math.max(this.clock, proposal.time);
    for (const [i, command] of proposal.commands.entries()) {
      const expected = this.#command(command, proposal.time);
      const actual = results[i];
      if (command.kind === 'txn' && expected.succeeded) this.deletes.applied(command.txn);
      promise(
        isSameResult(actual, expected),
        'transactions do what they say',
        () => `index ${index}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`,
      );
    }
  }

  #command(command: Command, time: number): TxnResult {
    if (command.kind === 'compact') {
      const { revision } = command;
      if (revision <= this.compactRevision || revision > this.revision) {
        return { succeeded: false, revision: this.revision };
      }
      this.compactRevision = revision;
      return { succeeded: true, revision: this.revision };
    }
    if (command.kind !== 'txn') return { succeeded: true, revision: this.revision };
    const { compares, ops } = command.txn;
    for (const [i, compare] of compares.entries()) {
      const now = this.latest(compare.key)?.revision ?? 0;
      const holds = 'modRevision' in compare ? compare.modRevision === now : now > 0;
      if (!holds) return { succeeded: false, revision: this.revision, failed: i };
    }
    const charged = new Map<string, string>();
    for (const [i, op] of ops.entries()) {
      if (op.type !== 'charge') continue;
      const id = chargedId(this.latest(op.key)?.id, op.uid, Number(op.amounts[0]?.[1]));
      if (id === undefined) return { succeeded: false, revision: this.revision, failed: compares.length + i };
      charged.set(op.key, id);
    }
    this.#checkExpiry(command.txn, time);
    const revision = this.revision + 1;
    let sub = 0;
    for (const op of ops) {
      const before = this.latest(op.key);
      if (op.type === 'delete' && before === undefined) continue;
      const id = op.type === 'put' ? idOf(op.value) : charged.get(op.key);
      if (id !== undefined) this.#idsApplied.set(id, revision);
      const versions = this.#history.get(op.key) ?? [];
      const ttl = op.type === 'put' ? (op.ttlSeconds ?? 0) : 0;
      const expiresAt = ttl === 0 ? 0 : time + ttl * 1000;
      versions.push({ revision, id, createRevision: before?.createRevision ?? revision, expiresAt });
      this.#history.set(op.key, versions);
      const type = op.type === 'delete' ? 'delete' : before === undefined ? 'create' : 'modify';
      if (sub === 0) this.#eventAt[revision] = this.events.length;
      this.events.push({ revision, sub, type, key: op.key, id, prevRevision: before?.revision ?? 0 });
      sub += 1;
    }
    if (sub > 0) this.revision = revision;
    return { succeeded: true, revision: this.revision };
  }

  /** Deletes at one revision are what the leader does to objects whose time is over: no client asks for them here. */
  #checkExpiry({ compares, ops }: Txn, time: number): void {
    const [op, compare] = [ops[0], compares[0]];
    if (op?.type !== 'delete' || compare === undefined || !('modRevision' in compare)) return;
    const expiresAt = this.latest(op.key)?.expiresAt ?? 0;
    promise(expiresAt > 0, 'only what has a time to live expires', () => `${op.key} was deleted as if it had one`);
    promise(!this.clocksAreSteady || time >= expiresAt, 'nothing expires early', () => {
      return `${op.key} was deleted at ${time}, ${expiresAt - time} ms before its time`;
    });
  }
  /** No wall clock of a machine is set while it runs. */
  clocksAreSteady = true;
  readonly deletes = new Deletes();

  /** Keys whose time is over at `time`. */
  overdue(time: number): string[] {
    return [...this.#history.keys()].filter((key) => {
      const { expiresAt = 0 } = this.latest(key) ?? {};
      return expiresAt > 0 && expiresAt < time;
    });
  }

  /** The newest version of a key, undefined when it does not exist. */
  latest(key: string): Version | undefined {
    const version = this.#history.get(key)?.at(-1);
    return version?.id === undefined ? undefined : version;
  }

  /** The key as of a revision. */
  asOf(key: string, revision: number): Version | undefined {
    const versions = this.#history.get(key) ?? [];
    for (let i = versions.length - 1; i >= 0; i -= 1) {
      const version = versions[i];
      if (version !== undefined && version.revision <= revision) return version.id === undefined ? undefined : version;
    }
    return undefined;
  }

  /** Every key that exists as of a revision, in order. */
  keysAsOf(revision: number): string[] {
    return [...this.#history.keys()].filter((key) => this.asOf(key, revision) !== undefined).sort();
  }

  /** Revision at which the put with this id took effect. */
  appliedAt(id: string): number | undefined {
    return this.#idsApplied.get(id);
  }

  /** The events after a revision, in order. */
  eventsAfter(revision: number): readonly ModelEvent[] {
    return revision >= this.revision ? [] : this.events.slice(this.#eventAt[revision + 1] ?? this.events.length);
  }
}

/** Are they the same, or both not there? */
export function isSameResult(a: TxnResult | undefined, b: TxnResult | undefined): boolean {
  return a?.succeeded === b?.succeeded && a?.revision === b?.revision && a?.failed === b?.failed;
}

/** Who deletes: only a client that asked for it, unless the object's time is over (see `Model`). */
class Deletes {
  /** By key: asked for, and not known to have had its effect or none. */
  readonly #open = new Map<string, number>();

  asked(key: string): void {
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
  }

  /** The client was told; one that was done is counted where it is applied. */
  answered(key: string, result: TxnResult | undefined): void {
    if (result?.succeeded === false) this.#close(key);
  }

  applied({ compares, ops }: Txn): void {
    const [op, compare] = [ops[0], compares[0]];
    if (op?.type !== 'delete' || (compare !== undefined && 'modRevision' in compare)) return;
    promise((this.#open.get(op.key) ?? 0) > 0, 'only clients delete', () => `nobody asked to delete ${op.key}`);
    this.#close(op.key);
  }

  #close(key: string): void {
    this.#open.set(key, (this.#open.get(key) ?? 0) - 1);
  }
}

/** The mark that `valueWith` or `quotaValue` put into a value; of a quota also what of it is used. */
export function idOf(value: Buffer): string {
  const text = value.toString('latin1');
  const id = /"id":"([^"]*)"/.exec(text)?.[1] ?? '';
  const [, hard, used] = /"hard":\{"pods":"(\d+)"\},"used":\{"pods":"(\d+)"\}/.exec(text) ?? [];
  return hard === undefined ? id : `${id} ${used}/${hard}`;
}

/** A quota that nothing is charged to yet; its mark is its uid. */
export function quotaValue(id: string, hard: number): { readonly value: Buffer; readonly revisionAt: number } {
  const head = `{"metadata":{"uid":"${id}","resourceVersion":"`;
  const status = `{"hard":{"pods":"${hard}"},"used":{"pods":"0"}}`;
  return { value: Buffer.from(`${head}"},"id":"${id}","status":${status}}`), revisionAt: head.length };
}

/** What a quota with this mark becomes when so much is charged to it; undefined when it may not be. */
export function chargedId(mark: string | undefined, uid: string, amount: number): string | undefined {
  const [, id, used, hard] = /^(\S+) (\d+)\/(\d+)$/.exec(mark ?? '') ?? [];
  const sum = Number(used) + amount;
  return id === uid && sum <= Number(hard) ? `${id} ${sum}/${hard}` : undefined;
}

/** How the padding of a value begins, if it has any. */
export const PADDING = '"data":"x';

/** A value with a unique mark and a place for its revision. */
export function valueWith(id: string, padding: number): { readonly value: Buffer; readonly revisionAt: number } {
  const head = '{"metadata":{"resourceVersion":"';
  return { value: Buffer.from(`${head}"},"id":"${id}","data":"${'x'.repeat(padding)}"}`), revisionAt: head.length };
}

/** The resourceVersion inside a stored value. */
export function revisionIn(value: Buffer): number {
  return Number(/"resourceVersion":"(\d*)"/.exec(value.toString('latin1'))?.[1]);
}
