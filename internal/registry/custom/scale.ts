import { type ScalePaths } from '../../extensions/definition.js';
import { valueAt } from '../../extensions/jsonpath.js';
import { type FieldError, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';

const INT32_MAX = 2 ** 31 - 1;

/** Field errors of the numbers that the scale subresource shows. */
export function scaleErrors(obj: JsonObject, paths: ScalePaths | undefined): FieldError[] {
  if (paths === undefined) return [];
  const out: FieldError[] = [];
  for (const path of [paths.spec, paths.status]) {
    const value = valueAt(obj, path);
    if (typeof value !== 'number' && typeof value !== 'bigint') continue;
    const field = `.${path.join('.')}`;
    if (value < 0) out.push(invalidValue(field, value, 'should be a non-negative integer'));
    else if (value > INT32_MAX) out.push(invalidValue(field, value, `should be less than or equal to ${INT32_MAX}`));
  }
  return out;
}
