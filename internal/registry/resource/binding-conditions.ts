import { qualifiedName } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';

const MAX_CONDITIONS = 4;
const KEYS = ['bindingConditions', 'bindingFailureConditions'] as const;

/** Field errors of the conditions that a device waits for, and those that it gives up at: both or neither. */
export function checkBindingConditions(device: FieldNode): void {
  const [wanted, failures] = KEYS.map((key) => device.texts(key)) as [string[], string[]];
  for (const key of KEYS) {
    const values = device.texts(key);
    if (values.length > MAX_CONDITIONS) device.tooMany(key, values.length, MAX_CONDITIONS);
    else for (const [i, value] of values.entries()) device.checkText(`${key}[${i}]`, qualifiedName, value);
  }
  for (const [i, value] of wanted.entries()) {
    if (wanted.indexOf(value) < i) device.duplicate(`bindingConditions[${i}]`, value);
  }
  for (const [i, value] of failures.entries()) {
    const at = `bindingFailureConditions[${i}]`;
    if (failures.indexOf(value) < i) device.duplicate(at, value);
    if (wanted.includes(value)) {
      device.invalid(at, 'bindingFailureConditions must not overlap with bindingConditions', value);
    }
  }
  const [empty, full] = wanted.length === 0 ? KEYS : [KEYS[1], KEYS[0]];
  if ((wanted.length === 0) !== (failures.length === 0)) {
    device.invalid(empty, `${empty} are required to use ${full}`, device.get(empty) ?? null);
  }
}
