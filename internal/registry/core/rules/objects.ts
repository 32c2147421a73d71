import { type FieldNode, validating } from '../../generic/field-node.js';
import type { Strategy } from '../../types.js';
import { checkPodSpec } from './pod-spec.js';
import { checkPodUpdate } from './pod-update.js';
import { checkAlwaysRestarts, checkPodTemplate, selects } from './template.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation.

type Rules = Pick<Strategy, 'validate' | 'validateUpdate'>;

export const podRules: Rules = {
  validate: (o) => validating(o, (root) => checkPodSpec(root.struct('spec'))),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkPodSpec(root.struct('spec'));
      checkPodUpdate(root, old);
    }),
};

const both = (rules: (root: FieldNode) => void): Rules => ({
  validate: (o) => validating(o, rules),
  validateUpdate: (o) => validating(o, rules),
});

export const podTemplateRules = both((root) => checkPodTemplate(root.struct('template')));

export const replicationControllerRules = both((root) => {
  const spec = root.struct('spec');
  spec.nonNegative('replicas');
  spec.nonNegative('minReadySeconds');
  const selector = spec.child('selector');
  if (selector === undefined || Object.keys(selector.value).length === 0) spec.required('selector');
  const template = spec.child('template');
  if (template === undefined) {
    spec.required('template');
    return;
  }
  const labels = template.struct('metadata').child('labels');
  if (selector !== undefined && !selects({ matchLabels: selector.value }, labels?.value)) {
    spec.invalid('template.metadata.labels', '`selector` does not match template `labels`', labels?.value ?? null);
  }
  checkPodTemplate(template);
  checkAlwaysRestarts(template);
});
