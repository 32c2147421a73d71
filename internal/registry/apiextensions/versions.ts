import { deepEqual } from '../../machinery/equal.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import type { FieldNode } from '../generic/field-node.js';
import {
  columnsInGo,
  MAX_SHOWN_SCHEMAS,
  selectableFieldsInGo,
  subresourcesInGo,
  validationInGo,
} from './schema-in-go.js';

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

const IN_GO = {
  schema: ['Schema', validationInGo],
  subresources: ['Subresources', subresourcesInGo],
  additionalPrinterColumns: ['AdditionalPrinterColumns', columnsInGo],
  selectableFields: ['SelectableFields', selectableFieldsInGo],
} as const;

/** The versions as a field error of the whole list prints them: Go's names, shared parts left out. */
export function versionsAsInGo(spec: FieldNode): JsonValue {
  const list = spec.get('versions');
  if (!Array.isArray(list)) return null;
  const versions = spec.list('versions');
  const shared = new Set(PARTS.filter((part) => isShared(versions, part)));
  const budget = { left: MAX_SHOWN_SCHEMAS };
  return list.filter(isObject).map((version) => {
    const out: JsonObject = {
      Name: version['name'] ?? '',
      Served: version['served'] ?? false,
      Storage: version['storage'] ?? false,
      Deprecated: version['deprecated'] ?? false,
      DeprecationWarning: version['deprecationWarning'] ?? null,
    };
    for (const part of PARTS) {
      const [goName, inGo] = IN_GO[part];
      out[goName] = shared.has(part) ? null : inGo(version[part] ?? undefined, budget);
    }
    return out;
  });
}
