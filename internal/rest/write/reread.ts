import { StatusError } from '../../machinery/status.js';
import type { Backend, KeyValue } from '../../store/types.js';

/**
 * A write trusts this replica's own copy of an object at first, which may be behind: the error that `current` led to is
 * believed only after a linearizable read. Resolves with the object as it is then, when it is another one and the write
 * is to be worked out anew. Throws `error` where it stands or is no refusal, and UnavailableError without a quorum.
 */
export async function rereadAfter(
  error: unknown,
  backend: Backend,
  key: string,
  current: KeyValue | undefined,
): Promise<KeyValue | undefined> {
  if (!(error instanceof StatusError)) throw error;
  await backend.readBarrier();
  const now = backend.get(key);
  if (now?.modRevision === current?.modRevision) throw error;
  return now;
}
