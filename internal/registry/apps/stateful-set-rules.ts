import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label } from '../../machinery/names.js';
import { checkClaimSpec } from '../core/rules/persistent-volume-claim.js';
import { fractionsOf } from '../core/rules/storage-warnings.js';
import {
  asInStatefulSet,
  checkAlwaysRestarts,
  checkPodTemplate,
  checkSelector,
  checkTemplateSelected,
  isUsableSelector,
} from '../core/rules/template.js';
import { asInGo, selectorInGo } from '../generic/as-in-go.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { isEmptySelector } from '../generic/label-selector.js';
import { annotationErrors, labelErrors } from '../generic/object-meta.js';
import { typedEqual } from '../../schema/typed-equal.js';
import { checkIntOrPercent, checkAtMost100, numberIn } from './rolling.js';
import { type Rules, workloadWarnings } from './rules.js';
import { statefulSetStatusErrors } from './status-rules.js';

// Rules: k8s.io/kubernetes pkg/apis/apps/validation (ValidateStatefulSetSpec and ValidateStatefulSetUpdate).

function checkPodManagement(spec: FieldNode): void {
  const policy = spec.text('podManagementPolicy');
  if (policy === '') spec.required('podManagementPolicy');
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    spec.invalid('podManagementPolicy', "must be 'OrderedReady' or 'Parallel'");
  }
}

function checkUpdateStrategy(spec: FieldNode): void {
  const strategy = spec.struct('updateStrategy');
  const rolling = strategy.child('rollingUpdate');
  switch (strategy.text('type')) {
    case '':
      spec.required('updateStrategy');
      return;
    case 'OnDelete':
      if (rolling !== undefined) {
        const shown = asInGo(rolling.value, 'apps.v1.RollingUpdateStatefulSetStrategy');
        strategy.invalid('rollingUpdate', "only allowed for updateStrategy 'RollingUpdate'", shown);
      }
      return;
    case 'RollingUpdate':
      if (rolling !== undefined) checkRollingUpdate(rolling);
      return;
    default: {
      const shown = asInGo(strategy.value, 'apps.v1.StatefulSetUpdateStrategy');
      spec.invalid('updateStrategy', "must be 'RollingUpdate' or 'OnDelete'", shown);
    }
  }
}

function checkRollingUpdate(rolling: FieldNode): void {
  rolling.nonNegative('partition');
  if (!rolling.has('maxUnavailable')) return;
  checkIntOrPercent(rolling, 'maxUnavailable');
  if (numberIn(rolling, 'maxUnavailable') === 0) rolling.invalid('maxUnavailable', 'cannot be 0');
  checkAtMost100(rolling, 'maxUnavailable');
}

function checkTemplate(spec: FieldNode, old: JsonObject | undefined, anyTemplate: boolean): void {
  const selector = spec.child('selector');
  if (selector === undefined || !isEmptySelector(selector)) checkTemplateSelected(spec, selector?.value);
  const template = spec.struct('template');
  const claims = spec.list('volumeClaimTemplates').map((claim) => claim.struct('metadata').text('name'));
  if (!anyTemplate) checkPodTemplate(asInStatefulSet(template, claims), child(old, 'template'));
  // Once with the template and once for themselves, as in kube-apiserver.
  const meta = template.struct('metadata');
  template.add(...labelErrors(meta.get('labels'), template.at('labels')));
  template.add(...annotationErrors(meta.get('annotations'), template.at('annotations')));
}

/** `anyTemplate`: the spec that is replaced already breaks these rules, and the template is left alone. */
function checkSpec(spec: FieldNode, old: JsonObject | undefined, anyTemplate = false): void {
  checkPodManagement(spec);
  checkUpdateStrategy(spec);
  const retention = spec.child('persistentVolumeClaimRetentionPolicy');
  for (const key of ['whenDeleted', 'whenScaled']) retention?.requireOneOf(key, ['Retain', 'Delete']);
  spec.nonNegative('replicas');
  spec.nonNegative('minReadySeconds');
  spec.child('ordinals')?.nonNegative('start');
  checkSelector(spec, 'statefulset');
  if (isUsableSelector(spec)) checkTemplate(spec, old, anyTemplate);
  else spec.invalid('selector', '', selectorInGo(child(spec.value, 'selector')));
  checkAlwaysRestarts(spec.struct('template'), 'StatefulSet');
}

/** What is looked at only in a new stateful set: later these fields are fixed. */
function checkNew(spec: FieldNode): void {
  if (spec.text('serviceName') !== '') spec.checkText('serviceName', dns1123Label);
  for (const claim of spec.list('volumeClaimTemplates')) checkClaimSpec(claim.struct('spec'));
}

const SPEC = 'io.k8s.api.apps.v1.StatefulSetSpec';
const MAY_CHANGE = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]);

function fixedPart(o: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(child(o, 'spec') ?? {}).filter(([key]) => !MAY_CHANGE.has(key)));
}

export const statefulSetRules: Rules = {
  validate: (o) =>
    validating(o, (root) => {
      const spec = root.struct('spec');
      checkSpec(spec, undefined);
      checkNew(spec);
    }),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      const before = child(old, 'spec');
      const wrong = validating(before ?? {}, (spec) => checkSpec(spec, before)).length > 0;
      checkSpec(root.struct('spec'), before, wrong);
      if (typedEqual(SPEC, fixedPart(o), fixedPart(old))) return;
      root.forbidden(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
          "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      );
    }),
  validateStatusUpdate: statefulSetStatusErrors,
  warnings(o, old) {
    const limit = child(o, 'spec')?.['revisionHistoryLimit'];
    const text = 'a negative value retains all historical revisions; a value >= 0 is recommended';
    const kept = typeof limit === 'number' && limit < 0 ? [`spec.revisionHistoryLimit: ${text}`] : [];
    const claims: string[] = [];
    for (const [i, claim] of children(child(o, 'spec'), 'volumeClaimTemplates').entries()) {
      // The path of an update ends in a Go name, as kube-apiserver has it.
      const path = `spec.volumeClaimTemplates[${i}]${old === undefined ? '' : '.Spec'}`;
      fractionsOf(new FieldNode(child(claim, 'spec') ?? {}, path), (text) => claims.push(text));
    }
    return [...workloadWarnings(o, old), ...claims, ...kept];
  },
};
