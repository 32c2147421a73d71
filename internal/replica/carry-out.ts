import { messageOf } from '../store/lmdb.js';
import { UnavailableError } from '../store/types.js';
import type { MembershipRequest } from './membership.js';

/** The leader has changed the membership; the replica that was asked may take so long to see it itself. */
const SEE_CHANGE_MS = 5_000;

export interface CarryOutOptions {
  /** Has the leader do it. */
  readonly ask: (request: MembershipRequest) => Promise<unknown>;
  /** Resolves when all that was committed before the call is seen here; rejects with UnavailableError, or OverloadedError. */
  readonly confirm: (timeoutMs: number) => Promise<void>;
  /** Is it this replica that the request names? */
  readonly isOwn: boolean;
  readonly say: (level: 'debug', text: string) => void;
}

/**
 * Carries out what an operator asks this replica for; it is seen here then, where that takes no longer than 5 s. Throws
 * MembershipError, UnavailableError; the outcome is unknown also where a member is removed, and nobody confirms within that
 * time that the others go on without it.
 */
export async function carryOut(request: MembershipRequest, options: CarryOutOptions): Promise<void> {
  const { ask, confirm, isOwn, say } = options;
  await ask(request);
  // Who removes itself stops, and sees nothing of it.
  if (request.op === 'remove' && isOwn) return;
  try {
    await confirm(SEE_CHANGE_MS);
  } catch (error) {
    const why = messageOf(error);
    if (request.op !== 'remove') {
      say('debug', `the change of the membership is done, but not seen here yet: ${why}`);
      return;
    }
    // Of two voters one may be removed, and lose its disk, before the other knows that this is committed: which would then
    // ask that one for its vote for ever (sim seed 97674).
    throw new UnavailableError(
      `the leader has removed ${request.name}, but nobody confirms that the others go on without it (${why}): keep its data ` +
        'until they do',
      true,
    );
  }
}
