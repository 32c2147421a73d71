import type { TypeTable } from '../grammar.js';

/** Types of apiregistration.v1; one line per field, see ../grammar.ts. */
export const types = {
  APIService: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    spec: 'APIServiceSpec 2 |',
    status: 'APIServiceStatus 3 |',
  },
  APIServiceCondition: {
    '': '|',
    type: 'string 1 required always |',
    status: 'string 2 required always |',
    lastTransitionTime: 'time 3 |',
    reason: 'string 4 |',
    message: 'string 5 |',
  },
  APIServiceList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]APIService 2 required always |',
  },
  APIServiceSpec: {
    '': '|',
    service: '*ServiceReference 1 |',
    group: 'string 2 |',
    version: 'string 3 |',
    insecureSkipTLSVerify: 'bool 4 |',
    caBundle: 'bytes 5 list=atomic |',
    groupPriorityMinimum: 'int32 7 required always |',
    versionPriority: 'int32 8 required always |',
  },
  APIServiceStatus: {
    '': '|',
    conditions: '[]APIServiceCondition 1 list=map:type patch=merge:type |',
  },
  ServiceReference: {
    '': '|',
    namespace: 'string 1 |',
    name: 'string 2 |',
    port: '*int32 3 |',
  },
} as const satisfies TypeTable;
