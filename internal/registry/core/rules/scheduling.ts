import { dns1123Subdomain, labelValue, qualifiedName } from '../../../machinery/names.js';
import type { FieldNode } from '../../generic/field-node.js';
import { checkLabelSelector } from '../../generic/label-selector.js';
import { checkNodeSelector, checkNodeSelectorTerm } from '../../generic/node-selector.js';
import { labelErrors } from '../../generic/object-meta.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation (validateAffinity, ValidateTolerations, validateTopologySpreadConstraints).

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkTolerations(spec: FieldNode): void {
  for (const t of spec.list('tolerations')) {
    if (t.text('key') !== '') t.checkText('key', qualifiedName);
    const operator = t.text('operator');
    if (t.text('key') === '' && operator !== 'Exists') {
      t.invalid(
        'operator',
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        operator,
      );
    }
    if (t.has('tolerationSeconds') && t.text('effect') !== 'NoExecute') {
      t.invalid('effect', "effect must be 'NoExecute' when `tolerationSeconds` is set", t.text('effect'));
    }
    if (operator === '' || operator === 'Equal') t.checkText('operator', labelValue, t.text('value'));
    else if (operator === 'Exists') {
      if (t.text('value') !== '')
        t.invalid('operator', "value must be empty when `operator` is 'Exists'", t.text('value'));
    } else t.unsupported('operator', ['Equal', 'Exists']);
    if (t.text('effect') !== '') t.requireOneOf('effect', EFFECTS);
  }
}

function checkPodAffinityTerm(term: FieldNode): void {
  for (const key of ['labelSelector', 'namespaceSelector']) {
    const selector = term.child(key);
    if (selector !== undefined) checkLabelSelector(selector);
  }
  for (const [i, ns] of term.texts('namespaces').entries()) term.checkText(`namespaces[${i}]`, dns1123Subdomain, ns);
  const topology = term.text('topologyKey');
  if (topology === '') term.required('topologyKey', 'can not be empty');
  term.checkText('topologyKey', qualifiedName);
}

function checkWeight(owner: FieldNode): void {
  const weight = owner.number('weight') ?? 0;
  if (weight < 1 || weight > 100) owner.invalid('weight', 'must be in the range 1-100', weight);
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

export function checkAffinity(spec: FieldNode): void {
  const affinity = spec.child('affinity');
  const node = affinity?.child('nodeAffinity');
  if (node !== undefined) {
    const required = node.child(REQUIRED);
    if (required !== undefined) checkNodeSelector(required);
    for (const preferred of node.list(PREFERRED)) {
      if ((preferred.number('weight') ?? 0) <= 0 || (preferred.number('weight') ?? 0) > 100) {
        preferred.invalid('weight', 'must be in the range 1-100', preferred.number('weight') ?? 0);
      }
      checkNodeSelectorTerm(preferred.struct('preference'));
    }
  }
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const of = affinity?.child(kind);
    if (of === undefined) continue;
    for (const term of of.list(REQUIRED)) checkPodAffinityTerm(term);
    for (const preferred of of.list(PREFERRED)) {
      checkWeight(preferred);
      checkPodAffinityTerm(preferred.struct('podAffinityTerm'));
    }
  }
}

export function checkTopologySpread(spec: FieldNode): void {
  const seen = new Set<string>();
  for (const c of spec.list('topologySpreadConstraints')) {
    const skew = c.number('maxSkew') ?? 0;
    if (skew <= 0) c.invalid('maxSkew', 'must be greater than zero', skew);
    const topology = c.text('topologyKey');
    if (topology === '') c.required('topologyKey', 'can not be empty');
    else c.checkText('topologyKey', qualifiedName);
    const when = c.text('whenUnsatisfiable');
    c.requireOneOf('whenUnsatisfiable', ['DoNotSchedule', 'ScheduleAnyway']);
    const pair = `{${topology}, ${when}}`;
    if (seen.has(pair)) c.duplicate('{topologyKey, whenUnsatisfiable}', pair);
    seen.add(pair);
    const domains = c.number('minDomains');
    if (domains !== undefined && domains <= 0) c.invalid('minDomains', 'must be greater than zero', domains);
    for (const policy of ['nodeAffinityPolicy', 'nodeTaintsPolicy']) c.checkOneOf(policy, ['Honor', 'Ignore']);
    const selector = c.child('labelSelector');
    if (selector !== undefined) checkLabelSelector(selector);
  }
}

export function checkNodeLabels(spec: FieldNode): void {
  spec.add(...labelErrors(spec.get('nodeSelector'), spec.at('nodeSelector')));
}
