import type { JsonObject } from '../../machinery/json.js';
import { groups as builtinGroups, resources as builtinResources } from '../resources.js';
import type { ResourceDef } from '../types.js';
import { AGGREGATOR_GROUP, builtinPriority } from './priorities.js';
import { compareVersions } from './versions.js';

export { CUSTOM_GROUP_PRIORITY } from './priorities.js';

/** One served version of a group. */
export interface CatalogVersion {
  readonly version: string;
  readonly resources: readonly ResourceDef[];
  /** APIService's versionPriority: versions with a higher one come first; as that of custom resources when absent. */
  readonly priority?: number;
  /** Another server serves it: its entry in aggregated discovery, as far as it is known. */
  readonly remote?: { readonly entry: JsonObject };
  /** An APIService says that it is served here, which it is not: it is listed with its group, and nothing more. */
  readonly declared?: boolean;
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

const DEFAULT_VERSION_PRIORITY = 100;

const builtins: readonly CatalogGroup[] = builtinGroups.map(({ group, versions }) => ({
  group,
  versions: versions.map((version) => ({
    version,
    resources: builtinResources.filter((r) => r.group === group && r.version === version),
    priority: builtinPriority(group, version).version,
  })),
  priority: Math.max(...versions.map((version) => builtinPriority(group, version).group)),
}));

function mergeVersions(base: CatalogGroup | undefined, extra: readonly CatalogVersion[]): CatalogVersion[] {
  const merged = new Map((base?.versions ?? []).map((v) => [v.version, v]));
  for (const v of extra) {
    const known = merged.get(v.version);
    const resources = known === undefined ? v.resources : [...known.resources, ...v.resources];
    merged.set(v.version, {
      ...known,
      ...v,
      resources: resources.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)),
      declared: v.declared === true && (known === undefined || known.declared === true),
    });
  }
  const priority = (v: CatalogVersion): number => v.priority ?? DEFAULT_VERSION_PRIORITY;
  return [...merged.values()].toSorted((a, b) => priority(b) - priority(a) || compareVersions(a.version, b.version));
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Of the versions' APIServices the one that comes first by name. */
const firstName = (g: CatalogGroup): string =>
  g.versions.map((v) => `${v.version}.${g.group}`).toSorted(byText)[0] ?? '';

/**
 * What this server serves at the moment: the built-in groups, and the groups that extensions (custom resources,
 * aggregated servers) add and take away while it runs. Discovery documents are made from it.
 */
export class Catalog {
  /** Counts changes; documents made for an older one are out of date. */
  generation = 0;
  #extensions = new Map<string, readonly CatalogGroup[]>();
  #groups: readonly CatalogGroup[] = inOrder(builtins);

  /** The groups by priority and name, as aggregated discovery lists them; '' (core) is the first. */
  get groups(): readonly CatalogGroup[] {
    return this.#groups;
  }

  /** The groups in the order of the list at /apis: kube-aggregator's own first, those of equal priority by their APIServices' names. */
  get listed(): readonly CatalogGroup[] {
    const own = (g: CatalogGroup): number => (g.group === AGGREGATOR_GROUP ? 0 : 1);
    return this.#groups.toSorted(
      (a, b) => own(a) - own(b) || b.priority - a.priority || byText(firstName(a), firstName(b)),
    );
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
    this.#groups = inOrder([...all.values()]);
    this.generation++;
  }
}

function inOrder(groups: readonly CatalogGroup[]): CatalogGroup[] {
  const core = (g: CatalogGroup): number => (g.group === '' ? 0 : 1);
  return groups.toSorted((a, b) => core(a) - core(b) || b.priority - a.priority || byText(a.group, b.group));
}

/** Whether the group is one of those that this server is built with. */
export function isBuiltin(group: string): boolean {
  return builtins.some((g) => g.group === group);
}
