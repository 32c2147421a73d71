import { semanticEqual } from '../../../machinery/equal.js';
import type { JsonObject } from '../../../machinery/json.js';
import type { FieldNode } from '../../generic/field-node.js';
import { checkLabelSelector, isEmptySelector } from '../../generic/label-selector.js';
import { annotationErrors, labelErrors } from '../../generic/object-meta.js';
import { checkPodSpec } from './pod-spec.js';

/** Labels, annotations and spec of a pod template (ValidatePodTemplateSpec). */
export function checkPodTemplate(template: FieldNode, claims: readonly string[] = []): void {
  const meta = template.struct('metadata');
  template.add(...labelErrors(meta.get('labels'), meta.at('labels')));
  template.add(...annotationErrors(meta.get('annotations'), meta.at('annotations')));
  checkPodSpec(template.struct('spec'), claims);
}

/** Whether a label selector that is valid matches the labels. */
export function selects(selector: JsonObject, labels: JsonObject | undefined): boolean {
  const has = labels ?? {};
  const wanted = selector['matchLabels'];
  if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted)) {
    if (!Object.entries(wanted).every(([k, v]) => has[k] === v)) return false;
  }
  const expressions = selector['matchExpressions'];
  if (!Array.isArray(expressions)) return true;
  return expressions.every((e) => {
    if (typeof e !== 'object' || e === null || Array.isArray(e)) return false;
    const value = has[typeof e['key'] === 'string' ? e['key'] : ''];
    const values = Array.isArray(e['values']) ? e['values'] : [];
    switch (typeof e['operator'] === 'string' ? e['operator'] : '') {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}

/** Selector and template of a workload: the one must be there, not empty, and match the other. */
export function checkSelectorAndTemplate(spec: FieldNode, kind: string, emptyField = 'selector'): void {
  const selector = spec.child('selector');
  if (selector === undefined) spec.required('selector');
  else {
    checkLabelSelector(selector);
    if (isEmptySelector(selector)) spec.invalid(emptyField, `empty selector is invalid for ${kind}`);
  }
  const labels = spec.struct('template').struct('metadata').child('labels');
  if (selector === undefined || (!isEmptySelector(selector) && !selects(selector.value, labels?.value))) {
    spec.invalid('template.metadata.labels', '`selector` does not match template `labels`', labels?.value ?? null);
  }
}

/** Workloads that run for ever take only one restart policy. */
export function checkAlwaysRestarts(template: FieldNode): void {
  const spec = template.struct('spec');
  if (spec.text('restartPolicy') !== 'Always' && ['OnFailure', 'Never'].includes(spec.text('restartPolicy'))) {
    spec.unsupported('restartPolicy', ['Always']);
  }
  if (spec.has('activeDeadlineSeconds')) {
    spec.forbidden('activeDeadlineSeconds', 'activeDeadlineSeconds in ReplicaSet is not Supported');
  }
}

/** The selector of a workload that exists stays. */
export function checkSelectorKept(spec: FieldNode, old: JsonObject | undefined): void {
  if (!semanticEqual(spec.value['selector'], old?.['selector'])) {
    spec.invalid('selector', 'field is immutable', spec.get('selector') ?? null);
  }
}
