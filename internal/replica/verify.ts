import { Packr } from 'msgpackr';
import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import type { StateStore } from '../store/state.js';
import type { Driver } from './driver.js';
import type { LogLevel } from './config.js';

/** What the leader asks and tells the others; layout 1 of a Call's payload, in msgpack. */
export type VerifyRequest =
  | { readonly op: 'hash'; readonly revision: number }
  | { readonly op: 'diverged'; readonly revision: number; readonly hash: string };

export interface VerifyOptions {
  readonly id: NodeId;
  readonly driver: Driver;
  readonly state: StateStore;
  readonly ask: (id: NodeId, payload: Buffer) => Promise<Buffer>;
  /** This replica's state is not what a majority has. */
  readonly onDiverged: (revision: number) => void;
  readonly say: (level: LogLevel, text: string) => void;
}

/**
 * This replica's state is not what a majority has, and that is noted on disk: opened again, the replica takes a copy of
 * the leader's before anything else.
 */
export class DifferingStateError extends FatalError {}

const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/**
 * Compares the states of the replicas: equal revisions must have equal hashes. The leader asks from time to time; who
 * differs from the majority of voters is told, and stops serving (etcd's data inconsistency of 2022 went unnoticed for
 * months).
 */
export class Verifier {
  readonly #options: VerifyOptions;
  #mark = 0;
  #differences = 0;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  /** How often this replica, leading, has found that the states of the replicas differ. */
  get differences(): number {
    return this.#differences;
  }

  /** Leader: picks the revision to compare next; the others have a moment to apply it. */
  mark(): void {
    this.#mark = this.#options.state.meta.revision;
  }

  /** Leader: compares at the marked revision. */
  async compare(): Promise<void> {
    const { id, state, say } = this.#options;
    const revision = this.#mark;
    const own = state.hashAt(revision);
    if (revision === 0 || own === undefined) return;
    const others = state.meta.conf.voters.filter((voter) => voter !== id);
    const hashes = new Map<NodeId, string>([[id, own]]);
    await Promise.all(
      others.map(async (voter) => {
        const hash = await this.#hashOf(voter, revision);
        if (hash !== undefined) hashes.set(voter, hash);
      }),
    );
    if ([...hashes.values()].every((hash) => hash === own)) return;
    this.#differences++;
    const right = majority([...hashes.values()], others.length + 1);
    say('error', `the replicas differ at revision ${revision}: ${describe(hashes)}`);
    if (right === undefined) {
      say('error', 'no majority has the same state: it cannot be told which is right. Restore from a backup.');
      return;
    }
    for (const [voter, hash] of hashes) {
      if (hash === right) continue;
      if (voter === id) this.#options.onDiverged(revision);
      else
        await this.#options.ask(voter, packr.pack({ op: 'diverged', revision, hash: right } satisfies VerifyRequest));
    }
  }

  async #hashOf(voter: NodeId, revision: number): Promise<string | undefined> {
    try {
      const reply = await this.#options.ask(voter, packr.pack({ op: 'hash', revision } satisfies VerifyRequest));
      const { hash } = packr.unpack(reply) as { hash: string };
      return hash === '' ? undefined : hash;
    } catch (error) {
      this.#options.say('debug', `member ${voter} did not tell its hash: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Answers the leader. */
  answer(request: VerifyRequest): Buffer {
    const own = this.#options.state.hashAt(request.revision) ?? '';
    if (request.op === 'diverged' && own !== '' && own !== request.hash) this.#options.onDiverged(request.revision);
    return packr.pack({ hash: own });
  }
}

function majority(hashes: readonly string[], voters: number): string | undefined {
  return hashes.find((hash) => hashes.filter((other) => other === hash).length > voters / 2);
}

function describe(hashes: ReadonlyMap<NodeId, string>): string {
  return [...hashes].map(([id, hash]) => `member ${id} has ${hash}`).join(', ');
}
