import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  scaledValue,
} from '../../machinery/quantity.js';
import type { FieldNode } from '../generic/field-node.js';

const MAX_OPTIONS = 10;

function quantityAt(owner: FieldNode, key: string): Quantity | undefined {
  const v = owner.get(key);
  return typeof v === 'string' || typeof v === 'number' ? parseQuantity(String(v)) : undefined;
}

const exceeds = (a: Quantity, b: Quantity): boolean => compareQuantity(a, b) > 0;

/** Values that can be asked for: sorted, all different, none above the capacity, the default among them. */
function checkValues(policy: FieldNode, capacity: Quantity, wanted: Quantity): void {
  const key = 'validValues';
  const options = policy.texts(key).map(parseQuantity);
  for (const [i, option] of options.entries()) {
    const previous = options[i - 1];
    if (previous !== undefined && exceeds(previous, option)) {
      policy.invalid(`${key}[${i}]`, 'values must be sorted in ascending order', formatQuantity(option));
    }
  }
  if (options.length > MAX_OPTIONS) policy.tooMany(key, options.length, MAX_OPTIONS);
  else {
    for (const [i, option] of options.entries()) {
      if (!exceeds(option, capacity)) continue;
      const why = `option is larger than capacity value: ${formatQuantity(capacity)}`;
      policy.invalid(`${key}[${i}]`, why, formatQuantity(option));
    }
    const values = options.map((option) => String(scaledValue(option, 0)));
    for (const [i, value] of values.entries()) {
      if (values.indexOf(value) < i) policy.duplicate(`${key}[${i}]`, value);
    }
  }
  if (!options.some((option) => compareQuantity(option, wanted) === 0)) {
    policy.invalid(key, 'default value is not valid according to the requestPolicy', formatQuantity(wanted));
  }
}

function checkStep(range: FieldNode, value: Quantity, min: Quantity, step: Quantity): void {
  const size = scaledValue(step, 0);
  if (size !== 0n && (scaledValue(value, 0) - scaledValue(min, 0)) % size === 0n) return;
  const why = `value is not a multiple of a given step (${formatQuantity(step)}) from (${formatQuantity(min)})`;
  range.invalid('step', why, formatQuantity(value));
}

function checkRange(range: FieldNode, capacity: Quantity, wanted: Quantity): void {
  const [min, max, step] = [quantityAt(range, 'min'), quantityAt(range, 'max'), quantityAt(range, 'step')];
  if (min === undefined) {
    range.required('min', 'required when validRange is defined');
    return;
  }
  const limit = formatQuantity(capacity);
  const say = (key: string, value: Quantity, why: string): void => range.invalid(key, why, formatQuantity(value));
  if (exceeds(min, capacity)) say('min', min, `min is larger than capacity value: ${limit}`);
  if (exceeds(min, wanted)) say('min', wanted, `default is less than min: ${formatQuantity(min)}`);
  if (max !== undefined) {
    if (exceeds(min, max)) say('max', min, `min is larger than max: ${formatQuantity(max)}`);
    if (exceeds(max, capacity)) say('max', max, `max is larger than capacity value: ${limit}`);
    if (exceeds(wanted, max)) say('max', wanted, `default is more than max: ${formatQuantity(max)}`);
  }
  if (step === undefined) return;
  const first = addQuantity(min, step);
  if (exceeds(first, capacity)) {
    say('step', step, `one step ${formatQuantity(first)} is larger than capacity value: ${limit}`);
  }
  checkStep(range, wanted, min, step);
  if (max !== undefined) checkStep(range, max, min, step);
}

/** Field errors of a capacity; only devices that are shared say how much of it may be asked for. */
export function checkCapacity(capacity: FieldNode, shared: boolean): void {
  const policy = capacity.child('requestPolicy');
  if (policy === undefined) return;
  if (!shared) {
    capacity.forbidden('requestPolicy', 'allowMultipleAllocations must be true');
    return;
  }
  const total = quantityAt(capacity, 'value') ?? parseQuantity('0');
  const range = policy.child('validRange');
  const listed = policy.count('validValues') > 0;
  if (listed && range !== undefined) {
    policy.forbidden(
      '',
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
    );
    return;
  }
  if (!listed && range === undefined) return;
  const wanted = quantityAt(policy, 'default');
  if (wanted === undefined) {
    policy.required('default', `required when ${listed ? 'validValues' : 'validRange'} is defined`);
  } else if (range === undefined) checkValues(policy, total, wanted);
  else checkRange(range, total, wanted);
}
