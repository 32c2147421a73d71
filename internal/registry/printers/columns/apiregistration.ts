import { AGE, type ColumnTable, column, NAME } from '../columns.js';

/** Columns of the apiregistration.k8s.io group by plural resource name. */
export const apiregistrationColumns = {
  apiservices: [
    NAME,
    column('Service', 'string', 0, 'The reference to the service that hosts this API endpoint.'),
    column('Available', 'string', 0, 'Whether this service is available.'),
    AGE,
  ],
} satisfies ColumnTable;
