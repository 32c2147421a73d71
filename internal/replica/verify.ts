import { Packr } from 'msgpackr';
import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import type { StateHash } from '../store/meta.js';
import type { StateStore } from '../store/state.js';
import type { LogLevel } from './config.js';

/** What the leader asks and tells the others; layout 1 of a Call's payload, in msgpack. */
export type VerifyRequest =
  | { readonly op: 'hash'; readonly revision: number }
  | { readonly op: 'diverged'; readonly revision: number; readonly hash: string; readonly rows?: string };

export interface VerifyOptions {
  readonly id: NodeId;
  readonly state: StateStore;
  readonly ask: (id: NodeId, payload: Buffer) => Promise<Buffer>;
  /** This replica's state is not what a majority has. */
  readonly onDiverged: (revision: number) => void;
  readonly say: (level: LogLevel, text: string) => void;
}

/**
 * This replica's state is not what a majority has, or too damaged to go on with, and that is noted on disk: opened again,
 * the replica takes a copy of the leader's before anything else.
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

  /** Leader: compares at the marked revision. Learners are compared and told as well, but have no say in what is right. */
  async compare(): Promise<void> {
    const { id, state, say } = this.#options;
    const revision = this.#mark;
    const own = state.hashAt(revision);
    if (revision === 0 || own === undefined) return;
    const { voters, learners } = state.meta.conf;
    const others = [...voters, ...learners].filter((member) => member !== id);
    const hashes = new Map<NodeId, StateHash>([[id, own]]);
    await Promise.all(
      others.map(async (member) => {
        const hash = await this.#hashOf(member, revision);
        if (hash !== undefined) hashes.set(member, hash);
      }),
    );
    const changes = judge(hashes, 'changes', voters);
    const rows = judge(hashes, 'rows', voters);
    if (changes.same && rows.same) return;
    this.#differences++;
    say('error', `the replicas differ at revision ${revision}: ${describe(hashes)}`);
    if (changes.right === undefined || (!rows.same && rows.right === undefined)) {
      say('error', 'no majority has the same state: it cannot be told which is right. Restore from a backup.');
      return;
    }
    for (const [member, hash] of hashes) {
      if (hash.changes === changes.right && (rows.right ?? hash.rows) === (hash.rows ?? rows.right)) continue;
      if (member === id) this.#options.onDiverged(revision);
      else {
        const request: VerifyRequest = { op: 'diverged', revision, hash: changes.right, rows: rows.right ?? '' };
        await this.#options.ask(member, packr.pack(request));
      }
    }
  }

  async #hashOf(member: NodeId, revision: number): Promise<StateHash | undefined> {
    try {
      const reply = await this.#options.ask(member, packr.pack({ op: 'hash', revision } satisfies VerifyRequest));
      const { hash, rows } = packr.unpack(reply) as HashReply;
      return hash === '' ? undefined : { changes: hash, rows: rows === '' ? undefined : rows };
    } catch (error) {
      this.#options.say('debug', `member ${member} did not tell its hash: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Answers the leader. */
  answer(request: VerifyRequest): Buffer {
    const own = this.#options.state.hashAt(request.revision);
    if (request.op === 'diverged' && own !== undefined && differs(own, request)) {
      this.#options.onDiverged(request.revision);
    }
    return packr.pack({ hash: own?.changes ?? '', rows: own?.rows ?? '' } satisfies HashReply);
  }
}

/** `hash` is of the changes, all that earlier releases know of; `rows` is '' where not all rows are counted. */
interface HashReply {
  readonly hash: string;
  readonly rows?: string;
}

interface Verdict {
  /** All that have such a hash have the same. */
  readonly same: boolean;
  /** What a majority of the voters has; undefined when there is none. */
  readonly right: string | undefined;
}

/** Only hashes of the same kind are compared: a member without one of this kind has no say. */
function judge(hashes: ReadonlyMap<NodeId, StateHash>, kind: keyof StateHash, voters: readonly NodeId[]): Verdict {
  const known = [...hashes].flatMap(([id, hash]) => (hash[kind] === undefined ? [] : [{ id, hash: hash[kind] }]));
  const votes = known.filter(({ id }) => voters.includes(id)).map(({ hash }) => hash);
  const right = votes.find((hash) => votes.filter((other) => other === hash).length > voters.length / 2);
  return { same: new Set(known.map(({ hash }) => hash)).size <= 1, right };
}

function differs(own: StateHash, { hash, rows = '' }: { readonly hash: string; readonly rows?: string }): boolean {
  return own.changes !== hash || (rows !== '' && own.rows !== undefined && own.rows !== rows);
}

function describe(hashes: ReadonlyMap<NodeId, StateHash>): string {
  return [...hashes].map(([id, { changes, rows = '' }]) => `member ${id} has ${changes}${rows}`).join(', ');
}
