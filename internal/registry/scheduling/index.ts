import { defaultTo } from '../../machinery/access.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

const MAX_USER_PRIORITY = 1_000_000_000;
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never'];

/** Why a class whose name begins with `system-` is not the one that Kubernetes itself has. */
function notSystem(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = SYSTEM_CLASSES[name];
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function check(root: FieldNode): void {
  const metadata = root.struct('metadata');
  const name = metadata.text('name');
  const value = root.number('value') ?? 0;
  if (name.startsWith('system-')) {
    const why = notSystem(name, value, root.flag('globalDefault'));
    if (why !== undefined) {
      metadata.forbidden(
        'name',
        `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`,
      );
    }
  } else if (value > MAX_USER_PRIORITY) {
    root.forbidden('value', `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`);
  }
  if (root.text('preemptionPolicy') === '') root.required('preemptionPolicy');
  else root.requireOneOf('preemptionPolicy', PREEMPTION_POLICIES);
}

const priorityClasses: Strategy = {
  defaults(c) {
    defaultTo(c, 'preemptionPolicy', 'PreemptLowerPriority');
  },
  validate: (c) => validating(c, check),
  validateUpdate: (c, old) =>
    validating(c, (root) => {
      if ((root.number('value') ?? 0) !== (old['value'] ?? 0)) {
        root.forbidden('value', 'may not be changed in an update.');
      }
      root.immutable('preemptionPolicy', old);
    }),
};

/** Resources of the scheduling.k8s.io group by their plural name. */
export const scheduling: Readonly<Record<string, Strategy>> = { priorityclasses: priorityClasses };
