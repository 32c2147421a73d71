import { child } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { qualifiedName } from '../../machinery/names.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkConfiguration, MAX_CONFIGS } from './claim-spec.js';
import { checkItems } from './collections.js';
import { checkSelectors } from './selector.js';

/** Whether a resource name is one that people may extend nodes with: a domain that is not Kubernetes' own, and quotable. */
function isExtendedResource(name: string): boolean {
  if (!name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('requests.')) return false;
  return qualifiedName(`requests.${name}`).length === 0;
}

function check(root: FieldNode, old: JsonObject | undefined): void {
  const spec = root.struct('spec');
  checkSelectors(spec);
  const before = child(old, 'spec');
  const stored = before !== undefined && semanticEqual(spec.get('config'), before['config']);
  checkItems(spec, 'config', MAX_CONFIGS, (config) => checkConfiguration(config, stored));
  if (spec.has('extendedResourceName') && !isExtendedResource(spec.text('extendedResourceName'))) {
    spec.invalid('extendedResourceName', 'must be a valid extended resource name');
  }
}

export const deviceClasses: Strategy = {
  validate: (c) => validating(c, (root) => check(root, undefined)),
  validateUpdate: (c, old) => validating(c, (root) => check(root, old)),
};
