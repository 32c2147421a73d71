import { dump } from 'js-yaml';
import { logger } from '../machinery/log.js';
import {
  expired,
  internalError,
  type Status,
  StatusError,
  serviceUnavailable,
  timeout,
  tooManyRequests,
} from '../machinery/status.js';
import type { BytesReply } from '../rest/types.js';
import { CompactedError, OverloadedError, UnavailableError } from '../store/types.js';

const log = logger('error-reply.ts');
const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

/** Encodes a Status as `application/vnd.kubernetes.protobuf`; the server speaks JSON where there is none. */
export type StatusEncoder = (status: Status) => Buffer;

/** What the error reply must know of the request. */
export interface ErrorContext {
  readonly method: string;
  readonly path: string;
  readonly accept: string;
  readonly userAgent: string;
  readonly pretty: boolean;
}

/** The StatusError that a client is told for anything that was thrown; what is not the client's doing is logged. */
export function statusOf(error: unknown, context: ErrorContext): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof UnavailableError) {
    return error.outcomeUnknown ? timeout(error.message) : serviceUnavailable(error.message);
  }
  if (error instanceof OverloadedError) return tooManyRequests(error.message, 1);
  if (error instanceof CompactedError) {
    return expired('The resourceVersion for the provided watch or list is too old.');
  }
  log.error(`${context.method} ${context.path} failed`, error);
  return internalError('the request could not be handled because of a bug; the log of this replica says which');
}

/** A Status in the encoding that the client accepts: JSON unless it prefers YAML or protobuf. */
export function errorReply(
  error: unknown,
  context: ErrorContext,
  encodeProtobuf: StatusEncoder | undefined,
): BytesReply {
  const { status } = statusOf(error, context);
  const seconds = status.details?.retryAfterSeconds;
  const base = {
    status: status.code,
    ...(seconds === undefined ? {} : { headers: { 'Retry-After': String(seconds) } }),
  };
  const type = negotiated(context.accept, encodeProtobuf !== undefined);
  if (type === PROTOBUF_TYPE && encodeProtobuf !== undefined) {
    return { ...base, contentType: PROTOBUF_TYPE, body: encodeProtobuf(status) };
  }
  if (type === YAML_TYPE) return { ...base, contentType: YAML_TYPE, body: dump(status) };
  const pretty = context.pretty || /^(curl|Wget|Mozilla\/5\.0)/.test(context.userAgent);
  return {
    ...base,
    contentType: JSON_TYPE,
    body: pretty ? JSON.stringify(status, undefined, 2) : `${JSON.stringify(status)}\n`,
  };
}

function negotiated(accept: string, protobuf: boolean): string {
  for (const range of accept.split(',')) {
    const type = (range.split(';')[0] ?? '').trim().toLowerCase();
    if (type === YAML_TYPE || (type === PROTOBUF_TYPE && protobuf)) return type;
    if (type === JSON_TYPE || type === '*/*' || type === 'application/*') return JSON_TYPE;
  }
  return JSON_TYPE;
}
