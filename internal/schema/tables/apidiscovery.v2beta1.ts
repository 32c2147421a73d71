import type { TypeTable } from '../grammar.js';

/** Types of apidiscovery.v2beta1; one line per field, see ../grammar.ts. */
export const types = {
  APIGroupDiscovery: {
    '': 'kind | One API group with its versions and resources.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    versions: '[]APIVersionDiscovery 2 list=map:version | Versions that are served, the preferred one first.',
  },
  APIGroupDiscoveryList: {
    '': 'kind | Everything that is served, in one answer.',
    metadata: 'meta.v1.ListMeta 1 | Metadata of the list; empty.',
    items: '[]APIGroupDiscovery 2 required always | The groups.',
  },
  APIResourceDiscovery: {
    '': '| One resource of a group and version.',
    resource: 'string 1 required always | Plural name, as in paths.',
    responseKind: '*meta.v1.GroupVersionKind 2 | Group, version and kind of its objects; empty parts are those of the listed version.',
    scope: 'string 3 required always | Namespaced or Cluster.',
    singularResource: 'string 4 required always | Singular name.',
    verbs: '[]string 5 required always list=set | What can be done with it.',
    shortNames: '[]string 6 list=set | Abbreviations for command lines.',
    categories: '[]string 7 list=set | Groups of resources, such as all, that it belongs to.',
    subresources: '[]APISubresourceDiscovery 8 list=map:subresource | Its subresources.',
  },
  APISubresourceDiscovery: {
    '': '| One subresource, such as status or scale.',
    subresource: 'string 1 required always | Its name.',
    responseKind: '*meta.v1.GroupVersionKind 2 | Group, version and kind that it answers with.',
    acceptedTypes: '[]meta.v1.GroupVersionKind 3 list=set | Kinds that it accepts, when they are others.',
    verbs: '[]string 4 required always list=set | What can be done with it.',
  },
  APIVersionDiscovery: {
    '': '| One version of a group.',
    version: 'string 1 required always | The version.',
    resources: '[]APIResourceDiscovery 2 list=map:resource | Its resources.',
    freshness: 'string 3 | Current; or Stale, when the server behind it does not answer and this was read before.',
  },
} as const satisfies TypeTable;
