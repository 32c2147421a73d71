import { child, ensureChild } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

/** Fields of the feature gate CoordinatedLeaderElection, which is off: they are kept only where they already are. */
const GATED = ['strategy', 'preferredHolder'];

function dropGated(lease: JsonObject, old: JsonObject | undefined): void {
  const before = child(old, 'spec');
  if (before !== undefined && GATED.some((key) => before[key] !== undefined)) return;
  const spec = child(lease, 'spec');
  if (spec !== undefined) for (const key of GATED) delete spec[key];
}

function check(root: FieldNode): void {
  const spec = root.struct('spec');
  const seconds = spec.number('leaseDurationSeconds');
  if (seconds !== undefined && seconds <= 0) spec.invalid('leaseDurationSeconds', 'must be greater than 0');
  spec.nonNegative('leaseTransitions');
  if (spec.text('preferredHolder') !== '' && spec.text('strategy') === '') {
    spec.forbidden('preferredHolder', 'may only be specified if `strategy` is defined');
  }
}

const leases: Strategy = {
  defaults(lease) {
    ensureChild(lease, 'spec');
  },
  prepareForCreate: (_ctx, lease) => dropGated(lease, undefined),
  prepareForUpdate: (_ctx, lease, old) => dropGated(lease, old),
  validate: (lease) => validating(lease, check),
  validateUpdate: (lease) => validating(lease, check),
};

/** Resources of the coordination.k8s.io group by their plural name. */
export const coordination: Readonly<Record<string, Strategy>> = { leases };
