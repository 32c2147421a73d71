import { serviceUnavailable, StatusError, timeout, tooManyRequests } from '../machinery/status.js';
import { CompactedError, OverloadedError, UnavailableError } from '../store/types.js';

/** Seconds after which a client refused for load should come back. */
const RETRY_AFTER_SECONDS = 1;

/** The route exists, the method does not: as kube-apiserver's router words it. */
export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

/** 410 for a list at a revision that has been compacted away. */
export const listTooOld = (): StatusError =>
  new StatusError(410, 'Expired', 'The resourceVersion for the provided list is too old.');

/** 410 for a page of a list whose revision is gone; `restart` is a token with which the rest can be had as it is now. */
export function continueTooOld(restart: string): StatusError {
  const error = new StatusError(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  error.status.metadata = { continue: restart };
  return error;
}

/** 410 for a watch from a revision that has been compacted away. */
export const watchTooOld = (revision: number, oldest: number): StatusError =>
  new StatusError(410, 'Expired', `too old resource version: ${revision} (${oldest})`);

/** 504 for a resourceVersion that this replica has not reached in time (storage.NewTooLargeResourceVersionError). */
export function tooLargeResourceVersion(wanted: number | string, current: number): StatusError {
  return new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** What the store or the consensus side could not do, as the client is told; anything else is handed back unchanged. */
export function asClientError(e: unknown): unknown {
  if (e instanceof StatusError) return e;
  if (e instanceof UnavailableError) {
    return e.outcomeUnknown ? timeout(e.message, RETRY_AFTER_SECONDS) : serviceUnavailable(e.message);
  }
  if (e instanceof OverloadedError) return tooManyRequests(e.message, RETRY_AFTER_SECONDS);
  if (e instanceof CompactedError) return watchTooOld(e.revision, e.compactRevision);
  return e;
}
