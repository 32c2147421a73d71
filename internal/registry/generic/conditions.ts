import { qualifiedName, regexText } from '../../machinery/names.js';
import type { FieldNode } from './field-node.js';

const STATUSES = ['False', 'True', 'Unknown'];
const MAX_REASON_BYTES = 1024;
const MAX_MESSAGE_BYTES = 32 * 1024;
const REASON_FMT = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON = new RegExp(`^${REASON_FMT}$`);
const REASON_TEXT = regexText(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  REASON_FMT,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
);

function checkCondition(condition: FieldNode): void {
  condition.checkText('type', qualifiedName);
  condition.requireOneOf('status', STATUSES);
  if ((condition.number('observedGeneration') ?? 0) < 0) {
    condition.invalid('observedGeneration', 'must be greater than or equal to zero');
  }
  if (condition.text('lastTransitionTime') === '') condition.required('lastTransitionTime', 'must be set');
  const reason = condition.text('reason');
  if (reason === '') condition.required('reason', 'must be set');
  else {
    if (!REASON.test(reason)) condition.invalid('reason', REASON_TEXT);
    if (Buffer.byteLength(reason) > MAX_REASON_BYTES) condition.tooLong('reason', MAX_REASON_BYTES);
  }
  if (Buffer.byteLength(condition.text('message')) > MAX_MESSAGE_BYTES) {
    condition.tooLong('message', MAX_MESSAGE_BYTES);
  }
}

/** Field errors of a list of metav1.Condition: each whole, one of a type (apimachinery's ValidateConditions). */
export function checkConditions(owner: FieldNode, key = 'conditions'): void {
  const types = new Set<string>();
  for (const condition of owner.list(key)) {
    const type = condition.text('type');
    if (types.has(type)) condition.duplicate('type', type);
    types.add(type);
    checkCondition(condition);
  }
}
