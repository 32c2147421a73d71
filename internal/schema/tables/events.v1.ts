import type { TypeTable } from '../grammar.js';

/** Types of events.v1; one line per field, see ../grammar.ts. */
export const types = {
  Event: {
    '': 'kind |',
    metadata: 'meta.v1.ObjectMeta 1 |',
    eventTime: 'microTime 2 required |',
    series: '*EventSeries 3 |',
    reportingController: 'string 4 |',
    reportingInstance: 'string 5 |',
    action: 'string 6 |',
    reason: 'string 7 |',
    regarding: 'core.v1.ObjectReference 8 |',
    related: '*core.v1.ObjectReference 9 |',
    note: 'string 10 |',
    type: 'string 11 |',
    deprecatedSource: 'core.v1.EventSource 12 |',
    deprecatedFirstTimestamp: 'time 13 |',
    deprecatedLastTimestamp: 'time 14 |',
    deprecatedCount: 'int32 15 |',
  },
  EventList: {
    '': 'kind |',
    metadata: 'meta.v1.ListMeta 1 |',
    items: '[]Event 2 required always |',
  },
  EventSeries: {
    '': '|',
    count: 'int32 1 required always |',
    lastObservedTime: 'microTime 2 required |',
  },
} as const satisfies TypeTable;
