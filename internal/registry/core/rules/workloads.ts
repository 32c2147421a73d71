import { child } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { type FieldNode, validating } from '../../generic/field-node.js';
import type { Strategy } from '../../types.js';
import { podErrors, podUpdateErrors } from './pod/pod.js';
import { podStatusErrors } from './pod/pod-status.js';
import { hostNameWarnings, isSameGeneration, podWarnings, templateWarnings } from './pod/warnings.js';
import { checkAlwaysRestarts, checkPodTemplate, checkReplicaStatus, checkTemplateSelected } from './template.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation (ValidatePodTemplate, ValidateReplicationController).

type Rules = Pick<Strategy, 'validate' | 'validateUpdate' | 'validateStatusUpdate' | 'warnings'>;

export const podRules: Rules = {
  validate: podErrors,
  validateUpdate: podUpdateErrors,
  validateStatusUpdate: podStatusErrors,
  warnings: podWarnings,
};

export const podTemplateRules: Rules = {
  validate: (o) => validating(o, (root) => checkPodTemplate(root.struct('template'))),
  validateUpdate: (o, old) =>
    validating(o, (root) => checkPodTemplate(root.struct('template'), child(old, 'template'))),
  warnings: (o, old) => (isSameGeneration(o, old) ? [] : templateWarnings(child(o, 'template'), 'template')),
};

function checkReplicationController(root: FieldNode, old: JsonObject | undefined): void {
  const spec = root.struct('spec');
  spec.nonNegative('minReadySeconds');
  const selector = spec.child('selector');
  const selectsAll = spec.count('selector') === 0;
  if (selectsAll) spec.required('selector');
  spec.nonNegative('replicas');
  const template = spec.child('template');
  if (template === undefined) {
    spec.required('template');
    return;
  }
  if (!selectsAll) checkTemplateSelected(spec, { matchLabels: selector?.value });
  checkPodTemplate(template, child(child(old, 'spec'), 'template'));
  checkAlwaysRestarts(template, 'ReplicationController');
}

export const replicationControllerRules: Rules = {
  validate: (o) => validating(o, (root) => checkReplicationController(root, undefined)),
  validateUpdate: (o, old) => validating(o, (root) => checkReplicationController(root, old)),
  validateStatusUpdate: (o) => validating(o, (root) => checkReplicaStatus(root.struct('status'))),
  warnings: (o, old) => [
    ...(old === undefined ? hostNameWarnings(o) : []),
    ...(isSameGeneration(o, old) ? [] : templateWarnings(child(child(o, 'spec'), 'template'), 'spec.template')),
  ],
};
