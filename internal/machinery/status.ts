import type { JsonObject } from './json.js';

/** Reasons of metav1.Status, as apimachinery's StatusReason names them. */
export type StatusReason =
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'StoreReadError'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'
  | '';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}
/** metav1.Status as it goes over the wire, in Go's field order. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: JsonObject;
  status: 'Success' | 'Failure';
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code: number;
}

/** The longest message of a Status, in characters: bodies of megabytes stand in few of kube-apiserver's, and help nobody. */
export const MAX_MESSAGE = 262_144;

/** What a client caused (or must be told): it is answered as a metav1.Status and is never a bug of ours. */
export class StatusError extends Error {
  readonly status: Status;
  constructor(code: number, reason: StatusReason, text: string, details?: StatusDetails) {
    const message = text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}...` : text;
    super(message);
    this.name = 'StatusError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
  get code(): number {
    return this.status.code;
  }
  get reason(): StatusReason {
    return this.status.reason ?? '';
  }
}

/** Group and plural resource (or kind) that an error text names. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}
/** `pods` or `deployments.apps`, as apimachinery's GroupResource.String prints it. */
export function groupResourceText(gr: GroupResource): string {
  return gr.group === '' ? gr.resource : `${gr.resource}.${gr.group}`;
}
function details(gr: GroupResource, name: string, more?: Partial<StatusDetails>): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(gr.group === '' ? {} : { group: gr.group }),
    ...(gr.resource === '' ? {} : { kind: gr.resource }),
    ...more,
  };
}

// The texts below are apimachinery's (pkg/api/errors); clients and tests match on them.
export const notFound = (gr: GroupResource, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${groupResourceText(gr)} ${quote(name)} not found`, details(gr, name));
/** The path names nothing that is served. */
export const pathNotFound = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
export const alreadyExists = (gr: GroupResource, name: string): StatusError =>
  new StatusError(409, 'AlreadyExists', `${groupResourceText(gr)} ${quote(name)} already exists`, details(gr, name));
export const conflict = (gr: GroupResource, name: string, why: string): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${groupResourceText(gr)} ${quote(name)}: ${why}`,
    details(gr, name),
  );
/** The `why` of a resourceVersion that is not the stored one. */
export const OBJECT_MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';
export const forbidden = (gr: GroupResource, name: string, why: string): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    gr.resource === ''
      ? `forbidden: ${why}`
      : `${groupResourceText(gr)}${name === '' ? '' : ` ${quote(name)}`} is forbidden: ${why}`,
    details(gr, name),
  );
export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message);
export const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized');
export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message);
export const methodNotSupported = (gr: GroupResource, verb: string): StatusError =>
  new StatusError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind "${groupResourceText(gr)}"`,
    details(gr, ''),
  );
export const notAcceptable = (accepted: readonly string[]): StatusError =>
  new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
export const requestEntityTooLarge = (message: string): StatusError =>
  new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);
export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });
export const serviceUnavailable = (message: string): StatusError => new StatusError(503, 'ServiceUnavailable', message);
export const timeout = (message: string, retryAfterSeconds = 0): StatusError =>
  new StatusError(504, 'Timeout', `Timeout: ${message}`, retryAfterSeconds === 0 ? {} : { retryAfterSeconds });
/** Anything that is not a StatusError leaves as this; the cause goes to the log only. */
export const internalError = (message: string): StatusError =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });

const PLAIN_ASCII = /^[ !#-[\]-~]*$/;
/** What Go calls printable (unicode.IsPrint), and what stands for itself between double quotes. */
const UNQUOTED = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** Go's %q (strconv.Quote) for the strings that appear in Kubernetes' messages. */
export function quote(s: string): string {
  return PLAIN_ASCII.test(s) ? `"${s}"` : `"${s.replace(UNQUOTED, (c) => SHORT_ESCAPES[c] ?? escaped(c))}"`;
}

function escaped(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x20 || code === 0x7f) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x1_00_00 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
