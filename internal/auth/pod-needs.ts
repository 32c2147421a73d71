import { child, children, str } from '../machinery/access.js';
import { isObject, type JsonObject } from '../machinery/json.js';

/** Kinds of objects that a node may read because something that runs on it needs them. */
export type NeededKind =
  | 'secret'
  | 'configMap'
  | 'persistentVolumeClaim'
  | 'persistentVolume'
  | 'resourceClaim'
  | 'serviceAccount'
  | 'volumeAttachment'
  | 'resourceSlice'
  | 'pod';

/** Tells what a pod refers to in its namespace; a name may be told twice, or be ''. `podName` names its ephemeral claims. */
export function podNeeds(
  podName: string,
  spec: JsonObject | undefined,
  add: (kind: NeededKind, name: string) => void,
): void {
  add('serviceAccount', str(spec, 'serviceAccountName'));
  for (const secret of children(spec, 'imagePullSecrets')) add('secret', str(secret, 'name'));
  for (const claim of children(spec, 'resourceClaims')) add('resourceClaim', str(claim, 'resourceClaimName'));
  for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
    for (const container of children(spec, list)) {
      for (const from of children(container, 'envFrom')) {
        add('secret', str(child(from, 'secretRef'), 'name'));
        add('configMap', str(child(from, 'configMapRef'), 'name'));
      }
      for (const env of children(container, 'env')) {
        const from = child(env, 'valueFrom');
        add('secret', str(child(from, 'secretKeyRef'), 'name'));
        add('configMap', str(child(from, 'configMapKeyRef'), 'name'));
      }
    }
  }
  for (const volume of children(spec, 'volumes')) {
    add('secret', str(child(volume, 'secret'), 'secretName'));
    add('secret', str(child(volume, 'azureFile'), 'secretName'));
    add('configMap', str(child(volume, 'configMap'), 'name'));
    add('persistentVolumeClaim', str(child(volume, 'persistentVolumeClaim'), 'claimName'));
    if (child(volume, 'ephemeral') !== undefined) add('persistentVolumeClaim', `${podName}-${str(volume, 'name')}`);
    for (const source of children(child(volume, 'projected'), 'sources')) {
      add('secret', str(child(source, 'secret'), 'name'));
      add('configMap', str(child(source, 'configMap'), 'name'));
    }
    for (const source of Object.values(volume)) {
      if (!isObject(source)) continue;
      add('secret', str(child(source, 'secretRef'), 'name'));
      add('secret', str(child(source, 'nodePublishSecretRef'), 'name'));
    }
  }
}
