import type { TypeTable } from '../grammar.js';

/** Types of discovery.v1; one line per field, see ../grammar.ts. */
export const types = {
  Endpoint: {
    '': '|',
    addresses: '[]string 1 required always list=set |',
    conditions: 'EndpointConditions 2 |',
    hostname: '*string 3 |',
    targetRef: '*core.v1.ObjectReference 4 |',
    deprecatedTopology: 'map[string]string 5 |',
    nodeName: '*string 6 |',
    zone: '*string 7 |',
    hints: '*EndpointHints 8 |',
  },
  EndpointConditions: {
    '': '|',
    ready: '*bool 1 |',
    serving: '*bool 2 |',
    terminating: '*bool 3 |',
  },
  EndpointHints: {
    '': '|',
    forZones: '[]ForZone 1 list=atomic |',
    forNodes: '[]ForNode 2 list=atomic |',
  },
  EndpointPort: {
    '': 'map=atomic |',
    name: '*string 1 |',
    protocol: '*string 2 enum=SCTP,TCP,UDP |',
    port: '*int32 3 |',
    appProtocol: '*string 4 |',
  },
  EndpointSlice: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    addressType: 'string 4 required always enum=FQDN,IPv4,IPv6 |',
    endpoints: '[]Endpoint 2 always list=atomic |',
    ports: '[]EndpointPort 3 always list=atomic |',
  },
  EndpointSliceList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]EndpointSlice 2 required always |',
  },
  ForNode: {
    '': '|',
    name: 'string 1 required always |',
  },
  ForZone: {
    '': '|',
    name: 'string 1 required always |',
  },
} as const satisfies TypeTable;
