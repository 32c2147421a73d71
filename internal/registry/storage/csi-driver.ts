import { child, defaultTo, ensureChild, strings } from '../../machinery/access.js';
import { notSupported } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { type FieldNode, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral'];
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const MIN_UPDATE_PERIOD_SECONDS = 10;

function checkTokenRequests(spec: FieldNode): void {
  const audiences = new Set<string>();
  for (const request of spec.list('tokenRequests')) {
    const audience = request.text('audience');
    if (audiences.has(audience)) {
      request.duplicate('audience', audience);
      continue;
    }
    audiences.add(audience);
    const seconds = request.number('expirationSeconds');
    if (seconds === undefined) continue;
    if (seconds < MIN_TOKEN_SECONDS) {
      request.invalid('expirationSeconds', 'may not specify a duration less than 10 minutes');
    }
    if (seconds > MAX_TOKEN_SECONDS) {
      request.invalid('expirationSeconds', 'may not specify a duration larger than 2^32 seconds');
    }
  }
}

function checkSpec(spec: FieldNode): void {
  // kube-apiserver names the field so.
  if (!spec.has('attachRequired')) spec.required('attachedRequired');
  for (const key of ['podInfoOnMount', 'storageCapacity']) if (!spec.has(key)) spec.required(key);
  spec.checkOneOf('fsGroupPolicy', FS_GROUP_POLICIES);
  checkTokenRequests(spec);
  for (const mode of spec.texts('volumeLifecycleModes')) {
    if (!LIFECYCLE_MODES.includes(mode)) spec.add(notSupported(spec.at('volumeLifecycleModes'), mode, LIFECYCLE_MODES));
  }
  if (!spec.has('seLinuxMount')) spec.required('seLinuxMount');
  const period = spec.number('nodeAllocatableUpdatePeriodSeconds');
  if (period !== undefined && period < MIN_UPDATE_PERIOD_SECONDS) {
    spec.invalid('nodeAllocatableUpdatePeriodSeconds', 'must be greater than or equal to 10 seconds');
  }
  if (spec.has('serviceAccountTokenInSecrets') && spec.count('tokenRequests') === 0) {
    spec.invalid(
      'serviceAccountTokenInSecrets',
      'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
    );
  }
}

/** Behind a gate that is off (VolumeLimitScaling), so that it is kept only where it is already. */
const GATED = 'preventPodSchedulingIfMissing';

function dropGated(driver: JsonObject, old: JsonObject | undefined): void {
  const spec = child(driver, 'spec');
  if (spec !== undefined && child(old, 'spec')?.[GATED] === undefined) delete spec[GATED];
}

export const csiDrivers: Strategy = {
  prepareForCreate: (_ctx, driver) => dropGated(driver, undefined),
  prepareForUpdate: (_ctx, driver, old) => dropGated(driver, old),
  defaults(driver) {
    const spec = ensureChild(driver, 'spec');
    defaultTo(spec, 'attachRequired', true);
    defaultTo(spec, 'podInfoOnMount', false);
    defaultTo(spec, 'storageCapacity', false);
    defaultTo(spec, 'fsGroupPolicy', 'ReadWriteOnceWithFSType');
    if (strings(spec, 'volumeLifecycleModes').length === 0) spec['volumeLifecycleModes'] = ['Persistent'];
    defaultTo(spec, 'requiresRepublish', false);
    defaultTo(spec, 'seLinuxMount', false);
  },
  validate: (driver) => validating(driver, (root) => checkSpec(root.struct('spec'))),
  validateUpdate: (driver, old) =>
    validating(driver, (root) => {
      const spec = root.struct('spec');
      const before = child(old, 'spec');
      checkSpec(spec);
      if (spec.get('attachRequired') !== before?.['attachRequired']) {
        spec.invalid('attachedRequired', 'field is immutable', spec.get('attachRequired'));
      }
      spec.immutable('volumeLifecycleModes', before);
    }),
};
