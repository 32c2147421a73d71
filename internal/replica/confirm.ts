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
 * Asks the voters whether they have the state that a copy claims to be, until a majority says so (true), or the others
 * did not tell within 5 s (false). Throws DisputedCopyError as soon as one has another, and the reason of `stopping`.
 */
export async function confirmCopy(options: ConfirmOptions): Promise<boolean> {
  const { claim, voters, self } = options;
  // The state that everybody began with.
  if (claim.revision === 0) return true;
  // Nobody is left who could say anything: the only voter, or the only one of the new half of a joint membership.
  if (voters.every((voter) => voter === self)) return false;
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
      if (isEnough() || other !== undefined) wake();
    }
  };
  const isEnough = (): boolean =>
    options.count === 'voters' ? confirmed.size > voters.length / 2 : judge(confirmed, voters).kind === 'agreed';
  options.stopping?.addEventListener('abort', () => wake(), { once: true });
  const until = performance.now() + PATIENCE_MS;
  while (!isEnough() && performance.now() < until) {
    for (const voter of voters) if (voter !== self && !confirmed.has(voter) && !asking.has(voter)) void askOne(voter);
    const answered = new Promise<void>((resolve) => (wake = resolve));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([answered, new Promise<void>((resolve) => (timer = setTimeout(resolve, ASK_AGAIN_MS)))]);
    clearTimeout(timer);
    if (other !== undefined) throw new DisputedCopyError(other, claim.revision);
    options.stopping?.throwIfAborted();
  }
  return isEnough();
}
