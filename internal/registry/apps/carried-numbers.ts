import { ensureChild, child } from '../../machinery/access.js';
import { type FieldError, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest, quote } from '../../machinery/status.js';

// Fields of former API versions that live on in the internal types; apps/v1 shows them as annotations
// (k8s.io/kubernetes pkg/apis/apps/v1/conversion.go).

/** A DaemonSet's internal spec.templateGeneration. */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
/** A Deployment's internal spec.rollbackTo.revision. */
const ROLLBACK_TO = 'deprecated.deployment.rollback.rollback.to';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** The number that a text is to Go's strconv.ParseInt, or what that says is wrong. */
function parseInt64(text: string): bigint | string {
  if (!/^[+-]?[0-9]+$/.test(text)) return `strconv.ParseInt: parsing ${quote(text)}: invalid syntax`;
  // More digits than any number of 64 bits has, without leading zeros: too many to be read.
  const digits = text.replace(/^[+-]?0*/, '');
  const value = digits.length > 19 ? MAX_INT64 + 1n : BigInt(text.replace('+', ''));
  const fits = value >= MIN_INT64 && value <= MAX_INT64;
  return fits ? value : `strconv.ParseInt: parsing ${quote(text)}: value out of range`;
}

const cannotBeHandled = (kind: string, why: string): Error =>
  badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${why}`);

const annotation = (obj: JsonObject, name: string): unknown => child(child(obj, 'metadata'), 'annotations')?.[name];

/** Sets the annotation, or takes it away. */
function setAnnotation(obj: JsonObject, name: string, value: string | undefined): void {
  const meta = ensureChild(obj, 'metadata');
  if (value !== undefined) {
    ensureChild(meta, 'annotations')[name] = value;
    return;
  }
  const annotations = child(meta, 'annotations');
  if (annotations === undefined) return;
  delete annotations[name];
  if (Object.keys(annotations).length === 0) delete meta['annotations'];
}

/** The generation that a new DaemonSet says it has, 1 at least. Throws 400 when it is no number. */
export function firstTemplateGeneration(ds: JsonObject): string {
  const text = annotation(ds, TEMPLATE_GENERATION);
  if (typeof text !== 'string') return '1';
  const value = parseInt64(text);
  if (typeof value === 'string') throw cannotBeHandled('DaemonSet', value);
  return String(value < 1n ? 1n : value);
}

/** Brings a Deployment's annotation to the form of a number. Throws 400 when it is none. */
export function normalizeRollback(deployment: JsonObject): void {
  const text = annotation(deployment, ROLLBACK_TO);
  if (typeof text !== 'string') return;
  if (text === '') {
    setAnnotation(deployment, ROLLBACK_TO, undefined);
    return;
  }
  const value = parseInt64(text);
  if (typeof value === 'string') {
    const why = `failed to parse annotation[${ROLLBACK_TO}]=${text} as int64: ${value}`;
    throw cannotBeHandled('Deployment', why);
  }
  setAnnotation(deployment, ROLLBACK_TO, String(value));
}

/** ValidateRollback. */
export function rollbackErrors(deployment: JsonObject): FieldError[] {
  const text = annotation(deployment, ROLLBACK_TO);
  const value = typeof text === 'string' ? parseInt64(text) : '';
  if (typeof value === 'string' || value >= 0n) return [];
  return [invalidValue('spec.rollback.version', value, 'must be greater than or equal to 0')];
}

/** `/status` leaves the spec alone, and with it what only looks like an annotation. */
export function keepCarried(obj: JsonObject, old: JsonObject): void {
  for (const name of [TEMPLATE_GENERATION, ROLLBACK_TO]) {
    const before = annotation(old, name);
    setAnnotation(obj, name, typeof before === 'string' ? before : undefined);
  }
}
