import { deepEqual } from '../../../machinery/equal.js';
import { invalidValue } from '../../../machinery/field.js';
import type { JsonObject } from '../../../machinery/json.js';
import { dns1123Subdomain, qualifiedName } from '../../../machinery/names.js';
import {
  compareQuantity,
  parseQuantity,
  type Quantity,
  scaledValue,
  signOfQuantity,
} from '../../../machinery/quantity.js';
import { FieldNode, IMMUTABLE, validating } from '../../generic/field-node.js';
import { goDiff } from '../../generic/go-diff.js';
import { checkLabelSelector } from '../../generic/label-selector.js';
import { checkResourceQuantity, isNativeResource } from '../../generic/resource-names.js';
import { typedEqual } from '../../../schema/typed-equal.js';
import type { Strategy } from '../../types.js';
import { checkAccessModes, checkVolumeMode } from './claim-parts.js';
import { claimWarnings } from './storage-warnings.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, ValidatePersistentVolumeClaim and its updates.

/** The class that a claim asked for before there was a field for it. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

function checkDataSource(source: FieldNode, withNamespace: boolean): void {
  for (const key of ['name', 'kind']) source.requireText(key);
  const group = source.text('apiGroup');
  if (group === '' && source.text('kind') !== 'PersistentVolumeClaim') {
    source.invalid('', "must be 'PersistentVolumeClaim' when referencing the default apiGroup", source.text('kind'));
  }
  if (group !== '') source.checkText('apiGroup', dns1123Subdomain);
  if (withNamespace && source.text('namespace') !== '') source.checkText('namespace', dns1123Subdomain);
}

function checkDataSources(spec: FieldNode): void {
  const [source, ref] = [spec.child('dataSource'), spec.child('dataSourceRef')];
  if (source !== undefined) checkDataSource(source, false);
  if (ref !== undefined) checkDataSource(ref, true);
  if (source === undefined || ref === undefined) return;
  if (ref.text('namespace') !== '') {
    spec.invalid('', 'may not be specified when dataSourceRef.namespace is specified', spec.at('dataSource'));
  } else if (!['apiGroup', 'kind', 'name'].every((key) => source.text(key) === ref.text(key))) {
    spec.invalid('', 'must match dataSourceRef', spec.at('dataSource'));
  }
}

/** The rules of the spec of a claim, also of a claim template. */
export function checkClaimSpec(spec: FieldNode): void {
  const selector = spec.child('selector');
  if (selector !== undefined) checkLabelSelector(selector);
  checkAccessModes(spec, 'at least 1 access mode is required');
  const requests = spec.struct('resources').struct('requests');
  const storage = requests.text('storage');
  if (storage === '') spec.required('resources[storage]');
  else if (signOfQuantity(parseQuantity(storage)) <= 0) {
    spec.add(invalidValue(spec.at('resources[storage]'), storage, 'must be greater than zero'));
  }
  if (spec.text('storageClassName') !== '') spec.checkText('storageClassName', dns1123Subdomain);
  checkVolumeMode(spec);
  checkDataSources(spec);
  if (spec.text('volumeAttributesClassName') !== '') spec.checkText('volumeAttributesClassName', dns1123Subdomain);
}

const annotationOf = (claim: FieldNode): string =>
  claim.struct('metadata').struct('annotations').text(CLASS_ANNOTATION);

function checkClaimUpdate(root: FieldNode, old: JsonObject): void {
  const was = new FieldNode(old);
  const [spec, before] = [root.struct('spec'), was.struct('spec')];
  const [now, then] = [structuredClone(spec.value), structuredClone(before.value)];
  // Binding names the volume, once.
  if (before.text('volumeName') === '') then['volumeName'] = now['volumeName'] ?? null;
  const [className, annotated] = [spec.text('storageClassName'), annotationOf(was)];
  if (!before.has('storageClassName') && annotated !== '' && className === annotated) delete now['storageClassName'];
  else {
    if (annotated !== annotationOf(root)) {
      root.add(invalidValue(`metadata.annotations.${CLASS_ANNOTATION}`, annotationOf(root), IMMUTABLE));
    }
    // A claim from before there was a default class may get one.
    if (!before.has('storageClassName') && annotated === '' && className !== '') delete now['storageClassName'];
  }
  const bound = was.struct('status').text('phase') === 'Bound';
  const requested = (o: FieldNode): string => o.struct('resources').struct('requests').text('storage');
  if (bound) {
    const requests = new FieldNode(now).struct('resources').child('requests');
    if (requests !== undefined) requests.value['storage'] = requested(before);
    if (spec.has('volumeAttributesClassName')) {
      now['volumeAttributesClassName'] = before.get('volumeAttributesClassName') ?? null;
    }
  }
  if (!typedEqual(CLAIM_SPEC, now, then)) {
    root.forbidden('spec', `${CLAIM_IMMUTABLE}\n${goDiff(then, now, CLAIM_SPEC)}`);
  }
  const size = sizeOf(requested(spec));
  const held = sizeOf(was.struct('status').struct('capacity').text('storage'));
  if (compareQuantity(size, sizeOf(requested(before))) < 0 && compareQuantity(size, held) <= 0) {
    spec.forbidden('resources.requests.storage', 'field can not be less than status.capacity');
  }
  if (!deepEqual(spec.get('volumeMode'), before.get('volumeMode'))) {
    root.add(invalidValue('volumeMode', spec.get('volumeMode') ?? null, IMMUTABLE));
  }
  const applied = was.struct('status').text('currentVolumeAttributesClassName') !== '';
  if (applied && before.has('volumeAttributesClassName') && !spec.has('volumeAttributesClassName')) {
    spec.forbidden(
      'volumeAttributesClassName',
      'update to nil is forbidden when status.currentVolumeAttributesClassName is not nil',
    );
  }
}

const CLAIM_SPEC = 'io.k8s.api.core.v1.PersistentVolumeClaimSpec';
const CLAIM_IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

const sizeOf = (text: string): Quantity => parseQuantity(text === '' ? '0' : text);

/** Sorted, as field errors name them. */
const RESIZE_STATES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort();

/** Of what Kubernetes itself defines, a claim has only storage (validatePersistentVolumeClaimResourceKey). */
function isResizable(status: FieldNode, key: string, name: string): boolean {
  const before = status.problems.length;
  status.checkText(key, qualifiedName, name);
  if (status.problems.length > before) return false;
  if (name === 'storage' || !isNativeResource(name)) return true;
  status.unsupported(key, ['storage'], name);
  return false;
}

/** Whether an amount, rounded up to a whole one, is none below zero (validateBasicResource). */
function checkAmount(status: FieldNode, key: string, text: string): boolean {
  const value = scaledValue(sizeOf(text), 0);
  if (value < 0n) status.invalid(key, 'must be a valid resource quantity', value);
  return value >= 0n;
}

function checkClaimStatus(root: FieldNode): void {
  const status = root.struct('status');
  for (const [name, text] of status.entries('capacity')) checkAmount(status, `capacity[${name}]`, text);
  for (const [name, state] of status.entries('allocatedResourceStatuses')) {
    isResizable(status, 'allocatedResourceStatuses', name);
    // What is shown is the name of the resource, as in kube-apiserver.
    if (!RESIZE_STATES.includes(state)) status.unsupported('allocatedResourceStatuses', RESIZE_STATES, name);
  }
  for (const [name, text] of status.entries('allocatedResources')) {
    const key = `allocatedResources[${name}]`;
    // Whatever it is, it is counted as storage is.
    if (isResizable(status, 'allocatedResources', name) && checkAmount(status, key, text)) {
      checkResourceQuantity(status, key, 'storage', text);
    }
  }
}

export const claimRules: Pick<Strategy, 'validate' | 'validateUpdate' | 'validateStatusUpdate' | 'warnings'> = {
  warnings: claimWarnings,
  validate: (o) => validating(o, (root) => checkClaimSpec(root.struct('spec'))),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkClaimSpec(root.struct('spec'));
      checkClaimUpdate(root, old);
    }),
  validateStatusUpdate: (o) => validating(o, checkClaimStatus),
};
