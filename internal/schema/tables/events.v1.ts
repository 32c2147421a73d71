import type { TypeTable } from '../grammar.js';

/** Types of events.v1; one line per field, see ../grammar.ts. */
export const types = {
  Event: {
    '': 'kind | Something that happened to an object. Kept for a limited time.',
    metadata: "meta.v1.ObjectMeta 1 | Standard object's metadata: name, namespace, labels, annotations and what else identifies it.",
    eventTime: 'microTime 2 required | When it first happened.',
    series: '*EventSeries 3 | Set when it happens again and again.',
    reportingController: 'string 4 | Controller that reports it, such as kubernetes.io/kubelet.',
    reportingInstance: 'string 5 | Instance of that controller.',
    action: 'string 6 | What was done or failed, in a word.',
    reason: 'string 7 | Why it was done, in a word.',
    regarding: 'core.v1.ObjectReference 8 | Object that it is about.',
    related: '*core.v1.ObjectReference 9 | A second object that plays a part.',
    note: 'string 10 | A sentence for people.',
    type: 'string 11 | Normal or Warning.',
    deprecatedSource: 'core.v1.EventSource 12 | Reporter in the form of core/v1.',
    deprecatedFirstTimestamp: 'time 13 | First time in the form of core/v1.',
    deprecatedLastTimestamp: 'time 14 | Last time in the form of core/v1.',
    deprecatedCount: 'int32 15 | Count in the form of core/v1.',
  },
  EventList: {
    '': 'kind | A list of Event objects.',
    metadata: 'meta.v1.ListMeta 1 | Standard list metadata, such as its revision.',
    items: '[]Event 2 required always | The objects.',
  },
  EventSeries: {
    '': '| How often an event was seen.',
    count: 'int32 1 required always | Number of times.',
    lastObservedTime: 'microTime 2 required | Last time.',
  },
} as const satisfies TypeTable;
