import type { GroupVersionKind, ResourceDef } from './types.js';

/** The kind that a path takes: the resource's own, or that of a subresource (Scale, Eviction, Binding ...). */
export function kindOfPath(def: ResourceDef, subresource: string): GroupVersionKind {
  const sub = subresource === '' ? undefined : def.subresources.find((s) => s.name === subresource);
  return sub?.kind ?? { group: def.group, version: def.version, kind: def.kind };
}
