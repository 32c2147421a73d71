import type { TypeTable } from '../grammar.js';

/** Types of node.v1; one line per field, see ../grammar.ts. */
export const types = {
  Overhead: {
    '': '|',
    podFixed: 'map[string]quantity 1 |',
  },
  RuntimeClass: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    handler: 'string 2 required always |',
    overhead: '*Overhead 3 |',
    scheduling: '*Scheduling 4 |',
  },
  RuntimeClassList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]RuntimeClass 2 required always |',
  },
  Scheduling: {
    '': '|',
    nodeSelector: 'map[string]string 1 map=atomic |',
    tolerations: '[]core.v1.Toleration 2 list=atomic |',
  },
} as const satisfies TypeTable;
