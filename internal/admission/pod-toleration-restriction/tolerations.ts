import { num, str } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';

/** Whether one toleration tolerates all that another does (pkg/util/tolerations). */
function covers(wide: JsonObject, narrow: JsonObject): boolean {
  if (deepEqual(wide, narrow)) return true;
  const operator = str(wide, 'operator');
  // No key means every key.
  if (str(narrow, 'key') !== str(wide, 'key') && (str(wide, 'key') !== '' || operator !== 'Exists')) return false;
  const effect = str(wide, 'effect');
  // No effect means every effect.
  if (str(narrow, 'effect') !== effect && effect !== '') return false;
  const seconds = num(wide, 'tolerationSeconds');
  if (effect === 'NoExecute' && seconds !== undefined) {
    const narrower = num(narrow, 'tolerationSeconds');
    if (narrower === undefined || narrower > seconds) return false;
  }
  if (operator === 'Exists') return true;
  if (operator !== '' && operator !== 'Equal') return false;
  return str(narrow, 'operator') === 'Equal' && str(narrow, 'value') === str(wide, 'value');
}

/** Both lists without what another of the tolerations covers; of equal ones the first stays. */
export function mergeTolerations(first: readonly JsonObject[], second: readonly JsonObject[]): JsonObject[] {
  const all = [...first, ...second];
  const merged: JsonObject[] = [];
  for (const [i, toleration] of all.entries()) {
    if (merged.some((other) => covers(other, toleration))) continue;
    if (all.slice(i + 1).some((other) => !deepEqual(toleration, other) && covers(other, toleration))) continue;
    merged.push(toleration);
  }
  return merged;
}

/** Whether each toleration is covered by one that is allowed; an empty list allows all. */
export const areAllowed = (tolerations: readonly JsonObject[], allowed: readonly JsonObject[]): boolean =>
  allowed.length === 0 || tolerations.every((toleration) => allowed.some((one) => covers(one, toleration)));
