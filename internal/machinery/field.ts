import { type JsonValue, isObject } from './json.js';
import { quote, type StatusCause, StatusError } from './status.js';

/** Kinds of field.Error, with the words that apimachinery prints for them. */
export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid';

/** One error of one field: a cause of a 422 Invalid. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** e.g. `spec.containers[0].name`. */
  readonly field: string;
  readonly badValue?: unknown;
  readonly detail: string;
}

const WORDS: Record<FieldErrorType, string> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
};

/** A bad value that must not be printed (apimachinery's OmitValueType). */
export const OMIT_VALUE: unique symbol = Symbol('omitted value');

export const required = (field: string, detail = ''): FieldError => ({ type: 'FieldValueRequired', field, detail });
export const invalidValue = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  badValue,
  detail,
});
export const typeInvalid = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: 'FieldValueTypeInvalid',
  field,
  badValue,
  detail,
});
export const duplicate = (field: string, badValue: unknown): FieldError => ({
  type: 'FieldValueDuplicate',
  field,
  badValue,
  detail: '',
});
export const fieldNotFound = (field: string, badValue: unknown): FieldError => ({
  type: 'FieldValueNotFound',
  field,
  badValue,
  detail: '',
});
export const forbiddenField = (field: string, detail: string): FieldError => ({
  type: 'FieldValueForbidden',
  field,
  detail,
});
/** `supported values: "A", "B"` in the order given. */
export const notSupported = (field: string, badValue: unknown, supported: readonly string[]): FieldError => ({
  type: 'FieldValueNotSupported',
  field,
  badValue,
  detail: supported.length === 0 ? '' : `supported values: ${supported.map(quote).join(', ')}`,
});
/** `maxBytes` below zero: no number is named. */
export const tooLong = (field: string, maxBytes: number): FieldError => ({
  type: 'FieldValueTooLong',
  field,
  detail: maxBytes >= 0 ? `may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}` : 'value is too long',
});
export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  type: 'FieldValueTooMany',
  field,
  badValue: actual,
  detail: max >= 0 ? `must have at most ${max} ${max === 1 ? 'item' : 'items'}` : 'has too many items',
});
export const internalField = (field: string, detail: string): FieldError => ({ type: 'InternalError', field, detail });

/** Errors that speak of the field, not of what is in it. */
const WITHOUT_VALUE: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'InternalError',
]);

/** What a cause's `message` says: apimachinery's Error.ErrorBody. */
export function errorBody(e: FieldError): string {
  let text = WORDS[e.type];
  if (!WITHOUT_VALUE.has(e.type) && e.badValue !== OMIT_VALUE) text += `: ${valueText(e.badValue)}`;
  return e.detail === '' ? text : `${text}: ${e.detail}`;
}

/** The longest value that a field error shows, in characters; kube-apiserver shows megabytes, twice. */
const MAX_VALUE_TEXT = 65_536;
const bounded = (text: string): string => (text.length > MAX_VALUE_TEXT ? `${text.slice(0, MAX_VALUE_TEXT)}...` : text);

function valueText(v: unknown): string {
  if (v === undefined || v === null) return 'null';
  if (typeof v === 'string') return quote(bounded(v));
  if (typeof v === 'number' || typeof v === 'boolean' || typeof v === 'bigint') return String(v);
  // Go's JSON encoder writes what HTML could take for markup as escapes.
  return bounded(JSON.stringify(v, (_key, x: unknown) => (typeof x === 'bigint' ? Number(x) : x))).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `field: words`, as one error of the list prints. */
export function errorText(e: FieldError): string {
  return `${e.field}: ${errorBody(e)}`;
}

/** How apimachinery prints several errors as one: bare when alone, else `[a, b]`; equal texts once. */
export function aggregateText(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
}

/** Group and kind that a 422 names; `kind` is the resource's plural in a few answers of kube-apiserver. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** Characters of the causes of one Status, with their fields; the rest are left out. */
const MAX_CAUSES_TEXT = 262_144;

/** 422 Invalid with one cause per field error: apimachinery's errors.NewInvalid. */
export function invalid(gk: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const named = bounded(name);
  const causes: StatusCause[] = [];
  const texts: string[] = [];
  let length = 0;
  for (const e of errors) {
    const message = errorBody(e);
    causes.push({ reason: e.type, message, field: e.field });
    texts.push(`${e.field}: ${message}`);
    length += message.length + e.field.length;
    // As long as all of what a Status says may be: its message is cut there anyway.
    if (length > MAX_CAUSES_TEXT) break;
  }
  const what = `${gk.group === '' ? gk.kind : `${gk.kind}.${gk.group}`} ${quote(named)} is invalid`;
  return new StatusError(422, 'Invalid', errors.length === 0 ? what : `${what}: ${aggregateText(texts)}`, {
    ...(name === '' ? {} : { name: named }),
    ...(gk.group === '' ? {} : { group: gk.group }),
    ...(gk.kind === '' ? {} : { kind: gk.kind }),
    ...(causes.length === 0 ? {} : { causes }),
  });
}

/** A string member of an object, '' when it is absent or something else. */
export function str(v: JsonValue | undefined): string {
  return typeof v === 'string' ? v : '';
}

/** Keys of a JSON map in byte order, the order in which kube-apiserver walks a map when it sorts; none when it is no map. */
export function sortedKeys(v: JsonValue | undefined): string[] {
  return isObject(v) ? Object.keys(v).sort() : [];
}
