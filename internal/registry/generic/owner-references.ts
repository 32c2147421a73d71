import { asInGo } from './as-in-go.js';
import { type FieldError, invalidValue } from '../../machinery/field.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';

const text = (v: JsonValue | undefined): string => (typeof v === 'string' ? v : '');

const REFERENCE = 'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference';

/** Group and version; neither of a text with more slashes than one. */
function partsOf(apiVersion: string): string[] {
  const parts = apiVersion.split('/');
  return parts.length === 1 ? ['', apiVersion] : parts.length === 2 ? parts : [];
}

/** Field errors of owner references: each whole, at most one controller (apimachinery's ValidateOwnerReferences). */
export function ownerReferenceErrors(references: JsonValue | undefined, field: string): FieldError[] {
  const out: FieldError[] = [];
  if (!Array.isArray(references)) return out;
  let controller = '';
  for (const ref of references) {
    if (!isObject(ref)) continue;
    // apimachinery names the list, not the item.
    const at = field;
    const apiVersion = text(ref['apiVersion']);
    const [group = '', version = ''] = partsOf(apiVersion);
    if (version === '') {
      out.push(invalidValue(`${at}.apiVersion`, apiVersion, 'version must not be empty'));
    }
    for (const f of ['kind', 'name', 'uid'] as const) {
      if (text(ref[f]) === '') out.push(invalidValue(`${at}.${f}`, text(ref[f]), 'must not be empty'));
    }
    if (group === '' && version === 'v1' && ref['kind'] === 'Event') {
      out.push(invalidValue(at, asInGo(ref, REFERENCE), '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (ref['controller'] !== true) continue;
    const current = `${text(ref['kind'])}/${text(ref['name'])}`;
    if (controller === '') controller = current;
    else {
      out.push(
        invalidValue(
          field,
          references.map((r) => (isObject(r) ? asInGo(r, REFERENCE) : r)),
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`,
        ),
      );
    }
  }
  return out;
}

/**
 * Drops owner references that say the same again and returns the uids that occurred twice, for the Warning
 * that kube-apiserver sends (dedupOwnerReferencesAndAddWarning).
 */
export function dedupeOwnerReferences(meta: JsonObject): string[] {
  const references = meta['ownerReferences'];
  if (!Array.isArray(references) || references.length < 2) return [];
  const seen = new Set<string>();
  const kept: JsonValue[] = [];
  const duplicates: string[] = [];
  for (const ref of references) {
    const key = JSON.stringify(
      isObject(ref)
        ? Object.keys(ref)
            .sort()
            .map((k) => [k, ref[k]])
        : ref,
    );
    if (seen.has(key)) duplicates.push(isObject(ref) ? text(ref['uid']) : '');
    else {
      seen.add(key);
      kept.push(ref);
    }
  }
  if (duplicates.length > 0) meta['ownerReferences'] = kept;
  return duplicates;
}
