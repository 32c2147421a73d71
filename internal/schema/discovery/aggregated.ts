import type { JsonObject } from '../../machinery/json.js';
import type { GroupVersionKind, ResourceDef, SubresourceDef } from '../types.js';
import type { CatalogGroup, CatalogVersion } from './catalog.js';

/** Versions of apidiscovery.k8s.io that clients may ask for. */
export type AggregatedVersion = 'v2' | 'v2beta1';

/** The group and version of a kind are left empty when they are those of the listed version. */
function responseKind(kind: GroupVersionKind, group: string, version: string): JsonObject {
  const own = kind.group === group && kind.version === version;
  return { group: own ? '' : kind.group, version: own ? '' : kind.version, kind: kind.kind };
}

function subresourceEntry(sub: SubresourceDef, group: string, version: string): JsonObject {
  return { subresource: sub.name, responseKind: responseKind(sub.kind, group, version), verbs: [...sub.verbs] };
}

function resourceEntry(resource: ResourceDef, group: string, version: string): JsonObject {
  const out: JsonObject = {
    resource: resource.resource,
    responseKind: { group: '', version: '', kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: [...resource.verbs],
  };
  if (resource.shortNames.length > 0) out['shortNames'] = [...resource.shortNames];
  if (resource.categories.length > 0) out['categories'] = [...resource.categories];
  if (resource.subresources.length > 0)
    out['subresources'] = resource.subresources.map((sub) => subresourceEntry(sub, group, version));
  return out;
}

function versionEntry(group: string, served: CatalogVersion): JsonObject {
  const freshness = served.stale === true ? 'Stale' : 'Current';
  if (served.remote !== undefined) return { ...served.remote.entry, version: served.version, freshness };
  return {
    version: served.version,
    resources: served.resources.map((r) => resourceEntry(r, group, served.version)),
    freshness,
  };
}

/** An APIGroupDiscoveryList of these groups, in either version (they have the same form), without what nobody serves. */
export function apiGroupDiscoveryList(groups: readonly CatalogGroup[], version: AggregatedVersion): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.flatMap(({ group, versions }) => {
      const served = versions.filter((v) => v.declared !== true);
      if (served.length === 0) return [];
      const metadata = group === '' ? {} : { name: group };
      return [{ metadata, versions: served.map((v) => versionEntry(group, v)) }];
    }),
  };
}
