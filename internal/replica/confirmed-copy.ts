import type { SnapshotMeta } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import { type Confirmation, confirmCopy, type ConfirmOptions, type CopyClaim } from './confirm.js';
import type { ReceivedState, SnapshotReceiver } from './snapshot-receiver.js';

export interface ConfirmedCopyOptions extends Omit<ConfirmOptions, 'claim' | 'voters'> {
  readonly receiver: SnapshotReceiver;
}

/**
 * Receives a copy of a state, and meanwhile asks the voters whether they have the same; says what they say (confirm.ts).
 * Rejects, and keeps nothing of it, as `SnapshotReceiver.receive` does, when a voter has another state, and when `stopping`
 * is aborted.
 */
export async function receiveConfirmed(
  chunks: AsyncIterable<Buffer>,
  { receiver, ...options }: ConfirmedCopyOptions,
): Promise<{ readonly received: ReceivedState; readonly confirmation: Confirmation }> {
  let confirming: Promise<Confirmation> | undefined;
  const confirm = (claim: CopyClaim, { confState: { voters } }: SnapshotMeta): Promise<Confirmation> => {
    confirming ??= confirmCopy({ ...options, claim, voters });
    confirming.catch((error: unknown) => receiver.interrupt(messageOf(error)));
    return confirming;
  };
  const received = await receiver.receive(chunks, (claim, meta) => void confirm(claim, meta));
  try {
    return { received, confirmation: await confirm(received.claim, received.meta) };
  } catch (error) {
    await received.state.discard();
    throw error;
  }
}
