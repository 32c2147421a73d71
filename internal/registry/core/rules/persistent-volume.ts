import path from 'node:path';
import { semanticEqual } from '../../../machinery/equal.js';
import { forbiddenField, invalidValue, notSupported } from '../../../machinery/field.js';
import { isObject, type JsonObject, type JsonValue } from '../../../machinery/json.js';
import { dns1123Subdomain } from '../../../machinery/names.js';
import { parseQuantity, scaledValue, signOfQuantity } from '../../../machinery/quantity.js';
import { FieldNode, IMMUTABLE, validating } from '../../generic/field-node.js';
import { goDiff } from '../../generic/go-diff.js';
import { checkNodeSelector } from '../../generic/node-selector.js';
import { typedEqual } from '../../../schema/typed-equal.js';
import type { Strategy } from '../../types.js';
import { checkAccessModes, checkVolumeMode } from './claim-parts.js';
import { PERSISTENT_SOURCES } from './persistent-sources.js';
import { CONFLICT_NAMES } from './volume-sources.js';
import { persistentVolumeWarnings } from './storage-warnings.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, ValidatePersistentVolume and ValidatePersistentVolumeUpdate.

const SOURCES = Object.keys(PERSISTENT_SOURCES);

function checkCapacity(spec: FieldNode): void {
  const capacity = spec.entries('capacity');
  if (capacity.length === 0) spec.required('capacity');
  if (capacity.length > 1 || capacity[0]?.[0] !== 'storage') {
    spec.add(notSupported(spec.at('capacity'), spec.get('capacity') ?? null, ['storage']));
  }
  for (const [name, text] of capacity) {
    const at = spec.at(`capacity[${name}]`);
    const quantity = parseQuantity(text);
    if (signOfQuantity(quantity) < 0) {
      spec.add(invalidValue(at, scaledValue(quantity, 0), 'must be a valid resource quantity'));
    }
    if (signOfQuantity(quantity) <= 0) spec.add(invalidValue(at, text, 'must be greater than zero'));
  }
}

function checkAffinity(spec: FieldNode): void {
  const affinity = spec.child('nodeAffinity');
  if (affinity === undefined) return;
  const required = affinity.child('required');
  if (required === undefined) affinity.required('required', 'must specify required node constraints');
  else checkNodeSelector(required);
}

/** `hasAffinity`: it is said on which nodes the volume is. */
function checkSources(spec: FieldNode, hasAffinity: boolean): void {
  const given = SOURCES.filter((source) => spec.has(source));
  for (const [i, source] of given.entries()) {
    const node = spec.child(source);
    // A flex volume is looked at even beside another.
    if (i > 0 && source !== 'flexVolume')
      spec.forbidden(CONFLICT_NAMES[source] ?? source, 'may not specify more than 1 volume type');
    else if (node !== undefined) {
      PERSISTENT_SOURCES[source]?.(node);
      if (source === 'local' && !hasAffinity) spec.required('nodeAffinity', 'Local volume requires node affinity');
    }
  }
  if (given.length === 0) spec.required('', 'must specify a volume type');
  const host = spec.child('hostPath');
  const isRoot = host !== undefined && path.posix.normalize(host.text('path')) === '/';
  if (isRoot && spec.text('persistentVolumeReclaimPolicy') === 'Recycle') {
    spec.forbidden('persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
  }
}

const NOT_INLINE = 'may not be specified in the context of inline volumes';

/**
 * Field errors of the spec of a volume that no PersistentVolume stands for, as an attachment may have it: there is
 * nothing to claim, and a CSI driver provides it (ValidatePersistentVolumeSpec, for inline specs).
 */
export function checkInlineVolume(spec: FieldNode): void {
  if (spec.has('claimRef')) spec.forbidden('claimRef', NOT_INLINE);
  if (spec.count('capacity') > 0) spec.forbidden('capacity', NOT_INLINE);
  if (!spec.has('csi')) spec.required('csi', 'has to be specified in the context of inline volumes');
  checkAccessModes(spec, '');
  const policy = spec.text('persistentVolumeReclaimPolicy');
  if (policy !== '' && policy !== 'Retain') {
    spec.forbidden('persistentVolumeReclaimPolicy', 'may only be Retain in the context of inline volumes');
  }
  if (spec.has('nodeAffinity')) spec.forbidden('nodeAffinity', NOT_INLINE);
  checkSources(spec, false);
  if (spec.text('storageClassName') !== '') spec.forbidden('storageClassName', NOT_INLINE);
  if (spec.has('volumeMode') && spec.text('volumeMode') !== 'Filesystem') {
    spec.forbidden('volumeMode', 'may not specify volumeMode other than Filesystem in the context of inline volumes');
  }
}

function checkVolume(root: FieldNode): void {
  const spec = root.struct('spec');
  checkAccessModes(spec, '');
  checkCapacity(spec);
  const policy = spec.text('persistentVolumeReclaimPolicy');
  if (policy !== '') spec.requireOneOf('persistentVolumeReclaimPolicy', ['Delete', 'Recycle', 'Retain']);
  checkAffinity(spec);
  checkSources(spec, spec.has('nodeAffinity'));
  if (spec.text('storageClassName') !== '') spec.checkText('storageClassName', dns1123Subdomain);
  checkVolumeMode(spec);
  if (!spec.has('volumeAttributesClassName')) return;
  if (spec.text('volumeAttributesClassName') === '') {
    spec.required('volumeAttributesClassName', 'an empty string is disallowed');
  } else spec.checkText('volumeAttributesClassName', dns1123Subdomain);
  if (!spec.has('csi')) spec.required('csi', 'has to be specified when using volumeAttributesClassName');
}

const sourceOf = (spec: FieldNode, withExpansion: boolean): JsonObject => {
  const out: JsonObject = {};
  for (const key of SOURCES) if (spec.has(key)) out[key] = spec.get(key) ?? null;
  const csi = spec.child('csi')?.value;
  // A driver may learn later how to expand.
  if (csi !== undefined && !withExpansion) out['csi'] = { ...csi, controllerExpandSecretRef: null };
  return out;
};

/** Labels of nodes that were called otherwise before they were stable. */
const STABLE_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
};

/** A node affinity with the stable names of labels. */
function withStableLabels(v: JsonValue): JsonValue {
  if (Array.isArray(v)) return v.map(withStableLabels);
  if (!isObject(v)) return v;
  const out: JsonObject = {};
  for (const [key, x] of Object.entries(v)) {
    if (x === undefined) continue;
    out[key] = key === 'key' && typeof x === 'string' ? (STABLE_LABELS[x] ?? x) : withStableLabels(x);
  }
  return out;
}

const SOURCE_IMMUTABLE = 'spec.persistentvolumesource is immutable after creation';
/** The sources in the order of the internal type. */
const SOURCES_IN_GO = (
  'gcePersistentDisk awsElasticBlockStore hostPath glusterfs nfs rbd quobyte iscsi flexVolume cinder cephfs fc flocker ' +
  'azureFile vsphereVolume azureDisk photonPersistentDisk portworxVolume scaleIO local storageos csi'
).split(' ');

const VOLUME_SPEC = 'io.k8s.api.core.v1.PersistentVolumeSpec';

function checkVolumeUpdate(root: FieldNode, old: JsonObject): void {
  const spec = root.struct('spec');
  const was = new FieldNode(old).struct('spec');
  const withExpansion = was.child('csi')?.has('controllerExpandSecretRef') === true;
  if (!typedEqual(VOLUME_SPEC, sourceOf(spec, withExpansion), sourceOf(was, withExpansion))) {
    const what = goDiff(was.value, spec.value, VOLUME_SPEC, SOURCES_IN_GO);
    root.add(forbiddenField('spec.persistentvolumesource', `${SOURCE_IMMUTABLE}\n${what}`));
  }
  if (!semanticEqual(spec.get('volumeMode'), was.get('volumeMode'))) {
    root.add(invalidValue('volumeMode', spec.get('volumeMode') ?? null, IMMUTABLE));
  }
  const [affinity, before] = [spec.get('nodeAffinity'), was.get('nodeAffinity')];
  if (before !== undefined && !semanticEqual(affinity, before) && !semanticEqual(affinity, withStableLabels(before))) {
    root.add(invalidValue('nodeAffinity', affinity ?? null, `${IMMUTABLE}, except for updating from beta label to GA`));
  }
  if (was.has('volumeAttributesClassName') && !spec.has('volumeAttributesClassName')) {
    spec.forbidden('volumeAttributesClassName', 'update from non-nil value to nil is forbidden');
  }
}

export const volumeRules: Pick<Strategy, 'validate' | 'validateUpdate' | 'warnings'> = {
  warnings: persistentVolumeWarnings,
  validate: (o) => validating(o, checkVolume),
  // The strategy asks for the rules of a new volume, and so does the rule for updates: field errors come twice.
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkVolume(root);
      checkVolume(root);
      checkVolumeUpdate(root, old);
    }),
};
