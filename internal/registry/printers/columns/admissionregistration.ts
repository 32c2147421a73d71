import { AGE, type ColumnTable, column, NAME } from '../columns.js';

/** Columns of the admissionregistration.k8s.io group by plural resource name. */
export const admissionregistrationColumns = {
  mutatingadmissionpolicies: [
    NAME,
    column('Mutations', 'integer', 0, 'Mutation indicates the number of mutations rules defined in this configuration'),
    column('ParamKind', 'string', 0, 'ParamKind specifies the kind of resources used to parameterize this policy'),
    AGE,
  ],
  mutatingadmissionpolicybindings: [
    NAME,
    column('PolicyName', 'string', 0, 'PolicyName indicates the policy definition which the policy binding binded to'),
    column('ParamRef', 'string', 0, 'ParamRef indicates the param resource which sets the configuration param'),
    AGE,
  ],
  mutatingwebhookconfigurations: [
    NAME,
    column('Webhooks', 'integer', 0, 'Webhooks indicates the number of webhooks registered in this configuration'),
    AGE,
  ],
  validatingadmissionpolicies: [
    NAME,
    column(
      'Validations',
      'integer',
      0,
      'Validations indicates the number of validation rules defined in this configuration',
    ),
    column('ParamKind', 'string', 0, 'ParamKind specifies the kind of resources used to parameterize this policy'),
    AGE,
  ],
  validatingadmissionpolicybindings: [
    NAME,
    column('PolicyName', 'string', 0, 'PolicyName indicates the policy definition which the policy binding binded to'),
    column('ParamRef', 'string', 0, 'ParamRef indicates the param resource which sets the configuration param'),
    AGE,
  ],
  validatingwebhookconfigurations: [
    NAME,
    column('Webhooks', 'integer', 0, 'Webhooks indicates the number of webhooks registered in this configuration'),
    AGE,
  ],
} satisfies ColumnTable;
