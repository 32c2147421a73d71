import type { Schema } from '../../extensions/structural/schema.js';
import { FieldNode } from '../generic/field-node.js';
import type { Breath } from '../../machinery/breathe.js';
import type { FieldError } from '../../machinery/field.js';
import type { Flow } from '../../machinery/flow.js';
import { followPath } from './field-paths.js';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const hasNewline = (text: string): boolean => /[\r\n]/.test(text);

function checkMessage(rule: FieldNode): void {
  const text = rule.text('rule').trim();
  const message = rule.text('message').trim();
  if (text === '') rule.required('rule', 'rule is not specified');
  else if (rule.text('message') !== '' && message === '') {
    rule.invalid('message', 'must be non-empty if specified');
  } else if (hasNewline(message)) rule.invalid('message', 'must not contain line breaks');
  else if (hasNewline(text) && message === '') {
    rule.required('message', 'message must be specified if rule contains line breaks');
  }
  if (rule.text('messageExpression') !== '' && rule.text('messageExpression').trim() === '') {
    rule.required('messageExpression', 'messageExpression must be non-empty if specified');
  }
}

function checkFieldPath(rule: FieldNode, schema: Schema): void {
  const path = rule.text('fieldPath');
  if (path === '') return;
  if (path.trim() === '') rule.invalid('fieldPath', 'must be non-empty if specified');
  if (hasNewline(path)) rule.invalid('fieldPath', 'must not contain line breaks');
  if (typeof followPath(path, schema, true) === 'string') rule.invalid('fieldPath', 'must be a valid path');
}

/** Field errors of the texts of the CEL rules at a schema. */
export function* ruleErrors(schema: Schema, at: string, breath: Breath): Flow<FieldError[]> {
  if (!Array.isArray(schema['x-kubernetes-validations'])) return [];
  const here = new FieldNode(schema, at);
  for (const rule of here.list('x-kubernetes-validations')) {
    checkMessage(rule);
    rule.checkOneOf('reason', REASONS);
    checkFieldPath(rule, schema);
    if (breath.isDue()) yield breath.rest();
  }
  return here.problems;
}
