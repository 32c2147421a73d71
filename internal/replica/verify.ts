import { Packr } from 'msgpackr';
import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import type { StateHash } from '../store/meta.js';
import type { StateStore } from '../store/state.js';
import type { LogLevel } from './config.js';
import { isLineageOf, isSameState, judge, newLineage, type Verdict, type Witness } from './verdict.js';

/** What the leader asks and tells the others; layout 1 of a Call's payload, in msgpack. */
export type VerifyRequest =
  /** Also asked by who is about to take a copy, of all voters. */
  | { readonly op: 'hash'; readonly revision: number }
  /** `lineages` of the voters, a majority, have the hash each by itself. Absent from a release that counted copies. */
  | ({ readonly op: 'diverged'; readonly revision: number; readonly lineages?: number } & HashText)
  /** The state with this hash is right. */
  | ({ readonly op: 'agreed'; readonly revision: number } & HashText)
  /** States differ, and it is not known which is right. */
  | { readonly op: 'disputed'; readonly revision: number };

/** `hash` is of the changes, all that earlier releases know of; `rows` is '' where not all rows are counted. */
interface HashText {
  readonly hash: string;
  readonly rows?: string;
}

/** Answers `hash`; the hash is '' when it is not known here, or not yet. */
export interface VerifyReply extends HashText {
  /** Absent from an earlier release. */
  readonly lineage?: string;
  readonly disputed?: boolean;
}

export interface VerifyOptions {
  readonly id: NodeId;
  readonly state: StateStore;
  readonly ask: (id: NodeId, payload: Buffer) => Promise<Buffer>;
  /** This replica's state is not what a majority has. */
  readonly onDiverged: (revision: number) => void;
  readonly say: (level: LogLevel, text: string) => void;
}

/**
 * This replica's state is not what a majority has. It has refused everything since it was told so, and notes on disk that
 * it wants a copy; opened again, after `close`, it takes one of the leader's before anything else.
 */
export class DifferingStateError extends FatalError {}

/** What a replica answers that may not spread its state, or hand leadership over, while it is not known who is right. */
export const DISPUTED =
  'the states of the replicas differ, and it cannot be told which is right: nothing is copied and leadership stays ' +
  'where it is until that is settled';

/** How often a dispute that goes on is told of. */
const SAY_DISPUTED_MS = 60_000;

const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/**
 * Compares the states of the replicas: equal revisions must have equal hashes. The leader asks from time to time; who
 * differs from what a majority of voters computed is told, and stops serving (etcd's data inconsistency of 2022 went
 * unnoticed for months). Who counts, and when nobody can tell: verdict.ts.
 */
export class Verifier {
  readonly #options: VerifyOptions;
  #mark = 0;
  #differences = 0;
  #disputed = false;
  #saidDisputedAt = -Infinity;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  /** How often this replica, leading, has found that the states of the replicas differ. */
  get differences(): number {
    return this.#differences;
  }

  /**
   * Are there different states, and is it not known which is right? Then no state may be given to anybody, and
   * leadership must not move.
   */
  get disputed(): boolean {
    return this.#disputed;
  }

  /** Leader: picks the revision to compare next; the others have a moment to apply it. */
  mark(): void {
    this.#mark = this.#options.state.meta.revision;
  }

  /** Leader: compares at the marked revision. Learners are compared and told as well, but have no say in what is right. */
  async compare(): Promise<void> {
    const { id, state } = this.#options;
    const revision = this.#mark;
    const own = state.hashAt(revision);
    if (revision === 0 || own === undefined) return;
    const { voters, learners } = state.meta.conf;
    const witnesses = new Map<NodeId, Witness>([[id, { ...own, lineage: state.meta.lineage }]]);
    /** Who is to be told when there is agreement. */
    const waiting = new Set<NodeId>();
    await Promise.all(
      [...voters, ...learners]
        .filter((member) => member !== id)
        .map(async (member) => {
          const { lineage = '', disputed = false, ...text } = await this.#askHash(member, revision);
          const hash = hashOf(text);
          if (hash === undefined) return;
          witnesses.set(member, { ...hash, lineage });
          if (disputed || !isLineageOf(lineage, member)) waiting.add(member);
        }),
    );
    const verdict = judge(witnesses, voters);
    if ([...witnesses.values()].some((witness) => !isSameState(witness, own))) {
      this.#differences++;
      const text = `the replicas differ at revision ${revision}: ${describe(witnesses)}`;
      if (verdict.kind !== 'disputed') this.#options.say('error', text);
      else this.#sayDisputed(text);
    }
    await this.#carryOut(verdict, { revision, own, witnesses, waiting });
  }

  async #carryOut(
    verdict: Verdict,
    found: {
      readonly revision: number;
      readonly own: StateHash;
      readonly witnesses: ReadonlyMap<NodeId, Witness>;
      readonly waiting: ReadonlySet<NodeId>;
    },
  ): Promise<void> {
    const { id } = this.#options;
    const { revision, own, witnesses, waiting } = found;
    if (verdict.kind === 'unknown') return;
    if (verdict.kind === 'disputed') {
      this.#disputed = true;
      for (const voter of witnesses.keys()) if (voter !== id) await this.#tell(voter, { op: 'disputed', revision });
      return;
    }
    const right = verdict.kind === 'agreed' ? own : verdict.right;
    for (const [member, hash] of witnesses) {
      if (isSameState(hash, right)) {
        if (member === id) this.#agree();
        else if (waiting.has(member)) await this.#tell(member, { op: 'agreed', revision, ...textOf(right) });
      } else if (verdict.kind === 'differs') {
        if (member === id) this.#options.onDiverged(revision);
        else await this.#tell(member, { op: 'diverged', revision, ...textOf(right), lineages: verdict.lineages });
      }
    }
  }

  #sayDisputed(text: string): void {
    const now = performance.now();
    if (now < this.#saidDisputedAt + SAY_DISPUTED_MS) return;
    this.#saidDisputedAt = now;
    this.#options.say('error', text);
    this.#options.say(
      'error',
      'no majority has the same state: it cannot be told which is right. Bring back the voters that are away; where that ' +
        'does not settle it, find out which state is right, remove the members that have another (quorate member remove ' +
        'NAME), and join them again with an empty data directory.',
    );
  }

  /** The state is right as it is here. */
  #agree(): void {
    const { state, id } = this.#options;
    this.#disputed = false;
    if (!isLineageOf(state.meta.lineage, id)) state.setLineage(newLineage(id));
  }

  async #askHash(voter: NodeId, revision: number): Promise<VerifyReply> {
    try {
      const reply = await this.#options.ask(voter, encodeVerify({ op: 'hash', revision }));
      return packr.unpack(reply) as VerifyReply;
    } catch (error) {
      this.#options.say('debug', `member ${voter} did not tell its hash: ${messageOf(error)}`);
      return { hash: '' };
    }
  }

  /** Who does not hear it is told after the next comparison. */
  async #tell(voter: NodeId, request: VerifyRequest): Promise<void> {
    try {
      await this.#options.ask(voter, encodeVerify(request));
    } catch (error) {
      this.#options.say('debug', `member ${voter} was not told how its state compares: ${messageOf(error)}`);
    }
  }

  /** Answers the leader, or who is about to take a copy. */
  answer(request: VerifyRequest): Buffer {
    const { state, onDiverged } = this.#options;
    const own = state.hashAt(request.revision);
    const said = request.op === 'diverged' || request.op === 'agreed' ? hashOf(request) : undefined;
    const isSame = own !== undefined && said !== undefined && isSameState(own, said);
    if (request.op === 'diverged' && own !== undefined && !isSame) {
      // Who counted copies may be wrong about who is right.
      const isProven = (request.lineages ?? 0) > state.meta.conf.voters.length / 2;
      if (isProven) onDiverged(request.revision);
      else this.#disputed = true;
    }
    if (request.op === 'agreed' && isSame) this.#agree();
    if (request.op === 'disputed') this.#disputed = true;
    const { lineage } = state.meta;
    const text = own === undefined ? { hash: '' } : textOf(own);
    return packr.pack({ ...text, lineage, disputed: this.#disputed } satisfies VerifyReply);
  }
}

export const encodeVerify = (request: VerifyRequest): Buffer => packr.pack(request);
export const decodeVerifyReply = (payload: Buffer): VerifyReply => packr.unpack(payload) as VerifyReply;

/** Undefined where the hash is not known. */
export function hashOf({ hash, rows = '' }: HashText): StateHash | undefined {
  return hash === '' ? undefined : { changes: hash, rows: rows === '' ? undefined : rows };
}

export function textOf({ changes, rows = '' }: StateHash): Required<HashText> {
  return { hash: changes, rows };
}

function describe(witnesses: ReadonlyMap<NodeId, Witness>): string {
  return [...witnesses]
    .map(([id, { changes, rows = '', lineage }]) => `member ${id} has ${changes}${rows} of ${lineage}`)
    .join(', ');
}
