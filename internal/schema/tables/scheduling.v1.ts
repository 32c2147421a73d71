import type { TypeTable } from '../grammar.js';

/** Types of scheduling.v1; one line per field, see ../grammar.ts. */
export const types = {
  PriorityClass: {
    '': 'kind | A name for a priority of pods.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    value: 'int32 2 always | The priority; higher goes first. Above 1000000000 is for the system. Cannot be changed.',
    globalDefault: 'bool 3 | Whether pods without a class get this one; at most one class.',
    description: 'string 4 | What the class is for.',
    preemptionPolicy: '*string 5 enum=Never,PreemptLowerPriority | PreemptLowerPriority (default) may push out pods of lower priority; Never waits.',
  },
  PriorityClassList: {
    '': 'kind | A list of PriorityClass objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]PriorityClass 2 required always | The objects.',
  },
} as const satisfies TypeTable;
