import { child, defaultTo } from '../../machinery/access.js';
import { invalidValue } from '../../machinery/field.js';
import { domainPrefixedPath } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label } from '../../machinery/names.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkTypedReference } from './ingress.js';

const MAX_CONTROLLER_BYTES = 250;

function checkParameters(parameters: FieldNode): void {
  checkTypedReference(parameters);
  if (!parameters.has('scope')) {
    parameters.required('scope');
    return;
  }
  switch (parameters.text('scope')) {
    case 'Namespace':
      if (!parameters.has('namespace')) parameters.required('namespace', "`parameters.scope` is set to 'Namespace'");
      else parameters.checkText('namespace', dns1123Label);
      break;
    case 'Cluster':
      if (parameters.has('namespace')) parameters.forbidden('namespace', "`parameters.scope` is set to 'Cluster'");
      break;
    default:
      parameters.unsupported('scope', ['Cluster', 'Namespace']);
  }
}

function check(root: FieldNode): void {
  const spec = root.struct('spec');
  const controller = spec.text('controller');
  if (controller === '') spec.required('controller');
  else {
    if (Buffer.byteLength(controller) > MAX_CONTROLLER_BYTES) spec.tooLong('controller', MAX_CONTROLLER_BYTES);
    for (const { part, message } of domainPrefixedPath(controller)) {
      spec.add(invalidValue(spec.at('controller'), part, message));
    }
  }
  const parameters = spec.child('parameters');
  if (parameters !== undefined) checkParameters(parameters);
}

export const ingressClasses: Strategy = {
  defaults(c: JsonObject) {
    const parameters = child(child(c, 'spec'), 'parameters');
    if (parameters !== undefined) defaultTo(parameters, 'scope', 'Cluster');
  },
  validate: (c) => validating(c, check),
  validateUpdate: (c, old) =>
    validating(c, (root) => {
      const spec = root.struct('spec');
      spec.immutable('controller', child(old, 'spec'), spec.text('controller'));
      check(root);
    }),
};
