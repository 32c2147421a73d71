import type { NodeId } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import type { StateHash } from '../store/meta.js';
import { isSameState, judge, type Witness } from './verdict.js';
import { hashOf, type VerifyReply } from './verify.js';

/** What a copy of a state says it is, before its rows come. */
export interface CopyClaim {
  readonly revision: number;
  readonly hash: StateHash;
}

/** How often voters that could not tell yet are asked again. */
const ASK_AGAIN_MS = 300;
/** How long voters are waited for that do not answer, or have not applied so much yet. */
const PATIENCE_MS = 5_000;

/**
 * What voters say of a copy. majority: enough of them have the same. all others: too few for that, but whoever there is
 * beside its taker has it, and nobody is left who could say otherwise. too few: the others did not tell in time.
 */
export type Confirmation = 'majority' | 'all others' | 'too few';

/** A voter has another state than a copy that is about to be taken. */
export class DisputedCopyError extends Error {
  constructor(voter: NodeId, revision: number) {
    super(`the copy is not taken: member ${voter} has another state at revision ${revision}`);
    this.name = 'DisputedCopyError';
  }
}

export interface ConfirmOptions {
  readonly claim: CopyClaim;
  /** Every voter, as the copy has them; this replica may be one. */
  readonly voters: readonly NodeId[];
  readonly self: NodeId;
  readonly ask: (voter: NodeId, revision: number) => Promise<VerifyReply>;
  /** How many voters must confirm: of all of them, or so many computations (verdict.ts) of their own. */
  readonly count: 'voters' | 'lineages';
  readonly say: (level: 'debug', text: string) => void;
  /** Aborted with an error: the copy is not wanted any more. */
  readonly stopping?: AbortSignal;
}

/**
 * Asks the voters whether they have the state that a copy claims to be, until a majority or all others say so, or 5 s are
 * over. Throws DisputedCopyError as soon as one has another, and the reason of `stopping`.
 */
export async function confirmCopy(options: ConfirmOptions): Promise<Confirmation> {
  const { claim, voters, self } = options;
  // The state that everybody began with.
  if (claim.revision === 0) return 'majority';
  const confirmed = new Map<NodeId, Witness>();
  const asking = new Set<NodeId>();
  let other: NodeId | undefined;
  let wake: () => void = () => undefined;
  const askOne = async (voter: NodeId): Promise<void> => {
    asking.add(voter);
    try {
      const { lineage = '', ...text } = await options.ask(voter, claim.revision);
      const hash = hashOf(text);
      if (hash === undefined) return;
      if (isSameState(hash, claim.hash)) confirmed.set(voter, { ...hash, lineage });
      else other = voter;
    } catch (error) {
      options.say('debug', `member ${voter} did not confirm a copy: ${messageOf(error)}`);
    } finally {
      asking.delete(voter);
      if (isOver() || other !== undefined) wake();
    }
  };
  const others = voters.filter((voter) => voter !== self);
  // Of two voters, one of which takes the copy, the other is no majority: more is not waited for (seed 20311 of the simulator).
  const isOver = (): boolean => isEnough() || others.every((voter) => confirmed.has(voter));
  const isEnough = (): boolean =>
    options.count === 'voters' ? confirmed.size > voters.length / 2 : judge(confirmed, voters).kind === 'agreed';
  options.stopping?.addEventListener('abort', () => wake(), { once: true });
  const until = performance.now() + PATIENCE_MS;
  while (!isOver() && performance.now() < until) {
    for (const voter of others) if (!confirmed.has(voter) && !asking.has(voter)) void askOne(voter);
    const answered = new Promise<void>((resolve) => (wake = resolve));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([answered, new Promise<void>((resolve) => (timer = setTimeout(resolve, ASK_AGAIN_MS)))]);
    clearTimeout(timer);
    if (other !== undefined) throw new DisputedCopyError(other, claim.revision);
    options.stopping?.throwIfAborted();
  }
  if (isEnough()) return 'majority';
  return isOver() && others.length > 0 ? 'all others' : 'too few';
}
