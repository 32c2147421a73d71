import { expect, test } from 'vitest';
import { claimWarnings, persistentVolumeWarnings } from './storage-warnings.js';

test('Claims: the annotation that is a field now, and fractions of a byte', () => {
  const claim = {
    metadata: { name: 'c', annotations: { 'volume.beta.kubernetes.io/storage-class': 'gold' } },
    spec: { resources: { requests: { storage: '1500m' }, limits: { storage: '2Gi' } } },
  };
  expect(claimWarnings(claim)).toEqual([
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
  ]);
  expect(claimWarnings({ metadata: { name: 'c' }, spec: {} })).toEqual([]);
});

test('Volumes: annotations, reclaim policy, labels of nodes, sources', () => {
  const term = { matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] };
  const volume = {
    metadata: { name: 'v', annotations: { 'volume.beta.kubernetes.io/mount-options': 'ro' } },
    spec: {
      persistentVolumeReclaimPolicy: 'Recycle',
      nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      storageos: {},
    },
  };
  expect(persistentVolumeWarnings(volume)).toEqual([
    'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
    'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.storageOS: deprecated in v1.22, non-functional in v1.25+',
  ]);
});
