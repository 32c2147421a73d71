import { AGE, type ColumnTable, column, NAME } from '../columns.js';

/** Columns of the node.k8s.io group by plural resource name. */
export const nodeColumns = {
  runtimeclasses: [NAME, column('Handler', 'string', 0, ''), AGE],
} satisfies ColumnTable;
