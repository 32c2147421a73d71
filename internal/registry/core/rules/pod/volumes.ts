import type { JsonObject } from '../../../../machinery/json.js';
import { dns1123Label, dns1123Subdomain } from '../../../../machinery/names.js';
import { signOfQuantity } from '../../../../machinery/quantity.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { quantityOf } from '../../../generic/quantities.js';
import { checkTemplateMeta } from '../../../generic/template-meta.js';
import { checkDescendingPath } from '../paths.js';
import { checkClaimSpec } from '../persistent-volume-claim.js';
import { checkDriverName, CONFLICT_NAMES, SHARED_SOURCES } from '../volume-sources.js';
import { PULL_POLICIES, requireChoice } from './choices.js';
import { checkProjected } from './projected.js';
import { checkDownward, checkKeys } from './volume-files.js';

/** What volumes depend on beside themselves. */
export interface VolumeRules {
  /** Name of the pod; '' for templates and generated names. */
  readonly podName: string;
  readonly isPod: boolean;
  /** The token path of an older object is left alone. */
  readonly anyTokenPath: boolean;
}

function checkEphemeral(source: FieldNode): void {
  const template = source.child('volumeClaimTemplate');
  if (template === undefined) {
    source.required('volumeClaimTemplate');
    return;
  }
  checkTemplateMeta(template.struct('metadata'));
  checkClaimSpec(template.struct('spec'));
}

function checkGitRepo(source: FieldNode): void {
  source.requireText('repository');
  checkDescendingPath(source, 'directory');
}

function checkImage(source: FieldNode, rules: VolumeRules): void {
  if (rules.isPod) source.requireText('reference');
  requireChoice(source, 'pullPolicy', PULL_POLICIES);
}

function checkCsi(source: FieldNode): void {
  checkDriverName(source, 'driver');
  const secret = source.child('nodePublishSecretRef');
  if (secret === undefined) return;
  const name = secret.text('name');
  if (name === '') secret.required('name');
  else source.checkText('name', dns1123Subdomain, name);
}

function checkEmptyDir(source: FieldNode): void {
  if (signOfQuantity(quantityOf(source.get('sizeLimit'))) < 0) {
    source.forbidden('sizeLimit', 'SizeLimit field must be a valid resource quantity');
  }
}

type PodSourceCheck = (source: FieldNode, rules: VolumeRules) => void;
const S = SHARED_SOURCES;

/** In the order in which kube-apiserver looks at them: the first that is there is the volume's. */
const POD_SOURCES: readonly (readonly [string, PodSourceCheck])[] = [
  ['emptyDir', checkEmptyDir],
  ['hostPath', S.hostPath],
  ['gitRepo', checkGitRepo],
  ['gcePersistentDisk', S.gcePersistentDisk],
  ['awsElasticBlockStore', S.awsElasticBlockStore],
  ['secret', checkKeys('secretName')],
  ['nfs', S.nfs],
  ['iscsi', S.iscsi],
  ['glusterfs', S.glusterfs],
  ['flocker', S.flocker],
  ['persistentVolumeClaim', (source) => source.requireText('claimName')],
  ['rbd', S.rbd],
  ['cinder', S.cinder],
  ['cephfs', S.cephfs],
  ['quobyte', S.quobyte],
  ['downwardAPI', checkDownward],
  ['fc', S.fc],
  ['flexVolume', S.flexVolume],
  ['configMap', checkKeys('name')],
  ['azureFile', S.azureFile],
  ['vsphereVolume', S.vsphereVolume],
  ['photonPersistentDisk', S.photonPersistentDisk],
  ['portworxVolume', S.portworxVolume],
  ['azureDisk', S.azureDisk],
  ['storageos', S.storageos],
  ['projected', (source, rules) => checkProjected(source, rules.anyTokenPath)],
  ['scaleIO', S.scaleIO],
  ['csi', checkCsi],
  ['ephemeral', checkEphemeral],
  ['image', checkImage],
];
/** Length of volume name, colon and portal together. */
const MAX_ISCSI_NAME = 64;
const ISCSI_TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

/** What the name of a volume must allow because of its source. */
function checkNameForSource(volume: FieldNode, key: string, source: FieldNode, podName: string): void {
  const name = volume.text('name');
  if (key === 'iscsi' && source.has('initiatorName')) {
    if (`${name}:${source.text('targetPortal')}`.length > MAX_ISCSI_NAME) volume.invalid('name', ISCSI_TOO_LONG, name);
  } else if (key === 'ephemeral' && podName !== '' && name !== '') {
    const claim = `${podName}-${name}`;
    for (const message of dns1123Subdomain(claim)) volume.invalid('name', `PVC name "${claim}": ${message}`, name);
  }
}

function checkSource(volume: FieldNode, rules: VolumeRules): void {
  let found = false;
  for (const [key, check] of POD_SOURCES) {
    if (!volume.has(key)) continue;
    const source = volume.struct(key);
    if (found) {
      volume.forbidden(CONFLICT_NAMES[key] ?? key, 'may not specify more than 1 volume type');
      continue;
    }
    found = true;
    check(source, rules);
    checkNameForSource(volume, key, source, rules.podName);
  }
  if (!found) volume.required('', 'must specify a volume type');
}

/** `volumes` of a pod spec (ValidateVolumes); answers those that are in order, by name. */
export function checkVolumes(spec: FieldNode, rules: VolumeRules): Map<string, JsonObject> {
  const good = new Map<string, JsonObject>();
  const volumes = spec.list('volumes');
  if (volumes.length === 0) return good;
  const created = new Set(
    rules.podName === ''
      ? []
      : volumes.filter((v) => v.has('ephemeral')).map((v) => `${rules.podName}-${v.text('name')}`),
  );
  for (const volume of volumes) {
    const before = volume.problems.length;
    const name = volume.text('name');
    checkSource(volume, rules);
    volume.requireText('name', dns1123Label);
    if (good.has(name)) volume.duplicate('name');
    if (volume.problems.length === before) good.set(name, volume.value);
    const claim = volume.child('persistentVolumeClaim');
    if (claim !== undefined && created.has(claim.text('claimName'))) {
      claim.invalid('claimName', 'must not reference a PVC that gets created for an ephemeral volume');
    }
  }
  return good;
}
