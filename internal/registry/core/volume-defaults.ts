import { child, children, defaultString, defaultTo, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { defaultClaimSpec } from './persistent-volume-claim.js';
import { defaultFieldRef, defaultPullPolicy } from './reference-defaults.js';

/** 0644, the mode of files that a volume source makes. */
const FILE_MODE = 0o644;

/** Fills what one entry of `volumes` leaves open; a volume without a source is an emptyDir. */
export function defaultVolume(v: JsonObject): void {
  if (Object.keys(v).every((k) => k === 'name' || v[k] === undefined)) v['emptyDir'] = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const s = child(v, source);
    if (s !== undefined) defaultTo(s, 'defaultMode', FILE_MODE);
  }
  for (const item of children(child(v, 'downwardAPI'), 'items')) defaultDownwardItem(item);
  for (const source of children(child(v, 'projected'), 'sources')) {
    for (const item of children(child(source, 'downwardAPI'), 'items')) defaultDownwardItem(item);
    const token = child(source, 'serviceAccountToken');
    if (token !== undefined) defaultTo(token, 'expirationSeconds', 3600);
  }
  const image = child(v, 'image');
  if (image !== undefined) defaultString(image, 'pullPolicy', defaultPullPolicy(str(image, 'reference')));
  const template = child(child(v, 'ephemeral'), 'volumeClaimTemplate');
  const claim = child(template, 'spec');
  if (claim !== undefined) defaultClaimSpec(claim);
  defaultVolumeSource(v);
}

function defaultDownwardItem(item: JsonObject): void {
  defaultFieldRef(item);
  const resource = child(item, 'resourceFieldRef');
  if (resource !== undefined) defaultTo(resource, 'divisor', '0');
}

/** The sources that pod volumes and persistent volumes share. */
export function defaultVolumeSource(v: JsonObject): void {
  const hostPath = child(v, 'hostPath');
  if (hostPath !== undefined) defaultTo(hostPath, 'type', '');
  const iscsi = child(v, 'iscsi');
  if (iscsi !== undefined) defaultString(iscsi, 'iscsiInterface', 'default');
  const rbd = child(v, 'rbd');
  if (rbd !== undefined) {
    defaultString(rbd, 'pool', 'rbd');
    defaultString(rbd, 'user', 'admin');
    defaultString(rbd, 'keyring', '/etc/ceph/keyring');
  }
  const azureDisk = child(v, 'azureDisk');
  if (azureDisk !== undefined) {
    defaultTo(azureDisk, 'cachingMode', 'ReadWrite');
    defaultTo(azureDisk, 'kind', 'Shared');
    defaultTo(azureDisk, 'fsType', 'ext4');
    defaultTo(azureDisk, 'readOnly', false);
  }
  const scaleIo = child(v, 'scaleIO');
  if (scaleIo !== undefined) {
    defaultString(scaleIo, 'storageMode', 'ThinProvisioned');
    defaultString(scaleIo, 'fsType', 'xfs');
  }
}
