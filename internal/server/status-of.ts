import { logger } from '../machinery/log.js';
import {
  expired,
  internalError,
  StatusError,
  serviceUnavailable,
  timeout,
  tooManyRequests,
} from '../machinery/status.js';
import { CompactedError, OverloadedError, UnavailableError } from '../store/types.js';

const log = logger('status-of.ts');

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
  log.error(`${method} ${path} failed`, error);
  return internalError('the request could not be handled because of a bug; the log of this replica says which');
}
