import type { TypeTable } from '../grammar.js';

/** Types of node.v1; one line per field, see ../grammar.ts. */
export const types = {
  Overhead: {
    '': '| What running a pod costs besides its containers.',
    podFixed: 'map[string]resourceAmount 1 | Resources per pod.',
  },
  RuntimeClass: {
    '': 'kind | A container runtime that pods may ask for.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    handler: 'string 2 required always | Name of the runtime\'s configuration on the nodes. Cannot be changed.',
    overhead: '*Overhead 3 | What running a pod costs besides its containers.',
    scheduling: '*Scheduling 4 | Nodes that have the runtime; absent means all.',
  },
  RuntimeClassList: {
    '': 'kind | A list of RuntimeClass objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]RuntimeClass 2 required always | The objects.',
  },
  Scheduling: {
    '': '| Nodes that have a runtime.',
    nodeSelector: 'map[string]string 1 map=atomic | Labels of the nodes; added to those of the pod.',
    tolerations: '[]core.v1.Toleration 2 list=atomic | Taints that pods of this class tolerate; added to those of the pod.',
  },
} as const satisfies TypeTable;
