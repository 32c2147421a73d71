import type { CatalogGroup } from '../schema/discovery/catalog.js';
import { type CustomGroupVersion, customTypeName } from '../schema/openapi/index.js';
import type { GroupVersionKind, ResourceDef, SubresourceDef } from '../schema/types.js';
import type { DefinedVersion, Definition } from './definition.js';

/** Groups that only custom resources have come after the built-in ones in discovery. */
const GROUP_PRIORITY = 1000;
const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

/** One served version of a custom resource. A change of its definition makes a new one. */
export interface ServedVersion {
  readonly def: ResourceDef;
  readonly version: DefinedVersion;
  readonly definition: Definition;
}

function subresources(definition: Definition, version: DefinedVersion): SubresourceDef[] {
  const kind: GroupVersionKind = { group: definition.group, version: version.name, kind: definition.names.kind };
  const scale: GroupVersionKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  return [
    ...(version.status ? [{ name: 'status', kind, verbs: SUBRESOURCE_VERBS }] : []),
    ...(version.scale === undefined ? [] : [{ name: 'scale', kind: scale, verbs: SUBRESOURCE_VERBS }]),
  ];
}

function serve(definition: Definition, version: DefinedVersion): ServedVersion {
  const { group, names } = definition;
  const def: ResourceDef = {
    group,
    version: version.name,
    resource: names.plural,
    singular: names.singular,
    kind: names.kind,
    namespaced: definition.namespaced,
    shortNames: names.shortNames,
    categories: names.categories,
    verbs: VERBS,
    subresources: subresources(definition, version),
    type: '',
    storage: { group, version: definition.storageVersion, resource: names.plural },
    ...(version.deprecation === undefined ? {} : { deprecation: version.deprecation }),
  };
  return { def, version, definition };
}

/** The custom resources that are served at the moment. */
export class ServedResources {
  #byPath = new Map<string, ServedVersion>();
  #groups = new Set<string>();
  #byFingerprint = new Map<string, readonly ServedVersion[]>();

  /** Replaces what is served; true when that changes anything. What has not changed keeps its identity. */
  set(definitions: Iterable<Definition>): boolean {
    const next = new Map<string, readonly ServedVersion[]>();
    let changed = false;
    for (const definition of definitions) {
      if (!definition.established) continue;
      let served = this.#byFingerprint.get(definition.fingerprint);
      if (served === undefined) {
        served = definition.versions.filter((v) => v.served).map((v) => serve(definition, v));
        changed = true;
      }
      next.set(definition.fingerprint, served);
    }
    if (!changed && next.size === this.#byFingerprint.size) return false;
    this.#byFingerprint = next;
    this.#byPath = new Map(
      [...next.values()].flat().map((s) => [`${s.def.group}/${s.def.version}/${s.def.resource}`, s]),
    );
    this.#groups = new Set([...this.#byPath.values()].map((s) => s.def.group));
    return true;
  }

  /** The served version of this group, version and plural name. */
  find(group: string, version: string, plural: string): ServedVersion | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  /** The served version of a kind. */
  findKind(group: string, version: string, kind: string): ServedVersion | undefined {
    if (!this.#groups.has(group)) return undefined;
    for (const s of this.#byPath.values()) {
      if (s.def.kind === kind && s.def.group === group && s.def.version === version) return s;
    }
    return undefined;
  }

  /** Every served version of a resource. */
  versionsOf(group: string, plural: string): ServedVersion[] {
    if (!this.#groups.has(group)) return [];
    return [...this.#byPath.values()].filter((s) => s.def.group === group && s.def.resource === plural);
  }

  /** Every served version of every custom resource. */
  *defs(): Generator<ResourceDef> {
    for (const { def } of this.#byPath.values()) yield def;
  }

  /** Whether any custom resource of the group is served. */
  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  /** What discovery lists of them. */
  groups(): CatalogGroup[] {
    return [...this.#byGroup()].map(([group, versions]) => ({
      group,
      priority: GROUP_PRIORITY,
      versions: [...versions].map(([version, served]) => ({ version, resources: served.map((s) => s.def) })),
    }));
  }

  /** What OpenAPI shows of them. */
  openApi(): CustomGroupVersion[] {
    return [...this.#byGroup()].flatMap(([group, versions]) =>
      [...versions].map(([version, served]) => ({
        group,
        version,
        // Documents name a type where serving knows that there is none.
        resources: served.map((s) => ({ ...s.def, type: customTypeName(group, version, s.def.kind) })),
        kinds: served.map(({ definition: { names }, version: v }) => ({
          group,
          version,
          kind: names.kind,
          // Paths refer to the list by its kind with this suffix.
          listKind: `${names.kind}List`,
          plural: names.plural,
          schema: v.schema,
          selectableFields: v.selectableFields,
        })),
        fingerprint: served.map((s) => s.definition.fingerprint).join('\n'),
      })),
    );
  }

  #byGroup(): Map<string, Map<string, ServedVersion[]>> {
    const out = new Map<string, Map<string, ServedVersion[]>>();
    const all = [...this.#byPath.values()].toSorted((a, b) => (a.def.resource < b.def.resource ? -1 : 1));
    for (const s of all) {
      const versions = out.get(s.def.group) ?? new Map<string, ServedVersion[]>();
      out.set(s.def.group, versions);
      const resources = versions.get(s.def.version);
      if (resources === undefined) versions.set(s.def.version, [s]);
      else resources.push(s);
    }
    return out;
  }
}
