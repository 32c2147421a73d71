import { sortedKeys } from '../../../../machinery/field.js';
import type { FieldNode } from '../../../generic/field-node.js';

/** Labels of nodes that have other names now. */
export const DEPRECATED_NODE_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const NO_SELECTOR = 'a null labelSelector results in matching no pod';

type Warn = (text: string) => void;

/** Warnings about the labels that a term of a node affinity names. */
export function nodeTermWarnings(term: FieldNode, warn: Warn): void {
  for (const expression of term.list('matchExpressions')) {
    const key = expression.text('key');
    const text = DEPRECATED_NODE_LABELS[key];
    if (text !== undefined) warn(`${expression.at('key')}: ${key} is ${text}`);
  }
}

function podTerm(term: FieldNode, warn: Warn): void {
  if (!term.has('labelSelector')) warn(`${term.at('labelSelector')}: ${NO_SELECTOR}`);
}

/** Warnings about where a pod wants to run. */
export function scheduling(spec: FieldNode, warn: Warn): void {
  for (const key of sortedKeys(spec.get('nodeSelector'))) {
    const text = DEPRECATED_NODE_LABELS[key];
    if (text !== undefined) warn(`${spec.at('nodeSelector')}[${key}]: ${text}`);
  }
  const affinity = spec.child('affinity');
  const nodes = affinity?.child('nodeAffinity');
  for (const term of nodes?.child(REQUIRED)?.list('nodeSelectorTerms') ?? []) nodeTermWarnings(term, warn);
  for (const term of nodes?.list(PREFERRED) ?? []) nodeTermWarnings(term.struct('preference'), warn);
  for (const key of ['podAffinity', 'podAntiAffinity']) {
    const pods = affinity?.child(key);
    for (const term of pods?.list(REQUIRED) ?? []) podTerm(term, warn);
    for (const term of pods?.list(PREFERRED) ?? []) podTerm(term.struct('podAffinityTerm'), warn);
  }
  for (const constraint of spec.list('topologySpreadConstraints')) {
    const key = constraint.text('topologyKey');
    const text = DEPRECATED_NODE_LABELS[key];
    if (text !== undefined) warn(`${constraint.at('topologyKey')}: ${key} is ${text}`);
    podTerm(constraint, warn);
  }
}
