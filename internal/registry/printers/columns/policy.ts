import { AGE, type ColumnTable, column, NAME } from '../columns.js';

/** Columns of the policy group by plural resource name. */
export const policyColumns = {
  poddisruptionbudgets: [
    NAME,
    column('Min Available', 'string', 0, 'The minimum number of pods that must be available.'),
    column('Max Unavailable', 'string', 0, 'The maximum number of pods that may be unavailable.'),
    column('Allowed Disruptions', 'integer', 0, 'Calculated number of pods that may be disrupted at this time.'),
    AGE,
  ],
} satisfies ColumnTable;
