import type { TypeTable } from '../grammar.js';

/** Types of apiregistration.v1; one line per field, see ../grammar.ts. */
export const types = {
  APIService: {
    '': 'kind | Registers a group and version, and says which server answers for it.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    spec: 'APIServiceSpec 2 | What is wanted. Users write it.',
    status: 'APIServiceStatus 3 | What is observed. Controllers write it, through the status subresource.',
  },
  APIServiceCondition: {
    '': '| A condition of an APIService.',
    type: 'string 1 required always | Available.',
    status: 'string 2 required always | True, False or Unknown.',
    lastTransitionTime: 'time 3 | When the status of the condition last changed.',
    reason: 'string 4 | A single word in CamelCase that tells programs why.',
    message: 'string 5 | A sentence that tells people what happened.',
  },
  APIServiceList: {
    '': 'kind | A list of APIService objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]APIService 2 required always | The objects.',
  },
  APIServiceSpec: {
    '': '| What is registered and where it is served.',
    service: '*ServiceReference 1 | Service of the server that answers; absent for what this server answers itself.',
    group: 'string 2 | Name of the API group.',
    version: 'string 3 | Version of the API.',
    insecureSkipTLSVerify: 'bool 4 | Does not verify the certificate of the server. Unsafe.',
    caBundle: 'bytes 5 list=atomic | PEM certificates that verify the server.',
    groupPriorityMinimum: 'int32 7 required always | The group is listed before groups with a lower number; 0 to 20000.',
    versionPriority: 'int32 8 required always | The version is listed before versions of its group with a lower number.',
  },
  APIServiceStatus: {
    '': '| Whether the server behind an APIService can be reached.',
    conditions: '[]APIServiceCondition 1 list=map:type patch=merge:type | What is true of the object at present, one entry per type.',
  },
  ServiceReference: {
    '': '| The Service of an aggregated server.',
    namespace: 'string 1 | Namespace of the Service.',
    name: 'string 2 | Name of the Service.',
    port: '*int32 3 | Port of the Service; default 443.',
  },
} as const satisfies TypeTable;
