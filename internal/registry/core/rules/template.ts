import { child, children, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { mapInGo, selectorInGo } from '../../generic/as-in-go.js';
import { FieldNode, IMMUTABLE } from '../../generic/field-node.js';
import { checkLabelSelector, isEmptySelector, labelSelectorErrors, selects } from '../../generic/label-selector.js';
import { semanticEqual } from '../../../machinery/equal.js';
import { checkPodTemplate as checkTemplate, templateRules } from './pod/pod-spec.js';

// What the kinds have in common that make pods from a template.

/**
 * The template as a stateful set gives it to its pods, whose names are their host names: with a volume for each claim
 * template, first.
 */
export function asInStatefulSet(template: FieldNode, claims: readonly string[]): FieldNode {
  const spec: JsonObject = { ...child(template.value, 'spec') };
  for (const key of ['hostname', 'subdomain']) delete spec[key];
  if (claims.length > 0) {
    const claimed = new Set(claims);
    const own = children(spec, 'volumes').filter((v) => !claimed.has(str(v, 'name')));
    spec['volumes'] = [...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })), ...own];
  }
  return new FieldNode({ ...template.value, spec }, template.path, template.problems);
}

/** Labels, annotations and spec of a pod template (ValidatePodTemplateSpec). `old` is the template that is replaced. */
export function checkPodTemplate(template: FieldNode, old?: JsonObject): void {
  checkTemplate(template, templateRules(old));
}

/** Whether Go could make a matcher from a selector: it cannot when anything in it is wrong. No selector matches nothing. */
export const isUsableSelector = (spec: FieldNode): boolean => labelSelectorErrors(spec, 'selector').length === 0;

/** A selector that must be there and ask for something. */
export function checkSelector(spec: FieldNode, kind: string): void {
  const selector = spec.child('selector');
  if (selector === undefined) {
    spec.required('selector');
    return;
  }
  checkLabelSelector(selector);
  if (isEmptySelector(selector))
    spec.invalid('selector', `empty selector is invalid for ${kind}`, selectorInGo(selector.value));
}

const MISMATCH = '`selector` does not match template `labels`';

/** The labels of the template must be among those that the selector selects. */
export function checkTemplateSelected(spec: FieldNode, selector: JsonObject | undefined): void {
  const meta = spec.struct('template').struct('metadata').value;
  if (selects(selector, child(meta, 'labels') ?? {})) return;
  spec.invalid('template.metadata.labels', MISMATCH, mapInGo(meta, 'labels'));
}

/** Pods that run for ever take only one restart policy, and no deadline. */
export function checkAlwaysRestarts(template: FieldNode, kind: string): void {
  const spec = template.struct('spec');
  spec.requireOneOf('restartPolicy', ['Always']);
  if (spec.has('activeDeadlineSeconds')) {
    spec.forbidden('activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}

const COUNTS = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'];

/** What a controller says of its pods, also of none that terminate (ValidateReplicaSetStatus). */
export function checkReplicaStatus(status: FieldNode): void {
  for (const key of COUNTS) status.nonNegative(key);
  if (status.has('terminatingReplicas')) status.nonNegative('terminatingReplicas');
  const of = (key: string): number => status.number(key) ?? 0;
  for (const key of COUNTS.slice(1, 4)) {
    if (of(key) > of('replicas')) status.invalid(key, 'cannot be greater than status.replicas', of(key));
  }
  if (of('availableReplicas') > of('readyReplicas')) {
    status.invalid('availableReplicas', 'cannot be greater than readyReplicas', of('availableReplicas'));
  }
}

/** The selector of a workload that exists stays. */
export function checkSelectorKept(spec: FieldNode, old: JsonObject | undefined): void {
  if (!semanticEqual(spec.value['selector'], old?.['selector'])) {
    spec.invalid('selector', IMMUTABLE, selectorInGo(child(spec.value, 'selector')));
  }
}
