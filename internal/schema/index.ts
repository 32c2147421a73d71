import { assert } from '../machinery/assert.js';
import { parseType } from './grammar.js';
import { definitionName, rowsOf, splitTypeName, tableOf } from './names.js';
import type { GroupVersionKind, TypeDef } from './types.js';

export type { Infer, TypeName } from './infer.js';
export { type GroupDef, findResource, findResourceByKind, groups, parseGroupVersion, resources } from './resources.js';

const parsed = new Map<string, TypeDef>();

/** The type with this definition name (`io.k8s.api.core.v1.Pod`, or in short `core.v1.Pod`), or undefined. Parsed at its first use. */
export function findType(name: string): TypeDef | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  const split = splitTypeName(name);
  if (split === undefined) return undefined;
  const rows = rowsOf(split.origin.table);
  const lines = Object.hasOwn(rows, split.type) ? rows[split.type] : undefined;
  if (lines === undefined) return undefined;
  const fullName = `${split.origin.prefix}.${split.type}`;
  const type =
    parsed.get(fullName) ?? parseType(fullName, lines, (shortName) => definitionName(shortName, split.origin));
  parsed.set(fullName, type);
  if (name !== fullName) parsed.set(name, type);
  return type;
}

/** Like findType, for a name that must exist. */
export function typeByName(name: string): TypeDef {
  const type = findType(name);
  assert(type !== undefined, `no API type is named ${name}`);
  return type;
}

/** Kinds of meta/v1 that belong to the group meta.k8s.io; the others are in the core group, version v1. */
const META_GROUP_KINDS: ReadonlySet<string> = new Set([
  'Table',
  'TableOptions',
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
]);

/** The type of a kind, or undefined when it is not built in. meta/v1 kinds (Status, DeleteOptions ...) are found in every group. */
export function typeByKind(group: string, version: string, kind: string): TypeDef | undefined {
  if (META_GROUP_KINDS.has(kind)) return group === 'meta.k8s.io' ? findType(`meta.v1.${kind}`) : undefined;
  const origin = tableOf(group, version);
  const own = origin === undefined ? undefined : findType(`${origin.prefix}.${kind}`);
  if (own?.typeMeta === true) return own;
  const meta = findType(`meta.v1.${kind}`);
  return meta?.typeMeta === true ? meta : undefined;
}

/** Group, version and kind of a type that has them, or undefined. */
export function gvkOf(typeName: string): GroupVersionKind | undefined {
  const split = splitTypeName(typeName);
  if (split === undefined || findType(typeName)?.typeMeta !== true) return undefined;
  const { origin, type } = split;
  const group = origin.table === 'meta.v1' && META_GROUP_KINDS.has(type) ? 'meta.k8s.io' : origin.group;
  return { group, version: origin.version, kind: type };
}
