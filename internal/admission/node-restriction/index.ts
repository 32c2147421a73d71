import { nodeOf } from '../../auth/node-identity.js';
import { child, children, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { forbiddenLabels } from './labels.js';
import { podCreateProblem, podDeleteProblem, podEvictionProblem, podStatusProblem } from './pods.js';

/** Why a node may not make this write; undefined when it may. */
type Rule = (ctx: AdmissionContext, node: string, a: AdmissionAttributes) => string | undefined;

const CLAIM_STATUS = ['capacity', 'conditions', 'allocatedResourceStatuses', 'allocatedResources'];

const nameOf = (a: AdmissionAttributes): string => a.name || str(child(a.object, 'metadata'), 'name');

const pods: Rule = (ctx, node, a) => {
  if (a.subresource === 'eviction') return podEvictionProblem(ctx, node, a);
  if (a.subresource === 'status') return podStatusProblem(node, a);
  if (a.subresource !== '') {
    return `unexpected pod subresource "${a.subresource}", only 'status' and 'eviction' are allowed`;
  }
  if (a.operation === 'CREATE') return podCreateProblem(ctx, node, a.object ?? {});
  if (a.operation === 'DELETE') return podDeleteProblem(node, a.oldObject);
  return `unexpected operation "${a.operation}", node "${node}" can only create and delete mirror pods`;
};

const nodes: Rule = (_ctx, node, a) => {
  if (nameOf(a) !== node) return `node "${node}" is not allowed to modify node "${nameOf(a)}"`;
  if (a.object === undefined) return undefined;
  const source = child(child(a.object, 'spec'), 'configSource');
  const labels = forbiddenLabels(a.object, a.oldObject);
  if (a.operation === 'CREATE') {
    if (source !== undefined) return `node "${node}" is not allowed to create pods with a non-nil configSource`;
    return labels.length > 0
      ? `node "${node}" is not allowed to set the following labels: ${labels.join(', ')}`
      : undefined;
  }
  if (source !== undefined && !semanticEqual(source, child(child(a.oldObject, 'spec'), 'configSource') ?? {})) {
    return `node "${node}" is not allowed to update configSource to a new non-nil configSource`;
  }
  const taints = (o: JsonObject | undefined): JsonObject[] => children(child(o, 'spec'), 'taints');
  if (!semanticEqual(taints(a.object), taints(a.oldObject))) return `node "${node}" is not allowed to modify taints`;
  return labels.length > 0 ? `is not allowed to modify labels: ${labels.join(', ')}` : undefined;
};

const claims: Rule = (_ctx, node, a) => {
  if (a.subresource !== 'status') return 'may only update PVC status';
  const rest = (claim: JsonObject | undefined): JsonObject => {
    const metadata = { ...child(claim, 'metadata') };
    // The new one may leave them to the server.
    for (const field of ['managedFields', 'resourceVersion']) delete metadata[field];
    const status = { ...child(claim, 'status') };
    for (const field of CLAIM_STATUS) delete status[field];
    return { ...claim, metadata, status };
  };
  return semanticEqual(rest(a.object), rest(a.oldObject))
    ? undefined
    : `node "${node}" is not allowed to update fields other than status.capacity and status.conditions`;
};

/** A token must be for a pod that runs on the node. */
const tokens: Rule = (ctx, node, a) => {
  if (a.operation !== 'CREATE' || a.subresource !== 'token') return undefined;
  const ref = child(child(a.object, 'spec'), 'boundObjectRef');
  const [name, uid] = [str(ref, 'name'), str(ref, 'uid')];
  if (str(ref, 'apiVersion') !== 'v1' || str(ref, 'kind') !== 'Pod' || name === '') {
    return 'node requested token not bound to a pod';
  }
  if (uid === '') return 'node requested token with a pod binding without a uid';
  const pod = ctx.reader.get('', 'pods', a.namespace, name);
  if (pod === undefined) return undefined; // for the request to tell
  if (str(child(pod, 'metadata'), 'uid') !== uid) {
    return `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  }
  return str(child(pod, 'spec'), 'nodeName') === node
    ? undefined
    : 'node requested token bound to a pod scheduled on a different node';
};

const leases: Rule = (_ctx, node, a) => {
  if (a.namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace';
  return nameOf(a) === node ? undefined : 'can only access node lease with the same name as the requesting node';
};

const csiNodes: Rule = (_ctx, node, a) =>
  nameOf(a) === node ? undefined : 'can only access CSINode with the same name as the requesting node';

const slices: Rule = (_ctx, node, a) => {
  // The authorizer sees to the rest.
  if (a.operation === 'UPDATE') return undefined;
  const slice = a.operation === 'CREATE' ? a.object : a.oldObject;
  return str(child(slice, 'spec'), 'nodeName') === node
    ? undefined
    : `can only ${a.operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`;
};

const RULES: Readonly<Record<string, Rule>> = {
  '/pods': pods,
  '/nodes': nodes,
  '/persistentvolumeclaims': claims,
  '/serviceaccounts': tokens,
  'coordination.k8s.io/leases': leases,
  'storage.k8s.io/csinodes': csiNodes,
  'resource.k8s.io/resourceslices': slices,
};

function restrict(ctx: AdmissionContext, a: AdmissionAttributes): void {
  const node = nodeOf(a.user);
  if (node === undefined) return;
  if (node === '') throw admissionForbidden(a, `could not determine node from user "${a.user.username}"`);
  const problem = RULES[`${a.def.storage.group}/${a.def.storage.resource}`]?.(ctx, node, a);
  if (problem !== undefined) throw admissionForbidden(a, problem);
}

/** Kubelets may write only what is of their own node (plugin NodeRestriction, which kubeadm turns on). */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: (operation) => operation !== 'CONNECT',
  admit(ctx, a) {
    if (a.operation !== 'DELETE') restrict(ctx, a);
  },
  // What is deleted is known only then.
  validate(ctx, a) {
    if (a.operation === 'DELETE') restrict(ctx, a);
  },
};
