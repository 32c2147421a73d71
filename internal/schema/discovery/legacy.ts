import { createHash } from 'node:crypto';
import type { JsonObject } from '../../machinery/json.js';
import type { GroupVersionKind, ResourceDef } from '../types.js';
import type { CatalogGroup, CatalogVersion } from './catalog.js';

const groupVersionText = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

/** Says in which form a kind is stored: equal hashes mean one storage form (apiserver endpoints/discovery StorageVersionHash). */
export function storageVersionHash(group: string, version: string, kind: string): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

/** The answer of /api. `serverAddress` is `host:port` where clients reach this server. */
export function apiVersions(core: CatalogGroup, serverAddress: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: core.versions.map((v) => v.version),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function groupEntry({ group, versions }: CatalogGroup): JsonObject {
  const list = versions.map(({ version }) => ({ groupVersion: groupVersionText(group, version), version }));
  return { name: group, versions: list, ...(list[0] === undefined ? {} : { preferredVersion: { ...list[0] } }) };
}

/** The answer of /apis: every group but core. */
export function apiGroupList(groups: readonly CatalogGroup[]): JsonObject {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter((g) => g.group !== '').map(groupEntry) };
}

/** The answer of /apis/GROUP. */
export function apiGroup(group: CatalogGroup): JsonObject {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
}

function foreignKind(kind: GroupVersionKind, group: string, version: string): JsonObject {
  if (kind.group === group && kind.version === version) return {};
  return { ...(kind.group === '' ? {} : { group: kind.group }), version: kind.version };
}

/** Whether objects of the resource are stored (reviews, bindings and component statuses are not). */
function isStored(resource: ResourceDef): boolean {
  return resource.verbs.includes('create') && resource.verbs.includes('get');
}

function resourceEntries(resource: ResourceDef, group: string, version: string): JsonObject[] {
  const { namespaced, storage } = resource;
  const own: JsonObject = {
    name: resource.resource,
    singularName: resource.singular,
    namespaced,
    kind: resource.kind,
    verbs: [...resource.verbs],
  };
  if (resource.shortNames.length > 0) own['shortNames'] = [...resource.shortNames];
  if (resource.categories.length > 0) own['categories'] = [...resource.categories];
  if (isStored(resource)) own['storageVersionHash'] = storageVersionHash(storage.group, storage.version, resource.kind);
  const subresources = resource.subresources.map((sub) => ({
    name: `${resource.resource}/${sub.name}`,
    singularName: '',
    namespaced,
    ...foreignKind(sub.kind, group, version),
    kind: sub.kind.kind,
    verbs: [...sub.verbs],
  }));
  return [own, ...subresources];
}

/** The answer of /api/v1 and /apis/GROUP/VERSION; like /api, the core group's goes back to when these had no apiVersion. */
export function apiResourceList(group: string, served: CatalogVersion): JsonObject {
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersionText(group, served.version),
    resources: served.resources.flatMap((r) => resourceEntries(r, group, served.version)),
  };
}
