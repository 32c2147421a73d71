import { describe, expect, it } from 'vitest';
import { StatusError } from '../machinery/status.js';
import { Catalog, CUSTOM_GROUP_PRIORITY } from '../schema/discovery/catalog.js';
import type { ResourceDef } from '../schema/types.js';
import { createDiscovery } from './discovery.js';
import type { ApiRequest, BytesReply } from './types.js';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const gadgets: ResourceDef = {
  group: 'example.com',
  version: 'v1',
  resource: 'gadgets',
  singular: 'gadget',
  kind: 'Gadget',
  namespaced: true,
  shortNames: ['gd'],
  categories: [],
  verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
  subresources: [],
  type: '',
  storage: { group: 'example.com', version: 'v1', resource: 'gadgets' },
};

function setUp(): {
  catalog: Catalog;
  ask: (path: string, headers?: Record<string, string>, method?: string) => BytesReply | undefined;
} {
  const catalog = new Catalog();
  const handle = createDiscovery({ catalog, serverAddress: () => '10.0.0.1:6443' });
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): BytesReply | undefined => {
    const request = { method, path, query: new URLSearchParams(), header: (name: string) => headers[name] ?? '' };
    return handle(request as unknown as ApiRequest) as BytesReply | undefined;
  };
  return { catalog, ask };
}
const body = (reply: BytesReply | undefined): Record<string, unknown> =>
  JSON.parse(String(reply?.body ?? 'null')) as Record<string, unknown>;

describe('discovery', () => {
  it('lists groups, versions and resources', () => {
    const { ask } = setUp();
    expect(body(ask('/api'))).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
    });
    expect(body(ask('/apis/autoscaling'))).toMatchObject({ preferredVersion: { groupVersion: 'autoscaling/v2' } });
    const apps = body(ask('/apis/apps/v1'))['resources'] as Record<string, unknown>[];
    expect(apps.find((r) => r['name'] === 'deployments/scale')).toEqual({
      name: 'deployments/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    });
    // The published hash of apps/v1 Deployment: other tools compare it.
    expect(apps.find((r) => r['name'] === 'deployments')).toMatchObject({ storageVersionHash: '8aSe+NMegvE=' });
  });

  it('answers 304 to a client that has the aggregated document', () => {
    const { ask, catalog } = setUp();
    const first = ask('/apis', { accept: `${AGGREGATED},application/json` });
    expect(first?.contentType).toBe(AGGREGATED);
    const etag = first?.headers?.['ETag'] ?? '';
    expect(ask('/apis', { accept: AGGREGATED, 'if-none-match': etag })?.status).toBe(304);
    catalog.setExtensions('crd', [
      { group: 'example.com', versions: [{ version: 'v1', resources: [gadgets] }], priority: CUSTOM_GROUP_PRIORITY },
    ]);
    expect(ask('/apis', { accept: AGGREGATED, 'if-none-match': etag })?.status).toBe(200);
  });

  it('follows the groups that extensions add and take away', () => {
    const { ask, catalog } = setUp();
    expect(ask('/apis/example.com/v1')).toBeUndefined();
    const version = (v: string): { version: string; resources: ResourceDef[] } => ({
      version: v,
      resources: [{ ...gadgets, version: v }],
    });
    catalog.setExtensions('crd', [
      { group: 'example.com', versions: ['v1beta1', 'v1', 'v2alpha1'].map(version), priority: CUSTOM_GROUP_PRIORITY },
    ]);
    const versions = body(ask('/apis/example.com'))['versions'] as { version: string }[];
    expect(versions.map((v) => v.version)).toEqual(['v1', 'v1beta1', 'v2alpha1']);
    const list = body(ask('/apis'))['groups'] as { name: string }[];
    expect(list.at(-1)?.name).toBe('example.com');
    expect(body(ask('/apis/example.com/v1'))['resources']).toHaveLength(1);
    catalog.setExtensions('crd', []);
    expect(ask('/apis/example.com')).toBeUndefined();
  });

  it('refuses what is not there and what is not a read', () => {
    const { ask } = setUp();
    const refusal = (path: string, method = 'GET'): unknown => {
      try {
        return ask(path, {}, method);
      } catch (error) {
        return error instanceof StatusError ? error.code : error;
      }
    };
    expect(refusal('/apis/apps/v9')).toBe(404);
    expect(refusal('/api/v2')).toBe(404);
    expect(refusal('/api', 'DELETE')).toBe(405);
    expect(refusal('/apis/nope.example.com')).toBeUndefined();
  });

  it('answers 406 to a client that takes documents only as something else', () => {
    const { ask } = setUp();
    const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    for (const path of ['/api', '/apis', '/api/v1', '/apis/apps']) {
      expect(() => ask(path, { accept: table })).toThrow('only the following media types are accepted');
      expect(ask(path, { accept: `${table},application/json` })?.status).toBe(200);
    }
  });

  it('gives plain discovery to a client that prefers it', () => {
    const { ask } = setUp();
    expect(body(ask('/apis', { accept: `application/json,${AGGREGATED}` }))['kind']).toBe('APIGroupList');
    const beta = AGGREGATED.replace('v=v2', 'v=v2beta1');
    expect(body(ask('/apis', { accept: beta }))['apiVersion']).toBe('apidiscovery.k8s.io/v2beta1');
  });
});
