import { podNeeds } from '../../auth/pod-needs.js';
import { child, children, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { MIRROR } from '../../machinery/mirror-pod.js';
import { notFound } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';

/** What mirror pods may not refer to, in the order in which it is looked for. */
const FOREIGN = [
  ['serviceAccount', 'a service account'],
  ['secret', 'secrets'],
  ['configMap', 'configmaps'],
] as const;

const nodeNameOf = (pod: JsonObject | undefined): string => str(child(pod, 'spec'), 'nodeName');

function ownerProblem(ctx: AdmissionContext, node: string, pod: JsonObject): string | undefined {
  const owners = children(child(pod, 'metadata'), 'ownerReferences');
  const [owner] = owners;
  if (owners.length > 1) return `node "${node}" can only create pods with a single owner reference set to itself`;
  if (
    owner === undefined ||
    str(owner, 'apiVersion') !== 'v1' ||
    str(owner, 'kind') !== 'Node' ||
    str(owner, 'name') !== node
  ) {
    return `node "${node}" can only create pods with an owner reference set to itself`;
  }
  if (owner['controller'] !== true) {
    return `node "${node}" can only create pods with a controller owner reference set to itself`;
  }
  if (owner['blockOwnerDeletion'] === true) {
    return `node "${node}" must not set blockOwnerDeletion on an owner reference`;
  }
  const stored = ctx.reader.get('', 'nodes', '', node);
  if (stored === undefined) throw notFound({ group: '', resource: 'node' }, node);
  const [given, uid] = [str(owner, 'uid'), str(child(stored, 'metadata'), 'uid')];
  return given === uid ? undefined : `node ${node} UID mismatch: expected ${given} got ${uid}`;
}

/** Why a kubelet may not create this pod: it may only mirror static pods of its own that refer to nothing in the API. */
export function podCreateProblem(ctx: AdmissionContext, node: string, pod: JsonObject): string | undefined {
  const metadata = child(pod, 'metadata');
  if (child(metadata, 'annotations')?.[MIRROR] === undefined) {
    return `pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`;
  }
  if (nodeNameOf(pod) !== node) return `node "${node}" can only create pods with spec.nodeName set to itself`;
  const owner = ownerProblem(ctx, node, pod);
  if (owner !== undefined) return owner;
  const spec = child(pod, 'spec');
  const needed = new Set<string>();
  podNeeds('', spec, (kind, name) => {
    if (name !== '') needed.add(kind);
  });
  for (const [kind, what] of FOREIGN) {
    if (needed.has(kind)) return `node "${node}" can not create pods that reference ${what}`;
  }
  const volumes = children(spec, 'volumes');
  const projected = volumes.flatMap((volume) => children(child(volume, 'projected'), 'sources'));
  if (projected.some((source) => source['clusterTrustBundle'] !== undefined)) {
    return `node "${node}" can not create pods that reference clustertrustbundles`;
  }
  if (volumes.some((volume) => volume['persistentVolumeClaim'] !== undefined)) {
    return `node "${node}" can not create pods that reference persistentvolumeclaims`;
  }
  return undefined;
}

/** Why a kubelet may not write this status. */
export function podStatusProblem(node: string, a: AdmissionAttributes): string | undefined {
  if (nodeNameOf(a.oldObject) !== node) {
    return `node "${node}" can only update pod status for pods with spec.nodeName set to itself`;
  }
  const labels = (pod: JsonObject | undefined): JsonObject => child(child(pod, 'metadata'), 'labels') ?? {};
  if (!semanticEqual(labels(a.object), labels(a.oldObject))) {
    return `node "${node}" cannot update labels through pod status`;
  }
  const claims = (pod: JsonObject | undefined): JsonObject[] => children(child(pod, 'status'), 'resourceClaimStatuses');
  return semanticEqual(claims(a.object), claims(a.oldObject))
    ? undefined
    : `node "${node}" cannot update resource claim statues`;
}

/** Why a kubelet may not delete this pod. */
export function podDeleteProblem(node: string, pod: JsonObject | undefined): string | undefined {
  return nodeNameOf(pod) === node ? undefined : `node "${node}" can only delete pods with spec.nodeName set to itself`;
}

/** Why a kubelet may not evict this pod; one that is not there is for the eviction to tell. */
export function podEvictionProblem(ctx: AdmissionContext, node: string, a: AdmissionAttributes): string | undefined {
  const pod = ctx.reader.get('', 'pods', a.namespace, a.name);
  return pod === undefined || nodeNameOf(pod) === node
    ? undefined
    : `node ${node} can only evict pods with spec.nodeName set to itself`;
}
