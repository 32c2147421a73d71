import type { TypeTable } from '../grammar.js';

/** Types of apidiscovery.v2beta1; one line per field, see ../grammar.ts. */
export const types = {
  APIGroupDiscovery: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    versions: '[]APIVersionDiscovery 2 list=map:version |',
  },
  APIGroupDiscoveryList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]APIGroupDiscovery 2 required always |',
  },
  APIResourceDiscovery: {
    '': '|',
    resource: 'string 1 required always |',
    responseKind: '*meta.v1.GroupVersionKind 2 |',
    scope: 'string 3 required always |',
    singularResource: 'string 4 required always |',
    verbs: '[]string 5 required always list=set |',
    shortNames: '[]string 6 list=set |',
    categories: '[]string 7 list=set |',
    subresources: '[]APISubresourceDiscovery 8 list=map:subresource |',
  },
  APISubresourceDiscovery: {
    '': '|',
    subresource: 'string 1 required always |',
    responseKind: '*meta.v1.GroupVersionKind 2 |',
    acceptedTypes: '[]meta.v1.GroupVersionKind 3 list=set |',
    verbs: '[]string 4 required always list=set |',
  },
  APIVersionDiscovery: {
    '': '|',
    version: 'string 1 required always |',
    resources: '[]APIResourceDiscovery 2 list=map:resource |',
    freshness: 'string 3 |',
  },
} as const satisfies TypeTable;
