import type { JsonObject } from '../../../machinery/json.js';
import { formatQuantity, parseQuantity, scaledValue } from '../../../machinery/quantity.js';
import { type FieldNode, validating } from '../../generic/field-node.js';
import { nodeTermWarnings } from './pod/scheduling-warnings.js';
import { REMOVED_SOURCES } from './pod/volume-warnings.js';

// Texts: k8s.io/kubernetes pkg/api/persistentvolume and pkg/api/persistentvolumeclaim (GetWarningsFor...).

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const DEPRECATED: Readonly<Record<string, string>> = {
  [CLASS_ANNOTATION]: 'deprecated since v1.8; use "storageClassName" attribute instead',
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};

type Warn = (text: string) => void;

function warningsOf(obj: JsonObject, about: (root: FieldNode, warn: Warn) => void): string[] {
  const warnings: string[] = [];
  validating(obj, (root) => {
    about(root, (text) => {
      warnings.push(text);
    });
  });
  return warnings;
}

function deprecated(root: FieldNode, keys: readonly string[], warn: Warn): void {
  const annotations = root.child('metadata')?.child('annotations');
  for (const key of keys) {
    if (annotations?.has(key) === true) warn(`${annotations.path}[${key}]: ${DEPRECATED[key] ?? ''}`);
  }
}

/** Warnings about a claim: an annotation that has a field now, and fractions of a byte. */
export const claimWarnings = (claim: JsonObject): string[] =>
  warningsOf(claim, (root, warn) => {
    deprecated(root, [CLASS_ANNOTATION], warn);
    fractionsOf(root.struct('spec'), warn);
  });

/** Warnings about the spec of a claim: amounts of storage are whole bytes. */
export function fractionsOf(spec: FieldNode, warn: Warn): void {
  const resources = spec.child('resources');
  for (const list of ['requests', 'limits']) {
    const amounts = resources?.child(list);
    const text = amounts?.text('storage') ?? '';
    if (amounts === undefined || text === '') continue;
    const amount = parseQuantity(text);
    if (scaledValue(amount, 3) % 1000n === 0n) continue;
    const shown = JSON.stringify(formatQuantity(amount));
    warn(`${amounts.path}[storage]: fractional byte value ${shown} is invalid, must be an integer`);
  }
}

/** Warnings about a volume: annotations, labels of nodes and sources that are gone or have other names now. */
export const persistentVolumeWarnings = (volume: JsonObject): string[] =>
  warningsOf(volume, (root, warn) => {
    deprecated(root, Object.keys(DEPRECATED), warn);
    const spec = root.struct('spec');
    if (spec.text('persistentVolumeReclaimPolicy') === 'Recycle') {
      warn(
        `${spec.at('persistentVolumeReclaimPolicy')}: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.`,
      );
    }
    for (const term of spec.child('nodeAffinity')?.child('required')?.list('nodeSelectorTerms') ?? []) {
      nodeTermWarnings(term, warn);
    }
    for (const key of ['cephfs', 'photonPersistentDisk', 'scaleIO', 'storageos', 'glusterfs', 'rbd']) {
      // Volumes call this one with other capitals than pods do.
      if (spec.has(key)) warn(`${spec.at(key === 'storageos' ? 'storageOS' : key)}: ${REMOVED_SOURCES[key] ?? ''}`);
    }
  });
