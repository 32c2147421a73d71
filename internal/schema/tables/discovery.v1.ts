import type { TypeTable } from '../grammar.js';

/** Types of discovery.v1; one line per field, see ../grammar.ts. */
export const types = {
  Endpoint: {
    '': '| One backend of a Service.',
    addresses: '[]string 1 required always list=set | Addresses of the endpoint, of the slice\'s addressType; clients use the first.',
    conditions: 'EndpointConditions 2 | Whether it can be used.',
    hostname: '*string 3 | Name of the endpoint, for DNS.',
    targetRef: '*core.v1.ObjectReference 4 | Object behind it, usually a Pod.',
    deprecatedTopology: 'map[string]string 5 | Topology in the form of v1beta1; read-only.',
    nodeName: '*string 6 | Node that it is on.',
    zone: '*string 7 | Zone that it is in.',
    hints: '*EndpointHints 8 | Who should use it.',
  },
  EndpointConditions: {
    '': '| Whether an endpoint can be used.',
    ready: '*bool 1 | Takes traffic; absent means yes. Never true while it is ending, unless not ready ones are published.',
    serving: '*bool 2 | Works, ending or not; absent follows ready.',
    terminating: '*bool 3 | Is ending; absent means no.',
  },
  EndpointHints: {
    '': '| Who should use an endpoint.',
    forZones: '[]ForZone 1 list=atomic | Zones whose clients should use it.',
    forNodes: '[]ForNode 2 list=atomic | Nodes whose clients should use it.',
  },
  EndpointPort: {
    '': 'map=atomic | A port of the endpoints of a slice.',
    name: '*string 1 | Name of the port, as in the Service; unique in the slice.',
    protocol: '*string 2 enum=SCTP,TCP,UDP | TCP (default), UDP or SCTP.',
    port: '*int32 3 | Number of the port; absent means all ports.',
    appProtocol: '*string 4 | Protocol of the application, such as http or kubernetes.io/h2c.',
  },
  EndpointSlice: {
    '': 'kind | Some of the endpoints of a Service.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    addressType: 'string 4 required always enum=FQDN,IPv4,IPv6 | IPv4, IPv6 or FQDN. Cannot be changed.',
    endpoints: '[]Endpoint 2 always list=atomic | The endpoints; at most 1000.',
    ports: '[]EndpointPort 3 always list=atomic | Ports of every endpoint; at most 100.',
  },
  EndpointSliceList: {
    '': 'kind | A list of EndpointSlice objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]EndpointSlice 2 required always | The objects.',
  },
  ForNode: {
    '': '| A node that should use an endpoint.',
    name: 'string 1 required always | Name of the node.',
  },
  ForZone: {
    '': '| A zone that should use an endpoint.',
    name: 'string 1 required always | Name of the zone.',
  },
} as const satisfies TypeTable;
