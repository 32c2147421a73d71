import { isObject, type JsonObject } from '../../machinery/json.js';
import { badRequest, internalError, StatusError, type StatusReason } from '../../machinery/status.js';

/** A webhook could not be asked, or did not answer as it should: its failurePolicy decides (webhook.ErrCallingWebhook). */
export class CallingError extends Error {
  constructor(webhook: string, reason: string) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${reason}`);
    this.name = 'CallingError';
  }
}

/** What a client is told of it when the failurePolicy is Fail. */
export const failedCalling = (error: CallingError): StatusError => internalError(error.message);

/** A webhook with side effects is not asked about a dry run. */
export const noDryRun = (webhook: string): StatusError =>
  badRequest(`admission webhook ${JSON.stringify(webhook)} does not support dry run`);

const text = (status: JsonObject, field: string): string => {
  const value = status[field];
  return typeof value === 'string' ? value : '';
};

/**
 * The refusal of a webhook, as the Status that it answered with but for what it may not say
 * (apiserver's webhook/errors.ToStatusErr).
 */
export function denied(webhook: string, result: JsonObject | undefined): StatusError {
  const status = result ?? {};
  const [message, reason] = [text(status, 'message'), text(status, 'reason')];
  const by = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const why = message === '' ? reason : message;
  const { code, details } = status;
  const error = new StatusError(
    typeof code === 'number' && code >= 400 ? code : 400,
    reason as StatusReason,
    why === '' ? `${by} without explanation` : `${by}: ${why}`,
    isObject(details) ? details : undefined,
  );
  const { metadata } = status;
  if (isObject(metadata)) error.status.metadata = metadata;
  const own = text(status, 'status');
  if (own !== '' && own !== 'Success') error.status.status = own as 'Failure';
  return error;
}
