import { append } from '../../machinery/append.js';
import { rollbackErrors } from './carried-numbers.js';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import {
  checkAlwaysRestarts,
  checkPodTemplate,
  checkSelector,
  checkReplicaStatus,
  checkSelectorKept,
  checkTemplateSelected,
  isUsableSelector,
} from '../core/rules/template.js';
import { hostNameWarnings, isSameGeneration, templateWarnings } from '../core/rules/pod/warnings.js';
import { asInGo, selectorInGo } from '../generic/as-in-go.js';
import { type FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
import { isEmptySelector } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';
import { checkAtMost100, checkIntOrPercent, numberIn } from './rolling.js';
import { deploymentStatusErrors } from './status-rules.js';

// Rules: k8s.io/kubernetes pkg/apis/apps/validation.

export type Rules = Pick<Strategy, 'validate' | 'validateUpdate' | 'validateStatusUpdate' | 'warnings'>;

/** Warnings about the pod template of a workload. */
export const workloadWarnings = (o: JsonObject, old: JsonObject | undefined): string[] =>
  isSameGeneration(o, old) ? [] : templateWarnings(child(child(o, 'spec'), 'template'), 'spec.template');

/** Selector and template of what keeps a number of equal pods running (ValidatePodTemplateSpecForReplicaSet). */
function checkReplicated(spec: FieldNode, old: JsonObject | undefined): void {
  checkSelector(spec, 'deployment');
  if (!isUsableSelector(spec)) {
    spec.invalid('selector', 'invalid label selector', selectorInGo(child(spec.value, 'selector')));
    return;
  }
  const selector = spec.child('selector');
  if (selector === undefined || !isEmptySelector(selector)) checkTemplateSelected(spec, selector?.value);
  const template = spec.struct('template');
  checkPodTemplate(template, child(old, 'template'));
  checkAlwaysRestarts(template, 'ReplicaSet');
}

/** A rule about the spec, for new and changed objects; the selector stays. */
function specRules(check: (spec: FieldNode, old: JsonObject | undefined, root: FieldNode) => void): Rules {
  return {
    validate: (o) => validating(o, (root) => check(root.struct('spec'), undefined, root)),
    validateUpdate: (o, old) =>
      validating(o, (root) => {
        check(root.struct('spec'), child(old, 'spec'), root);
        checkSelectorKept(root.struct('spec'), child(old, 'spec'));
      }),
    warnings: (o, old) => [...(old === undefined ? hostNameWarnings(o) : []), ...workloadWarnings(o, old)],
  };
}

function checkRollingUpdate(rolling: FieldNode): void {
  checkIntOrPercent(rolling, 'maxUnavailable');
  checkIntOrPercent(rolling, 'maxSurge');
  if (numberIn(rolling, 'maxUnavailable') === 0 && numberIn(rolling, 'maxSurge') === 0) {
    rolling.invalid('maxUnavailable', 'may not be 0 when `maxSurge` is 0');
  }
  checkAtMost100(rolling, 'maxUnavailable');
}

function checkStrategy(spec: FieldNode): void {
  const strategy = spec.struct('strategy');
  const rolling = strategy.child('rollingUpdate');
  switch (strategy.text('type')) {
    case 'Recreate':
      if (rolling !== undefined) {
        strategy.forbidden('rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
      }
      return;
    case 'RollingUpdate':
      if (rolling === undefined) strategy.required('rollingUpdate', 'this should be defaulted and never be nil');
      else checkRollingUpdate(rolling);
      return;
    default:
      strategy.unsupported('', ['Recreate', 'RollingUpdate'], asInGo(strategy.value, 'apps.v1.DeploymentStrategy'));
  }
}

const deploymentSpecRules = specRules((spec, old, root) => {
  spec.nonNegative('replicas');
  checkReplicated(spec, old);
  checkStrategy(spec);
  spec.nonNegative('minReadySeconds');
  spec.nonNegative('revisionHistoryLimit');
  append(root.problems, rollbackErrors(root.value));
  const deadline = spec.number('progressDeadlineSeconds');
  if (deadline === undefined) return;
  spec.nonNegative('progressDeadlineSeconds');
  if (deadline <= (spec.number('minReadySeconds') ?? 0)) {
    spec.invalid('progressDeadlineSeconds', 'must be greater than minReadySeconds');
  }
});

export const deploymentRules: Rules = { ...deploymentSpecRules, validateStatusUpdate: deploymentStatusErrors };

export const replicaSetRules: Rules = {
  ...specRules((spec, old) => {
    spec.nonNegative('replicas');
    spec.nonNegative('minReadySeconds');
    checkReplicated(spec, old);
  }),
  validateStatusUpdate: (o) => validating(o, (root) => checkReplicaStatus(root.struct('status'))),
};

export const controllerRevisionRules: Rules = {
  validate: (o) =>
    validating(o, (root) => {
      if (!root.has('data')) root.required('data', 'data is mandatory');
      else if (root.child('data') === undefined) root.required('data', 'data must be a valid JSON object');
      root.nonNegative('revision');
    }),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      root.nonNegative('revision');
      // kube-apiserver compares the bytes: the same members in another order are another state.
      if (JSON.stringify(root.get('data')) !== JSON.stringify(old['data'])) root.invalid('data', IMMUTABLE);
    }),
};
