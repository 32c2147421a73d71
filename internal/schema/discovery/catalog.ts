import { groups as builtinGroups, resources as builtinResources } from '../resources.js';
import type { ResourceDef } from '../types.js';
import { compareVersions } from './versions.js';

/** One served version of a group. */
export interface CatalogVersion {
  readonly version: string;
  readonly resources: readonly ResourceDef[];
  /** What is known may be out of date: the aggregated server behind it does not answer. */
  readonly stale?: boolean;
}

/** One API group that is served. */
export interface CatalogGroup {
  readonly group: string;
  /** The preferred version first. */
  readonly versions: readonly CatalogVersion[];
  /** APIService's groupPriorityMinimum: groups with a higher one are listed first. Custom resources have 1000. */
  readonly priority: number;
}

/** Built-in groups come in their fixed order before every custom one (their APIServices have 9700 to 18000). */
const BUILTIN_PRIORITY = 18_000;
/** groupPriorityMinimum of groups that exist only for custom resources. */
export const CUSTOM_GROUP_PRIORITY = 1000;

const builtins: readonly CatalogGroup[] = builtinGroups.map(({ group, versions }) => ({
  group,
  versions: versions.map((version) => ({
    version,
    resources: builtinResources.filter((r) => r.group === group && r.version === version),
  })),
  priority: BUILTIN_PRIORITY,
}));

function mergeVersions(base: CatalogGroup | undefined, extra: readonly CatalogVersion[]): CatalogVersion[] {
  const merged = new Map((base?.versions ?? []).map((v) => [v.version, v]));
  for (const v of extra) {
    const known = merged.get(v.version);
    const resources = known === undefined ? v.resources : [...known.resources, ...v.resources];
    merged.set(v.version, { ...v, resources: resources.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)) });
  }
  return [...merged.values()].toSorted((a, b) => compareVersions(a.version, b.version));
}

/**
 * What this server serves at the moment: the built-in groups, and the groups that extensions (custom resources,
 * aggregated servers) add and take away while it runs. Discovery documents are made from it.
 */
export class Catalog {
  /** Counts changes; documents made for an older one are out of date. */
  generation = 0;
  #extensions = new Map<string, readonly CatalogGroup[]>();
  #groups: readonly CatalogGroup[] = builtins;

  /** The groups in the order of discovery; '' (core) is the first. */
  get groups(): readonly CatalogGroup[] {
    return this.#groups;
  }

  /** The group of this name, or undefined. */
  group(name: string): CatalogGroup | undefined {
    return this.#groups.find((g) => g.group === name);
  }

  /** Replaces what one source (`crd`, `apiservice` ...) adds. A group that exists already gains versions and resources. */
  setExtensions(source: string, groups: readonly CatalogGroup[]): void {
    this.#extensions.set(source, groups);
    const all = new Map(builtins.map((g) => [g.group, g]));
    for (const extra of [...this.#extensions.values()].flat()) {
      const known = all.get(extra.group);
      const priority = Math.max(known?.priority ?? 0, extra.priority);
      all.set(extra.group, { group: extra.group, versions: mergeVersions(known, extra.versions), priority });
    }
    const custom = [...all.values()].filter((g) => g.priority < BUILTIN_PRIORITY || !isBuiltin(g.group));
    custom.sort((a, b) => b.priority - a.priority || (a.group < b.group ? -1 : 1));
    this.#groups = [...builtins.map((g) => all.get(g.group) ?? g), ...custom.filter((g) => !isBuiltin(g.group))];
    this.generation++;
  }
}

function isBuiltin(group: string): boolean {
  return builtins.some((g) => g.group === group);
}
