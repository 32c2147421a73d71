import { semanticEqual } from '../../machinery/equal.js';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import {
  checkAlwaysRestarts,
  checkPodTemplate,
  checkSelectorAndTemplate,
  checkSelectorKept,
} from '../core/rules/template.js';
import { type FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

// Rules: k8s.io/kubernetes pkg/apis/apps/validation.

type Rules = Pick<Strategy, 'validate' | 'validateUpdate'>;

/** An integer at least 0, or a percentage; answers whether it is zero. */
function checkIntOrPercent(owner: FieldNode, key: string, atMost100 = false): void {
  const v = owner.get(key);
  if (typeof v === 'string') {
    if (!/^[0-9]+%$/.test(v)) {
      owner.invalid(
        key,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        v,
      );
    } else if (atMost100 && Number(v.slice(0, -1)) > 100) owner.invalid(key, 'must not be greater than 100%', v);
  } else if (typeof v === 'number' && v < 0) owner.invalid(key, 'must be greater than or equal to 0', v);
}
const isZero = (owner: FieldNode, key: string): boolean => {
  const v = owner.get(key);
  return v === undefined || v === 0 || v === '0%';
};

function workload(kind: string, more: (spec: FieldNode) => void): Rules {
  const rules = (o: FieldNode): void => {
    const spec = o.struct('spec');
    spec.nonNegative('replicas');
    checkSelectorAndTemplate(spec, kind);
    const template = spec.struct('template');
    // A stateful set's pods mount the claims that are made for them.
    const claims = spec.list('volumeClaimTemplates').map((c) => c.struct('metadata').text('name'));
    checkPodTemplate(template, claims);
    checkAlwaysRestarts(template);
    spec.nonNegative('minReadySeconds');
    more(spec);
  };
  return {
    validate: (o) => validating(o, rules),
    validateUpdate: (o, old) =>
      validating(o, (root) => {
        rules(root);
        checkSelectorKept(root.struct('spec'), child(old, 'spec'));
      }),
  };
}

export const deploymentRules = workload('deployment', (spec) => {
  const strategy = spec.struct('strategy');
  const rolling = strategy.child('rollingUpdate');
  switch (strategy.text('type')) {
    case 'Recreate':
      if (rolling !== undefined)
        strategy.forbidden('rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
      break;
    case 'RollingUpdate':
      if (rolling === undefined) {
        strategy.required('rollingUpdate', 'this should be defaulted and never be nil');
        break;
      }
      checkIntOrPercent(rolling, 'maxUnavailable', true);
      checkIntOrPercent(rolling, 'maxSurge');
      if (isZero(rolling, 'maxUnavailable') && isZero(rolling, 'maxSurge')) {
        rolling.invalid('maxUnavailable', 'may not be 0 when `maxSurge` is 0', rolling.get('maxUnavailable'));
      }
      break;
    default:
      strategy.unsupported('type', ['Recreate', 'RollingUpdate']);
  }
  spec.nonNegative('revisionHistoryLimit');
  const deadline = spec.number('progressDeadlineSeconds');
  if (deadline !== undefined) {
    spec.nonNegative('progressDeadlineSeconds');
    if (deadline <= (spec.number('minReadySeconds') ?? 0)) {
      spec.invalid('progressDeadlineSeconds', 'must be greater than minReadySeconds', deadline);
    }
  }
});

export const replicaSetRules = workload('deployment', () => undefined);

export const daemonSetRules = workload('daemonset', (spec) => {
  const strategy = spec.struct('updateStrategy');
  const rolling = strategy.child('rollingUpdate');
  switch (strategy.text('type')) {
    case 'OnDelete':
      break;
    case 'RollingUpdate':
      if (rolling === undefined) {
        strategy.required('rollingUpdate');
        break;
      }
      checkIntOrPercent(rolling, 'maxUnavailable', true);
      checkIntOrPercent(rolling, 'maxSurge', true);
      if (isZero(rolling, 'maxUnavailable') && isZero(rolling, 'maxSurge')) {
        rolling.required('maxUnavailable', 'cannot be 0 when maxSurge is 0');
      }
      break;
    default:
      spec.unsupported('updateStrategy', ['RollingUpdate', 'OnDelete'], strategy.text('type'));
  }
  spec.nonNegative('revisionHistoryLimit');
});

const statefulSetBase = workload('statefulset', (spec) => {
  if (spec.text('podManagementPolicy') === '') spec.required('podManagementPolicy');
  else if (!['OrderedReady', 'Parallel'].includes(spec.text('podManagementPolicy'))) {
    spec.invalid('podManagementPolicy', "must be 'OrderedReady' or 'Parallel'");
  }
  const strategy = spec.struct('updateStrategy');
  switch (strategy.text('type')) {
    case '':
      spec.required('updateStrategy');
      break;
    case 'OnDelete':
      if (strategy.has('rollingUpdate')) {
        strategy.invalid('rollingUpdate', "only allowed for updateStrategy 'RollingUpdate'");
      }
      break;
    case 'RollingUpdate': {
      const rolling = strategy.child('rollingUpdate');
      rolling?.nonNegative('partition');
      if (rolling?.has('maxUnavailable') === true) checkIntOrPercent(rolling, 'maxUnavailable', true);
      break;
    }
    default:
      spec.invalid('updateStrategy', "must be 'RollingUpdate' or 'OnDelete'", strategy.value);
  }
  const retention = spec.child('persistentVolumeClaimRetentionPolicy');
  for (const key of ['whenDeleted', 'whenScaled']) {
    if (retention !== undefined) retention.requireOneOf(key, ['Delete', 'Retain']);
  }
  spec.nonNegative('revisionHistoryLimit');
  spec.child('ordinals')?.nonNegative('start');
});

/** The fields of a stateful set that may change. */
const STATEFUL_SET_MAY_CHANGE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

export const statefulSetRules: Rules = {
  ...(statefulSetBase.validate === undefined ? {} : { validate: statefulSetBase.validate }),
  validateUpdate: (o, old, ctx) => [
    ...(statefulSetBase.validate?.(o, ctx) ?? []),
    ...validating(o, (root) => {
      const fixed = (spec: JsonObject | undefined): JsonObject =>
        Object.fromEntries(Object.entries(spec ?? {}).filter(([k]) => !STATEFUL_SET_MAY_CHANGE.includes(k)));
      if (!semanticEqual(fixed(child(o, 'spec')), fixed(child(old, 'spec')))) {
        root.forbidden(
          'spec',
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        );
      }
    }),
  ],
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
      // The reference compares the bytes: the same members in another order are another state.
      if (JSON.stringify(root.get('data')) !== JSON.stringify(old['data'])) root.invalid('data', IMMUTABLE);
    }),
};
