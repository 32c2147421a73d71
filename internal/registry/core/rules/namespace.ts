import { qualifiedName } from '../../../machinery/names.js';
import { type FieldNode, validating } from '../../generic/field-node.js';
import { ownedFinalizer } from '../../generic/object-meta.js';
import type { Strategy } from '../../types.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, ValidateNamespace and its updates.

const finalizerName = (name: string): string[] => [...qualifiedName(name), ...ownedFinalizer(name)];

function checkFinalizers(root: FieldNode): void {
  const spec = root.struct('spec');
  for (const name of spec.texts('finalizers')) spec.checkText('finalizers', finalizerName, name);
}

function checkPhase(root: FieldNode): void {
  const status = root.struct('status');
  const phase = status.text('phase');
  const deleting = root.struct('metadata').text('deletionTimestamp') !== '';
  const only = deleting ? 'Terminating' : 'Active';
  if (phase === only) return;
  const detail = `may only be '${only}' if \`deletionTimestamp\` is ${deleting ? 'not ' : ''}empty`;
  status.invalid('Phase', detail, phase);
}

export const namespaceRules: Pick<Strategy, 'validate' | 'validateStatusUpdate'> = {
  validate: (o) => validating(o, checkFinalizers),
  validateStatusUpdate: (o) => validating(o, checkPhase),
};

/** Field errors of the finalizers that `finalize` sets, each at its place. */
export function checkFinalized(root: FieldNode): void {
  const spec = root.struct('spec');
  for (const [i, name] of spec.texts('finalizers').entries()) {
    spec.checkText(`finalizers[${i}]`, finalizerName, name);
  }
}
