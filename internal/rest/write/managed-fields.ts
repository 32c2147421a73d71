import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';

/** managedFields of an object as they are. */
export function managedFieldsOf(object: JsonObject | undefined): JsonValue | undefined {
  const metadata = object?.['metadata'];
  return isObject(metadata) ? metadata['managedFields'] : undefined;
}

/** Why managedFields cannot be read (managedfields.ValidateManagedFields); '' when they can. */
function problemOf(managedFields: JsonValue | undefined): string {
  if (managedFields === undefined || managedFields === null) return '';
  if (!Array.isArray(managedFields)) return 'managedFields must be a list';
  for (const [i, entry] of managedFields.entries()) {
    if (!isObject(entry)) return `invalid managed fields entry ${i}`;
    const { operation, apiVersion, fieldsType, fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update') return 'operation must be `Apply` or `Update`';
    if (typeof apiVersion !== 'string' || apiVersion === '') return 'apiVersion must not be empty';
    if (typeof fieldsType !== 'string' || fieldsType === '') return `missing fieldsType in managed fields entry ${i}`;
    if (fieldsType !== 'FieldsV1')
      return `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${i}`;
    const names = isObject(fieldsV1) ? Object.keys(fieldsV1) : [];
    const wrong = names.find((name) => name !== '.' && !/^[fkvi]:/.test(name));
    if (wrong !== undefined)
      return `error decoding versioned set from entry ${i}: missing colon: ${JSON.stringify(wrong)}`;
  }
  return '';
}

/** Puts back the managedFields from before mutating admission where it left some that cannot be read, and warns. */
export function keepManagedFields(
  object: JsonObject | undefined,
  before: JsonValue | undefined,
  warnings: string[],
): void {
  const after = managedFieldsOf(object);
  if (after === before) return;
  const problem = problemOf(after);
  const metadata = object?.['metadata'];
  if (problem === '' || !isObject(metadata)) return;
  if (before === undefined) delete metadata['managedFields'];
  else metadata['managedFields'] = before;
  warnings.push(
    `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${problem}`,
  );
}
