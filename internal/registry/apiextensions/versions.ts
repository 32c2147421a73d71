import { deepEqual } from '../../machinery/equal.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import type { FieldNode } from '../generic/field-node.js';

/** Parts of versions that kube-apiserver keeps once, at the top, when they are the same in all versions. */
export const PARTS = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;
export type Part = (typeof PARTS)[number];

const emptyToNull = (v: JsonValue | undefined): JsonValue =>
  v === undefined || v === null || (Array.isArray(v) && v.length === 0) ? null : v;

/** Whether the part is the same in every version. */
export function isShared(versions: readonly FieldNode[], part: Part): boolean {
  const first = emptyToNull(versions[0]?.get(part));
  return versions.every((v) => deepEqual(emptyToNull(v.get(part)), first));
}

/** The shared part, when there is one. */
export function sharedPart(versions: readonly FieldNode[], part: Part): JsonValue | undefined {
  if (versions.length === 0 || !isShared(versions, part)) return undefined;
  return emptyToNull(versions[0]?.get(part)) ?? undefined;
}

const GO_NAMES: Readonly<Record<Part, string>> = {
  schema: 'Schema',
  subresources: 'Subresources',
  additionalPrinterColumns: 'AdditionalPrinterColumns',
  selectableFields: 'SelectableFields',
};

/** The versions as a field error of the whole list prints them: Go's names, shared parts left out. */
export function versionsAsInGo(spec: FieldNode): JsonValue {
  const list = spec.get('versions');
  if (!Array.isArray(list)) return null;
  const versions = spec.list('versions');
  const shared = new Set(PARTS.filter((part) => isShared(versions, part)));
  return list.filter(isObject).map((version) => {
    const out: JsonObject = {
      Name: version['name'] ?? '',
      Served: version['served'] ?? false,
      Storage: version['storage'] ?? false,
      Deprecated: version['deprecated'] ?? false,
      DeprecationWarning: version['deprecationWarning'] ?? null,
    };
    for (const part of PARTS) out[GO_NAMES[part]] = shared.has(part) ? null : (version[part] ?? null);
    return out;
  });
}
