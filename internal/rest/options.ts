import { boundedBigInt } from '../machinery/big-digits.js';
import type { FieldSelector } from '../machinery/fields.js';
import { parseFieldSelector } from '../machinery/fields.js';
import type { LabelSelector } from '../machinery/labels.js';
import { parseLabelSelector, SelectorError } from '../machinery/labels.js';
import type { StatusCause } from '../machinery/status.js';
import { badRequest, StatusError } from '../machinery/status.js';

/** meta.k8s.io ListOptions as a list, watch or deletecollection asks. */
export interface ListOptions {
  readonly labelSelector: LabelSelector;
  readonly fieldSelector: FieldSelector;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  /** 0 when the client named none. */
  readonly timeoutSeconds: number;
  /** 0 or less means no limit. */
  readonly limit: number;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
}

/** A boolean query parameter as apimachinery converts it: there and neither `0` nor `false`. */
export function boolParam(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return value !== '0' && value.toLowerCase() !== 'false';
}

/** An int64 query parameter, 0 when absent. Throws 400 with the text of Go's strconv. */
export function intParam(query: URLSearchParams, name: string): number {
  const value = query.get(name);
  if (value === null) return 0;
  if (!/^[+-]?\d+$/.test(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  const n = boundedBigInt(value);
  if (n >= 2n ** 63n || n < -(2n ** 63n)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: value out of range`);
  }
  return Number(n);
}

/**
 * Reads and validates ListOptions. `forceWatch` is for paths that are watches by themselves (`/watch/`).
 * Throws 400 for values that do not parse and 422 for combinations that are not allowed.
 */
export function parseListOptions(query: URLSearchParams, forceWatch = false): ListOptions {
  const watch = forceWatch || boolParam(query, 'watch') === true;
  const resourceVersion = query.get('resourceVersion') ?? '';
  let resourceVersionMatch = query.get('resourceVersionMatch') ?? '';
  const timeoutSeconds = intParam(query, 'timeoutSeconds');
  const limit = intParam(query, 'limit');
  const cont = query.get('continue') ?? '';
  let sendInitialEvents = boolParam(query, 'sendInitialEvents');
  let labelSelector: LabelSelector;
  let fieldSelector: FieldSelector;
  try {
    labelSelector = parseLabelSelector(query.get('labelSelector') ?? '');
    fieldSelector = parseFieldSelector(query.get('fieldSelector') ?? '');
  } catch (e) {
    if (e instanceof SelectorError) throw badRequest(e.message);
    throw e;
  }
  // SetListOptionsDefaults: a watch from "" or "0" has always begun with the current state.
  if (
    watch &&
    sendInitialEvents === undefined &&
    resourceVersionMatch === '' &&
    (resourceVersion === '' || resourceVersion === '0')
  ) {
    sendInitialEvents = true;
    resourceVersionMatch = 'NotOlderThan';
  }
  const options: ListOptions = {
    labelSelector,
    fieldSelector,
    watch,
    allowWatchBookmarks: boolParam(query, 'allowWatchBookmarks') === true,
    resourceVersion,
    resourceVersionMatch,
    timeoutSeconds,
    limit,
    continue: cont,
    sendInitialEvents,
  };
  const causes = watch ? watchProblems(options) : listProblems(options);
  if (causes.length > 0) throw invalidListOptions(causes);
  return options;
}

const FIELD = 'resourceVersionMatch';
const forbidden = (detail: string, field = FIELD): StatusCause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
  field,
});
const notSupported = (value: string, supported: string): StatusCause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`,
  field: FIELD,
});

/** ValidateListOptions of apimachinery's internalversion/validation. */
function listProblems(o: ListOptions): StatusCause[] {
  const causes: StatusCause[] = [];
  const match = o.resourceVersionMatch;
  if (match !== '') {
    if (o.resourceVersion === '') {
      causes.push(forbidden('resourceVersionMatch is forbidden unless resourceVersion is provided'));
    }
    if (o.continue !== '') causes.push(forbidden('resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') causes.push(notSupported(match, '"Exact", "NotOlderThan", ""'));
    if (match === 'Exact' && o.resourceVersion === '0') {
      causes.push(forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (o.sendInitialEvents !== undefined) {
    causes.push(forbidden('sendInitialEvents is forbidden for list', 'sendInitialEvents'));
  }
  return causes;
}

function watchProblems(o: ListOptions): StatusCause[] {
  const causes: StatusCause[] = [];
  const match = o.resourceVersionMatch;
  if (o.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    causes.push(forbidden('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== '') {
    if (o.sendInitialEvents === undefined) {
      causes.push(forbidden('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    }
    if (match !== 'NotOlderThan') causes.push(notSupported(match, '"NotOlderThan"'));
    if (o.continue !== '') causes.push(forbidden('resourceVersionMatch is forbidden when continue is provided'));
  }
  return causes;
}

function invalidListOptions(causes: readonly StatusCause[]): StatusError {
  const texts = causes.map((c) => `${c.field}: ${c.message}`);
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${all}`, {
    group: 'meta.k8s.io',
    kind: 'ListOptions',
    causes: [...causes],
  });
}

/**
 * A resourceVersion that is no number is the client's mistake: 400. kube-apiserver 1.36 answers 500 without a reason,
 * which clients try again (kubernetes#139485); the text is its own.
 */
export function invalidResourceVersion(value: string, before = ''): StatusError {
  const why = /^\d+$/.test(value) ? 'value out of range' : 'invalid syntax';
  const quoted = JSON.stringify(value);
  return badRequest(`${before}resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: ${why}`);
}

/** The revision that a resourceVersion names; '' and '0' are 0. Throws `invalidResourceVersion`, `before` before its text. */
export function parseResourceVersion(value: string, before = ''): number {
  if (value === '' || value === '0') return 0;
  if (!/^\d+$/.test(value)) throw invalidResourceVersion(value, before);
  const n = boundedBigInt(value);
  if (n >= 2n ** 64n) throw invalidResourceVersion(value, before);
  return Number(n);
}
