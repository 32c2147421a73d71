import { AGE, type ColumnTable, column, NAME } from '../columns.js';

/** Columns of the scheduling.k8s.io group by plural resource name. */
export const schedulingColumns = {
  priorityclasses: [
    NAME,
    column(
      'Value',
      'integer',
      0,
      'value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.',
    ),
    column(
      'Global-Default',
      'boolean',
      0,
      'globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.',
    ),
    AGE,
    column(
      'PreemptionPolicy',
      'string',
      0,
      'preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.',
    ),
  ],
} satisfies ColumnTable;
