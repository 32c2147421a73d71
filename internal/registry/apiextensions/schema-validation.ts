import { append } from '../../machinery/append.js';
import { type Schema, typeOf } from '../../extensions/structural/schema.js';
import { type FieldError, forbiddenField, invalidValue } from '../../machinery/field.js';
import type { Breath } from '../../machinery/breathe.js';
import type { Flow } from '../../machinery/flow.js';
import { isObject } from '../../machinery/json.js';
import { asInGo } from '../generic/as-in-go.js';
import { defaultErrors } from './default-values.js';
import { openApiErrors, type SchemaLenience } from './open-api.js';
import { structuralErrors } from './structural.js';

/** Keywords that a root schema may have next to a status subresource, by Go's names, in the order in which they are named. */
const AT_ROOT: Readonly<Record<string, string>> = {
  description: 'Description',
  type: 'Type',
  format: 'Format',
  title: 'Title',
  maximum: 'Maximum',
  exclusiveMaximum: 'ExclusiveMaximum',
  minimum: 'Minimum',
  exclusiveMinimum: 'ExclusiveMinimum',
  maxLength: 'MaxLength',
  minLength: 'MinLength',
  pattern: 'Pattern',
  maxItems: 'MaxItems',
  minItems: 'MinItems',
  uniqueItems: 'UniqueItems',
  multipleOf: 'MultipleOf',
  required: 'Required',
  items: 'Items',
  properties: 'Properties',
  externalDocs: 'ExternalDocs',
  example: 'Example',
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
};

const ONLY_OBJECT =
  'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
const ONLY_THESE = `only [${Object.values(AT_ROOT).join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;

/** The schema of status is taken out of the whole, so the root must not say anything that is lost then. */
function statusErrors(schema: Schema, at: string): FieldError[] {
  if (typeOf(schema) !== '' && typeOf(schema) !== 'object')
    return [invalidValue(`${at}.type`, typeOf(schema), ONLY_OBJECT)];
  const extra = Object.keys(schema).some((key) => {
    const v = schema[key];
    const zero =
      v === undefined ||
      v === null ||
      v === false ||
      v === '' ||
      (typeof v === 'object' && Object.keys(v).length === 0);
    return !zero && AT_ROOT[key] === undefined;
  });
  if (!extra) return [];
  const printed = asInGo(schema, 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps');
  return [invalidValue(at, printed, ONLY_THESE)];
}

/** What an update may keep because the stored definition already has it. */
export interface ValidationLenience extends SchemaLenience {
  readonly notStructural?: boolean;
}

/** Field errors of the schema of a version, at `<at>.openAPIV3Schema`. Others get their turn meanwhile. */
export function* schemaErrors(
  validation: unknown,
  at: string,
  hasStatus: boolean,
  lenience: ValidationLenience,
  breath: Breath,
): Flow<FieldError[]> {
  if (typeof validation !== 'object' || validation === null) return [];
  const schema = 'openAPIV3Schema' in validation ? (validation.openAPIV3Schema as Schema | undefined) : undefined;
  if (!isObject(schema)) return [];
  const where = `${at}.openAPIV3Schema`;
  const out = hasStatus ? statusErrors(schema, where) : [];
  if (schema['nullable'] === true) out.push(forbiddenField(`${where}.nullable`, 'nullable cannot be true at the root'));
  let unsound = lenience.notStructural === true;
  if (!unsound) {
    const structural = yield* structuralErrors(schema, where, breath);
    const fieldErrors = structural.length > 0 ? structural : yield* defaultErrors(schema, where, breath);
    append(out, fieldErrors);
    unsound = fieldErrors.length > 0;
  }
  append(out, yield* openApiErrors(schema, where, lenience, breath, unsound));
  return out;
}
