import type { ColumnTable } from '../columns.js';
import { coreColumns } from './core.js';

/** Columns of the events.k8s.io group by plural resource name: its events are core events under another name. */
export const eventsColumns = { events: coreColumns.events } satisfies ColumnTable;
