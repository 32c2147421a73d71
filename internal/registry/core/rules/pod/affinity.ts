import { invalidValue } from '../../../../machinery/field.js';
import { dns1123Label, qualifiedName } from '../../../../machinery/names.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { checkLabelSelector } from '../../../generic/label-selector.js';
import { checkNodeSelector, checkNodeSelectorTerm } from '../../../generic/node-selector.js';
import { POSITIVE } from '../texts.js';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/** What an older object already had and may keep. */
export interface AffinityRules {
  /** Label values in selectors of pods. */
  readonly anySelectorValue: boolean;
  /** Label values in required node affinity. */
  readonly anyNodeValue: boolean;
}

const NO_SELECTOR = 'must not be specified when labelSelector is not set';

function checkKeys(term: FieldNode, key: string): void {
  const keys = term.texts(key);
  if (keys.length === 0) return;
  if (!term.has('labelSelector')) {
    term.forbidden(key, NO_SELECTOR);
    return;
  }
  for (const [i, label] of keys.entries()) {
    for (const message of qualifiedName(label)) term.add(invalidValue(`${term.at(key)}[${i}]`, label, message));
  }
}

function checkPodTerm(term: FieldNode, rules: AffinityRules): void {
  for (const key of ['labelSelector', 'namespaceSelector']) {
    const selector = term.child(key);
    if (selector !== undefined) checkLabelSelector(selector, { anyValue: rules.anySelectorValue });
  }
  for (const namespace of term.texts('namespaces')) {
    for (const message of dns1123Label(namespace)) term.invalid('namespace', message, namespace);
  }
  checkKeys(term, 'matchLabelKeys');
  checkKeys(term, 'mismatchLabelKeys');
  checkKeysSaidOnce(term, term.path);
  const matching = term.texts('matchLabelKeys');
  const mismatching = new Set(term.texts('mismatchLabelKeys'));
  for (const [i, key] of matching.entries()) {
    if (mismatching.has(key)) {
      term.add(
        invalidValue(`${term.at('matchLabelKeys')}[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys'),
      );
    }
  }
  if (term.text('topologyKey') === '') term.required('topologyKey', 'can not be empty');
  term.checkText('topologyKey', qualifiedName);
}

function checkPodAffinity(affinity: FieldNode, rules: AffinityRules): void {
  for (const term of affinity.list(REQUIRED)) checkPodTerm(term, rules);
  for (const preferred of affinity.list(PREFERRED)) {
    checkWeight(preferred);
    checkPodTerm(preferred.struct('podAffinityTerm'), rules);
  }
}

function checkWeight(preferred: FieldNode): void {
  const weight = preferred.number('weight') ?? 0;
  if (weight <= 0 || weight > 100) preferred.invalid('weight', 'must be in the range 1-100', weight);
}

/** `affinity` of a pod (validateAffinity). */
export function checkAffinity(spec: FieldNode, rules: AffinityRules): void {
  const affinity = spec.child('affinity');
  const nodes = affinity?.child('nodeAffinity');
  const selector = nodes?.child(REQUIRED);
  if (selector !== undefined) checkNodeSelector(selector, { anyValue: rules.anyNodeValue });
  for (const preferred of nodes?.list(PREFERRED) ?? []) {
    checkWeight(preferred);
    // What is only preferred may name values that no label can have.
    checkNodeSelectorTerm(preferred.struct('preference'), { anyValue: true });
  }
  for (const key of ['podAffinity', 'podAntiAffinity']) {
    const pods = affinity?.child(key);
    if (pods !== undefined) checkPodAffinity(pods, rules);
  }
}

const SPREADS = ['DoNotSchedule', 'ScheduleAnyway'];
const INCLUSIONS = ['Honor', 'Ignore'];

/**
 * What the keys say of a pod has been added to the selector when it was made: a key that the selector names before
 * that is said twice. `at`: where field errors go, without the index of the key.
 */
function checkKeysSaidOnce(term: FieldNode, at: string): void {
  const keys = term.texts('matchLabelKeys');
  const selector = term.child('labelSelector');
  if (keys.length === 0 || selector === undefined) return;
  const named = new Set(selector.entries('matchLabels').map(([key]) => key));
  for (const expression of selector.list('matchExpressions')) {
    const key = expression.text('key');
    const i = keys.indexOf(key);
    if (i >= 0 && named.has(key)) term.add(invalidValue(`${at}[${i}]`, key, BOTH));
    named.add(key);
  }
}

const BOTH = 'exists in both matchLabelKeys and labelSelector';

/** The keys of constraints as an object may have had them that was stored before they were merged into its selectors. */
function checkLegacyKeys(constraint: FieldNode): void {
  const keys = constraint.texts('matchLabelKeys');
  if (keys.length === 0) return;
  const selector = constraint.child('labelSelector');
  if (selector === undefined) constraint.forbidden('matchLabelKeys', NO_SELECTOR);
  const named = new Set([
    ...(selector?.entries('matchLabels') ?? []).map(([key]) => key),
    ...(selector?.list('matchExpressions') ?? []).map((e) => e.text('key')),
  ]);
  for (const [i, key] of keys.entries()) {
    const field = `${constraint.at('matchLabelKeys')}[${i}]`;
    for (const message of qualifiedName(key)) constraint.add(invalidValue(field, key, message));
    if (named.has(key)) constraint.add(invalidValue(field, key, BOTH));
  }
}

function checkKeysOf(constraint: FieldNode): void {
  checkKeys(constraint, 'matchLabelKeys');
  checkKeysSaidOnce(constraint, constraint.path);
}

/** `matchLabelKeys` of all constraints. */
export function checkSpreadKeys(spec: FieldNode): void {
  for (const constraint of spec.list('topologySpreadConstraints')) checkKeysOf(constraint);
}

/** `labelSelector` of all constraints. */
export function checkSpreadSelectors(spec: FieldNode): void {
  for (const constraint of spec.list('topologySpreadConstraints')) {
    const selector = constraint.child('labelSelector');
    if (selector !== undefined) checkLabelSelector(selector);
  }
}

/** `topologySpreadConstraints`. `anySelector`, `legacyKeys`: what an older object has of selectors and keys is wrong, and may stay. */
export function checkTopologySpread(spec: FieldNode, anySelector: boolean, legacyKeys: boolean): void {
  const constraints = spec.list('topologySpreadConstraints');
  const pair = (c: FieldNode): string => `{${c.text('topologyKey')}, ${c.text('whenUnsatisfiable')}}`;
  // How often each pair is still to come.
  const left = new Map<string, number>();
  for (const c of constraints) left.set(pair(c), (left.get(pair(c)) ?? 0) + 1);
  for (const constraint of constraints) {
    const skew = constraint.number('maxSkew') ?? 0;
    const action = constraint.text('whenUnsatisfiable');
    if (skew <= 0) constraint.invalid('maxSkew', POSITIVE, skew);
    constraint.requireText('topologyKey', undefined, 'can not be empty');
    constraint.requireOneOf('whenUnsatisfiable', SPREADS);
    const more = (left.get(pair(constraint)) ?? 0) - 1;
    left.set(pair(constraint), more);
    if (more > 0) {
      constraint.duplicate('{topologyKey, whenUnsatisfiable}', pair(constraint));
    }
    const domains = constraint.number('minDomains');
    if (domains !== undefined) {
      if (domains <= 0) constraint.invalid('minDomains', POSITIVE);
      if (action !== 'DoNotSchedule') {
        const text = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`;
        constraint.invalid('minDomains', text);
      }
    }
    constraint.checkOneOf('nodeAffinityPolicy', INCLUSIONS);
    constraint.checkOneOf('nodeTaintsPolicy', INCLUSIONS);
    if (legacyKeys) checkLegacyKeys(constraint);
    else checkKeysOf(constraint);
    const selector = constraint.child('labelSelector');
    if (selector !== undefined && !anySelector) checkLabelSelector(selector);
  }
}
