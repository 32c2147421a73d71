import { child } from '../../machinery/access.js';
import type { FieldError } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { type FieldNode, validating } from '../generic/field-node.js';

// Rules: k8s.io/kubernetes pkg/apis/apps/validation (ValidateDeploymentStatusUpdate and its siblings).

const of = (status: FieldNode, key: string): number => status.number(key) ?? 0;

/** Parts of `replicas`: none of them is more than that, and what is available is ready. */
function checkParts(status: FieldNode, parts: readonly string[], ready: string): void {
  for (const key of parts) {
    if (of(status, key) > of(status, 'replicas')) {
      status.invalid(key, 'cannot be greater than status.replicas', of(status, key));
    }
  }
  if (of(status, 'availableReplicas') > of(status, 'readyReplicas')) {
    status.invalid('availableReplicas', `cannot be greater than ${ready}`, of(status, 'availableReplicas'));
  }
}

/** Names made of a smaller count have been given already: it only grows, and does not go away. */
function checkCollisions(status: FieldNode, old: JsonObject): void {
  const before = child(old, 'status')?.['collisionCount'];
  if (typeof before !== 'number') return;
  const count = status.number('collisionCount');
  if (count === undefined || count < before) status.invalid('collisionCount', 'cannot be decremented', count ?? 0);
}

type StatusRule = (o: JsonObject, old: JsonObject) => FieldError[];

function statusRule(counts: readonly string[], check?: (status: FieldNode) => void): StatusRule {
  return (o, old) =>
    validating(o, (root) => {
      const status = root.struct('status');
      for (const key of counts) status.nonNegative(key);
      check?.(status);
      checkCollisions(status, old);
    });
}

/** What is wrong with a Deployment whose status is replaced. */
export const deploymentStatusErrors = statusRule(
  [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ],
  (status) => checkParts(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'readyReplicas'),
);

/** What is wrong with a StatefulSet whose status is replaced. */
export const statefulSetStatusErrors = statusRule(
  [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ],
  (status) =>
    checkParts(
      status,
      ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
      'status.readyReplicas',
    ),
);

/** What is wrong with a DaemonSet whose status is replaced. */
export const daemonSetStatusErrors = statusRule([
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
]);
