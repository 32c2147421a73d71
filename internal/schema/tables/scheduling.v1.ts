import type { TypeTable } from '../grammar.js';

/** Types of scheduling.v1; one line per field, see ../grammar.ts. */
export const types = {
  PriorityClass: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    value: 'int32 2 always |',
    globalDefault: 'bool 3 |',
    description: 'string 4 |',
    preemptionPolicy: '*string 5 enum=Never,PreemptLowerPriority |',
  },
  PriorityClassList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]PriorityClass 2 required always |',
  },
} as const satisfies TypeTable;
