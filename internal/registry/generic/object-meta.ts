import { append } from '../../machinery/append.js';
import { semanticEqual } from '../../machinery/equal.js';
import { type FieldError, forbiddenField, invalidValue, required, tooLong } from '../../machinery/field.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { dns1123Label, labelValue, type NameRule, objectName, qualifiedName } from '../../machinery/names.js';
import type { MetaChecks } from './meta-checks.js';
import { ownerReferenceErrors } from './owner-references.js';

/** All annotations of one object together, keys and values. */
const MAX_ANNOTATION_BYTES = 256 * 1024;
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Field errors of a finalizer that is nobody's: not Kubernetes' own, and without a domain. */
export const ownedFinalizer = (name: string): string[] =>
  name.includes('/') || STANDARD_FINALIZERS.has(name)
    ? []
    : ['name is neither a standard finalizer name nor is it fully qualified'];

/** What the rules for metadata depend on. */
export interface MetaRules {
  readonly namespaced: boolean;
  readonly nameRule: NameRule;
  /** Finalizers may be any qualified name (custom resources). */
  readonly anyFinalizer: boolean;
}

const text = (v: JsonValue | undefined): string => (typeof v === 'string' ? v : '');

/** Field errors of labels; the whole map is the field, as kube-apiserver reports it. */
export function labelErrors(labels: JsonValue | undefined, field: string): FieldError[] {
  const out: FieldError[] = [];
  if (!isObject(labels)) return out;
  for (const key in labels) {
    for (const message of qualifiedName(key)) out.push(invalidValue(field, key, message));
    const value = text(labels[key]);
    for (const message of labelValue(value)) out.push(invalidValue(field, value, message));
  }
  return out;
}

/** Field errors of annotation keys (case does not matter) and about their size. */
export function annotationErrors(annotations: JsonValue | undefined, field: string): FieldError[] {
  const out: FieldError[] = [];
  if (!isObject(annotations)) return out;
  let bytes = 0;
  for (const key in annotations) {
    for (const message of qualifiedName(key.toLowerCase())) out.push(invalidValue(field, key, message));
    const value = text(annotations[key]);
    // A UTF-16 unit is at most three bytes: count exactly only what may be too much.
    bytes += value.length > 4096 ? Buffer.byteLength(value) : value.length;
    bytes += key.length;
  }
  if (bytes > MAX_ANNOTATION_BYTES) out.push(tooLong(field, MAX_ANNOTATION_BYTES));
  return out;
}

function finalizerErrors(finalizers: JsonValue | undefined): FieldError[] {
  const out: FieldError[] = [];
  if (!Array.isArray(finalizers) || finalizers.length === 0) return out;
  const field = 'metadata.finalizers';
  for (const f of finalizers) {
    for (const message of qualifiedName(text(f))) out.push(invalidValue(field, text(f), message));
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    out.push(invalidValue(field, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return out;
}

/** Field errors of finalizers that are nobody's, which built-in kinds look for with each look of their own. */
function ownedErrors(finalizers: JsonValue | undefined, rules: MetaRules): FieldError[] {
  const out: FieldError[] = [];
  if (rules.anyFinalizer || !Array.isArray(finalizers)) return out;
  for (const [i, f] of finalizers.entries()) {
    for (const message of ownedFinalizer(text(f))) {
      out.push(invalidValue(`metadata.finalizers[${i}]`, text(f), message));
    }
  }
  return out;
}

function managedFieldsErrors(entries: JsonValue | undefined): FieldError[] {
  const out: FieldError[] = [];
  if (!Array.isArray(entries)) return out;
  for (const [i, entry] of entries.entries()) {
    if (!isObject(entry)) continue;
    const at = `metadata.managedFields[${i}]`;
    const operation = text(entry['operation']);
    if (operation !== 'Apply' && operation !== 'Update') {
      out.push(invalidValue(`${at}.operation`, operation, 'must be `Apply` or `Update`'));
    }
    const fieldsType = text(entry['fieldsType']);
    if (fieldsType !== '' && fieldsType !== 'FieldsV1') {
      out.push(invalidValue(`${at}.fieldsType`, fieldsType, 'must be `FieldsV1`'));
    }
    append(out, fieldManagerErrors(text(entry['manager']), `${at}.manager`));
    const subresource = text(entry['subresource']);
    if (subresource.length > 256) out.push(tooLong(`${at}.subresource`, 256));
  }
  return out;
}

/** Nearly every manager's name: looked through at once, where the patterns below take each character for itself. */
const PRINTABLE_ASCII = /^[ -~]*$/;
/** \p{C}: control, format, surrogate, private use, unassigned: what Go's unicode.IsPrint refuses, with separators but the space. */
const NOT_PRINTED = /[\p{C}\p{Zl}\p{Zp}]/u;
const SPACE = /\p{Zs}/u;

/** Field errors of the name of a field manager: at most 128 bytes, all printable. */
export function fieldManagerErrors(manager: string, field: string): FieldError[] {
  const out: FieldError[] = [];
  if (manager.length > 128) out.push(tooLong(field, 128));
  if (PRINTABLE_ASCII.test(manager)) return out;
  for (const [i, c] of Array.from(manager).entries()) {
    if (NOT_PRINTED.test(c) || (c !== ' ' && SPACE.test(c))) {
      const code = (c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      out.push(invalidValue(field, manager, `invalid character U+${code} (at position ${i})`));
    }
  }
  return out;
}

/** `finalizers`: what is wrong with them, which stands amid the others. */
function commonErrors(meta: JsonObject, finalizers: readonly FieldError[]): FieldError[] {
  const out: FieldError[] = [];
  append(out, labelErrors(meta['labels'], 'metadata.labels'));
  append(out, annotationErrors(meta['annotations'], 'metadata.annotations'));
  append(out, ownerReferenceErrors(meta['ownerReferences'], 'metadata.ownerReferences'));
  append(out, finalizers);
  append(out, managedFieldsErrors(meta['managedFields']));
  return out;
}

/** Field errors of the metadata of a new object: apimachinery's ValidateObjectMeta. */
export function objectMetaErrors(meta: JsonObject, rules: MetaRules): FieldError[] {
  const out: FieldError[] = [];
  const base = text(meta['generateName']);
  if (base !== '') {
    for (const m of objectName(rules.nameRule, base, true)) out.push(invalidValue('metadata.generateName', base, m));
  }
  const name = text(meta['name']);
  if (name === '') out.push(required('metadata.name', 'name or generateName is required'));
  else for (const m of objectName(rules.nameRule, name, false)) out.push(invalidValue('metadata.name', name, m));
  const namespace = text(meta['namespace']);
  if (rules.namespaced) {
    if (namespace === '') out.push(required('metadata.namespace'));
    else for (const m of dns1123Label(namespace)) out.push(invalidValue('metadata.namespace', namespace, m));
  } else if (namespace !== '') {
    out.push(forbiddenField('metadata.namespace', 'not allowed on this type'));
  }
  const generation = meta['generation'];
  if (typeof generation === 'number' && generation < 0) {
    out.push(invalidValue('metadata.generation', generation, 'must be greater than or equal to 0'));
  }
  append(out, commonErrors(meta, finalizerErrors(meta['finalizers'])));
  append(out, ownedErrors(meta['finalizers'], rules));
  return out;
}

const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

function changeErrors(meta: JsonObject, old: JsonObject): FieldError[] {
  const out: FieldError[] = [];
  if (old['deletionTimestamp'] !== undefined) {
    const before = new Set(Array.isArray(old['finalizers']) ? old['finalizers'] : []);
    const added = (Array.isArray(meta['finalizers']) ? meta['finalizers'] : []).filter((f) => !before.has(f));
    if (added.length > 0) {
      const list = added
        .map((f) => JSON.stringify(f))
        .sort()
        .join(', ');
      out.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        ),
      );
    }
  }
  const generation = Number(meta['generation'] ?? 0);
  if (generation < Number(old['generation'] ?? 0)) {
    out.push(invalidValue('metadata.generation', generation, 'must not be decremented'));
  }
  for (const field of IMMUTABLE) {
    if (!semanticEqual(meta[field], old[field]) && text(meta[field]) !== text(old[field] ?? '')) {
      out.push(invalidValue(`metadata.${field}`, meta[field], 'field is immutable'));
    } else if (field === 'deletionGracePeriodSeconds' && (meta[field] ?? -1) !== (old[field] ?? -1)) {
      out.push(invalidValue(`metadata.${field}`, meta[field], 'field is immutable'));
    }
  }
  return out;
}

/**
 * Field errors of the metadata of a changed object, each as often as kube-apiserver comes upon it: it looks at the whole
 * (ValidateObjectMeta) and at the change (ValidateObjectMetaUpdate) of every object, and as often again as `checks` says.
 */
export function objectMetaUpdateErrors(
  meta: JsonObject,
  old: JsonObject,
  rules: MetaRules,
  checks: () => MetaChecks,
): FieldError[] {
  const changed = changeErrors(meta, old);
  const finalizers = finalizerErrors(meta['finalizers']);
  const common = commonErrors(meta, finalizers);
  const owned = ownedErrors(meta['finalizers'], rules);
  if (changed.length + common.length + owned.length === 0) return changed;
  const change = [...changed, ...(finalizers.length === 0 ? common : commonErrors(meta, []))];
  const { whole: wholes, change: changes } = checks();
  const out = [...common, ...change];
  for (let i = 0; i < wholes; i++) append(out, [...common, ...owned]);
  for (let i = 0; i < changes; i++) append(out, [...change, ...owned]);
  return out;
}
