import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { POD_TEMPLATE_SPEC, typedEqual } from '../../schema/typed-equal.js';
import { templateWarnings } from '../core/rules/pod/warnings.js';
import {
  checkAlwaysRestarts,
  checkPodTemplate,
  checkSelectorKept,
  checkTemplateSelected,
  isUsableSelector,
} from '../core/rules/template.js';
import { asInGo } from '../generic/as-in-go.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector, isEmptySelector } from '../generic/label-selector.js';
import { checkAtMost100, checkIntOrPercent, numberIn } from './rolling.js';
import type { Rules } from './rules.js';
import { daemonSetStatusErrors } from './status-rules.js';

// Rules: k8s.io/kubernetes pkg/apis/apps/validation (ValidateDaemonSetSpec).

function checkRollingUpdate(rolling: FieldNode): void {
  for (const key of ['maxUnavailable', 'maxSurge']) checkIntOrPercent(rolling, key);
  for (const key of ['maxUnavailable', 'maxSurge']) checkAtMost100(rolling, key);
  const unavailable = numberIn(rolling, 'maxUnavailable') !== 0;
  const surge = numberIn(rolling, 'maxSurge') !== 0;
  if (unavailable && surge) rolling.invalid('maxSurge', 'may not be set when maxUnavailable is non-zero');
  if (!unavailable && !surge) rolling.required('maxUnavailable', 'cannot be 0 when maxSurge is 0');
}

function checkUpdateStrategy(strategy: FieldNode): void {
  switch (strategy.text('type')) {
    case 'OnDelete':
      return;
    case 'RollingUpdate': {
      const rolling = strategy.child('rollingUpdate');
      if (rolling === undefined) strategy.required('rollingUpdate');
      else checkRollingUpdate(rolling);
      return;
    }
    default:
      strategy.unsupported(
        '',
        ['RollingUpdate', 'OnDelete'],
        asInGo(strategy.value, 'apps.v1.DaemonSetUpdateStrategy'),
      );
  }
}

function checkDaemonSet(root: FieldNode, old: JsonObject | undefined): void {
  const spec = root.struct('spec');
  const selector = spec.child('selector');
  if (selector !== undefined) checkLabelSelector(selector);
  if (isUsableSelector(spec)) checkTemplateSelected(spec, selector?.value);
  if (selector !== undefined && isEmptySelector(selector)) {
    spec.invalid('selector', 'empty selector is invalid for daemonset');
  }
  const template = spec.struct('template');
  checkPodTemplate(template, child(child(old, 'spec'), 'template'));
  checkAlwaysRestarts(template, 'DaemonSet');
  spec.nonNegative('minReadySeconds');
  checkUpdateStrategy(spec.struct('updateStrategy'));
  spec.nonNegative('revisionHistoryLimit');
}

export const daemonSetRules: Rules = {
  validate: (o) => validating(o, (root) => checkDaemonSet(root, undefined)),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkSelectorKept(root.struct('spec'), child(old, 'spec'));
      checkDaemonSet(root, old);
    }),
  validateStatusUpdate: daemonSetStatusErrors,
  warnings(o, old) {
    const template = child(child(o, 'spec'), 'template');
    const isSame = old !== undefined && typedEqual(POD_TEMPLATE_SPEC, template, child(child(old, 'spec'), 'template'));
    return isSame ? [] : templateWarnings(template, 'spec.template');
  },
};
