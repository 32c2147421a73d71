import { child, children, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import type { Check, PodView, Violation } from '../check.js';
import { counted, joinQuoted, plural, sorted } from '../texts.js';

const ALLOWED = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const RESTRICTED = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];

const sourceOf = (volume: JsonObject, types: readonly string[]): string | undefined =>
  types.find((type) => child(volume, type) !== undefined);

function onlyOfKubernetes(pod: PodView): Violation | undefined {
  const bad = children(pod.spec, 'volumes').filter((volume) => sourceOf(volume, ALLOWED) === undefined);
  if (bad.length === 0) return undefined;
  const names = bad.map((volume) => str(volume, 'name'));
  const types = sorted(bad.map((volume) => sourceOf(volume, RESTRICTED) ?? 'unknown'));
  const what = plural(types.length, 'restricted volume type');
  return {
    reason: 'restricted volume types',
    detail: `${counted('volume', names)} ${plural(bad.length, 'uses', 'use')} ${what} ${joinQuoted(types)}`,
  };
}

/** Volumes come from Kubernetes' objects, from claims or from CSI, and from no other driver. */
export const restrictedVolumes: Check = {
  id: 'restrictedVolumes',
  level: 'restricted',
  versions: [{ since: 0, check: onlyOfKubernetes, overrides: ['hostPathVolumes'] }],
};
