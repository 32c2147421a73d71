import { logger } from '../machinery/log.js';
import {
  expired,
  internalError,
  StatusError,
  serviceUnavailable,
  timeout,
  tooManyRequests,
} from '../machinery/status.js';
import { CorruptRecordError } from '../store/rows.js';
import { CompactedError, OverloadedError, UnavailableError } from '../store/types.js';

const log = logger('status-of.ts');

/** Whether something that was thrown is a bug of ours: nobody is to be told of anything else by it. */
export function isBug(error: unknown): boolean {
  return ![StatusError, UnavailableError, OverloadedError, CompactedError, CorruptRecordError].some(
    (known) => error instanceof known,
  );
}

/** The StatusError that a client is told for anything that was thrown; what is a bug of ours is logged. */
export function statusOf(error: unknown, method: string, path: string): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof UnavailableError) {
    return error.outcomeUnknown ? timeout(error.message) : serviceUnavailable(error.message);
  }
  if (error instanceof OverloadedError) return tooManyRequests(error.message, 1);
  if (error instanceof CompactedError) {
    return expired('The resourceVersion for the provided watch or list is too old.');
  }
  // Its key was logged where it was found. Another replica has the record whole.
  if (error instanceof CorruptRecordError) {
    return internalError(
      `${error.message} on this replica; ask another one, and see the log of this one for what to do`,
    );
  }
  log.error(`${method} ${path} failed`, error);
  return internalError('the request could not be handled because of a bug; the log of this replica says which');
}
