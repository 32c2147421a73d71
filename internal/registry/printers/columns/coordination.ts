import { AGE, type ColumnTable, column, NAME } from '../columns.js';

/** Columns of the coordination.k8s.io group by plural resource name. */
export const coordinationColumns = {
  leases: [
    NAME,
    column(
      'Holder',
      'string',
      0,
      'holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.',
    ),
    AGE,
  ],
} satisfies ColumnTable;
