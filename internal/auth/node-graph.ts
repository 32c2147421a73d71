import { child, children, str } from '../machinery/access.js';
import { isObject, type JsonObject } from '../machinery/json.js';
import { MIRROR } from '../machinery/mirror-pod.js';
import { objectKey, resourcePrefix } from '../store/keys.js';
import type { StateReader } from '../store/types.js';
import { type InformedObjects, Informer } from '../store/informer.js';
import { type NeededKind, podNeeds } from './pod-needs.js';

const PODS = resourcePrefix('', 'pods');
const VOLUMES = resourcePrefix('', 'persistentvolumes');
const ATTACHMENTS = resourcePrefix('storage.k8s.io', 'volumeattachments');
const SLICES = resourcePrefix('resource.k8s.io', 'resourceslices');

interface PodFacts {
  readonly node: string;
  readonly namespace: string;
  /** `kind name` of what the pod refers to in its namespace. */
  readonly needs: ReadonlySet<string>;
}
interface VolumeFacts {
  readonly claim: string;
  readonly secrets: readonly string[];
}
/** Attachments and slices say themselves which node they are for. */
interface BoundFacts {
  readonly node: string;
}

/** Which objects stand in relation to which node, by the pods bound to it (kube-apiserver's node authorizer graph). */
export class NodeGraph {
  private readonly pods: InformedObjects<PodFacts>;
  private readonly volumes: InformedObjects<VolumeFacts>;
  private readonly attachments: InformedObjects<BoundFacts>;
  private readonly slices: InformedObjects<BoundFacts>;
  /** Pods by node, namespace and what they need there; volumes by the secrets that they name. */
  private readonly podsByNeed: (need: string) => ReadonlySet<PodFacts>;
  private readonly volumesBySecret: (secret: string) => ReadonlySet<VolumeFacts>;

  constructor(backend: StateReader) {
    const informer = Informer.of(backend);
    const bound = (object: JsonObject): BoundFacts => ({ node: str(child(object, 'spec'), 'nodeName') });
    this.pods = informer.objects(PODS, podFacts);
    this.volumes = informer.objects(VOLUMES, volumeFacts);
    this.attachments = informer.objects(ATTACHMENTS, bound);
    this.slices = informer.objects(SLICES, bound);
    this.podsByNeed = this.pods.indexBy((pod) => [...pod.needs].map((need) => `${pod.node} ${pod.namespace} ${need}`));
    this.volumesBySecret = this.volumes.indexBy((volume) => volume.secrets);
  }

  /** Whether `node` is related to the object. */
  isRelated(node: string, kind: NeededKind, namespace: string, name: string): boolean {
    switch (kind) {
      case 'pod':
        return this.pods.get(objectKey('', 'pods', namespace, name))?.node === node;
      case 'volumeAttachment':
        return this.attachments.get(ATTACHMENTS + name)?.node === node;
      case 'resourceSlice':
        return this.slices.get(SLICES + name)?.node === node;
      case 'persistentVolume': {
        const volume = this.volumes.get(VOLUMES + name);
        return volume !== undefined && this.claimIsUsed(node, volume.claim);
      }
      case 'secret':
        return this.isNeeded(node, kind, namespace, name) || this.isVolumeSecret(node, `${namespace}/${name}`);
      case 'configMap':
      case 'persistentVolumeClaim':
      case 'resourceClaim':
      case 'serviceAccount':
        return this.isNeeded(node, kind, namespace, name);
    }
  }

  private isNeeded(node: string, kind: NeededKind, namespace: string, name: string): boolean {
    return this.podsByNeed(`${node} ${namespace} ${kind} ${name}`).size > 0;
  }

  private isVolumeSecret(node: string, secret: string): boolean {
    for (const volume of this.volumesBySecret(secret)) {
      if (this.claimIsUsed(node, volume.claim)) return true;
    }
    return false;
  }

  private claimIsUsed(node: string, claim: string): boolean {
    const [namespace = '', name = ''] = claim.split('/');
    return name !== '' && this.isNeeded(node, 'persistentVolumeClaim', namespace, name);
  }
}

function podFacts(pod: JsonObject): PodFacts | undefined {
  const spec = child(pod, 'spec');
  const metadata = child(pod, 'metadata');
  const node = str(spec, 'nodeName');
  if (node === '') return undefined;
  const needs = new Set<string>();
  const add = (kind: NeededKind, name: string): void => {
    if (name !== '') needs.add(`${kind} ${name}`);
  };
  // A mirror pod stands for a static one, which must not open up anything of the API to its node.
  if (str(child(metadata, 'annotations'), MIRROR) === '') {
    podNeeds(str(metadata, 'name'), spec, add);
    for (const status of children(child(pod, 'status'), 'resourceClaimStatuses')) {
      add('resourceClaim', str(status, 'resourceClaimName'));
    }
  }
  return { node, namespace: str(metadata, 'namespace'), needs };
}

function volumeFacts(volume: JsonObject): VolumeFacts | undefined {
  const spec = child(volume, 'spec');
  const claimRef = child(spec, 'claimRef');
  if (claimRef === undefined) return undefined;
  const home = str(claimRef, 'namespace');
  const secrets: string[] = [];
  for (const source of Object.values(spec ?? {})) {
    if (!isObject(source)) continue;
    for (const [field, reference] of Object.entries(source)) {
      if (!/secretRef$/i.test(field) || !isObject(reference)) continue;
      const namespace = str(reference, 'namespace');
      secrets.push(`${namespace === '' ? home : namespace}/${str(reference, 'name')}`);
    }
  }
  const azure = child(spec, 'azureFile');
  if (azure !== undefined) {
    const namespace = str(azure, 'secretNamespace');
    secrets.push(`${namespace === '' ? home : namespace}/${str(azure, 'secretName')}`);
  }
  return { claim: `${home}/${str(claimRef, 'name')}`, secrets };
}
