import type { StateReader } from '../store/types.js';
import { NodeGraph } from './node-graph.js';
import { nodeOf } from './node-identity.js';
import type { NeededKind } from './pod-needs.js';
import { type RbacAuthorizer, ruleAllows } from './rbac.js';
import { ALLOWED, type Attributes, type Authorizer, type Decision, NO_OPINION } from './types.js';

const no = (reason: string): Decision => ({ decision: 'noOpinion', reason });

/**
 * What kubelets may do: read what the pods bound to their node need, keep their own node's objects, and what the
 * ClusterRole system:node says of everything else (kube-apiserver's node authorizer).
 */
export class NodeAuthorizer implements Authorizer {
  private readonly graph: NodeGraph;
  private readonly byResource: Readonly<Record<string, (node: string, a: Attributes) => Decision>> = {
    '/secrets': (node, a) => this.read(node, 'secret', a),
    '/configmaps': (node, a) => this.read(node, 'configMap', a),
    '/persistentvolumeclaims': (node, a) =>
      a.subresource === 'status'
        ? this.updateStatus(node, 'persistentVolumeClaim', a)
        : this.get(node, 'persistentVolumeClaim', a),
    '/persistentvolumes': (node, a) => this.get(node, 'persistentVolume', a),
    'resource.k8s.io/resourceclaims': (node, a) => this.get(node, 'resourceClaim', a),
    'storage.k8s.io/volumeattachments': (node, a) => this.get(node, 'volumeAttachment', a),
    '/serviceaccounts': (node, a) => this.serviceAccount(node, a),
    'coordination.k8s.io/leases': (node, a) => lease(node, a),
    'storage.k8s.io/csinodes': (node, a) => csiNode(node, a),
    'resource.k8s.io/resourceslices': (node, a) => this.resourceSlice(node, a),
    '/nodes': (node, a) => this.node(node, a),
    '/pods': (node, a) => this.pod(node, a),
  };

  /** Rules beyond the ones here are those of the ClusterRole system:node, read through `rbac`. */
  constructor(
    backend: StateReader,
    private readonly rbac: RbacAuthorizer,
  ) {
    this.graph = new NodeGraph(backend);
  }

  authorize(a: Attributes): Decision {
    const node = nodeOf(a.user);
    if (node === undefined) return NO_OPINION;
    if (node === '') return no(`unknown node for user ${JSON.stringify(a.user.username)}`);
    const key = `${a.group}/${a.resource}`;
    const rule = a.isResourceRequest && Object.hasOwn(this.byResource, key) ? this.byResource[key] : undefined;
    return rule === undefined ? this.byRole(a) : rule(node, a);
  }

  private byRole(a: Attributes): Decision {
    const rules = this.rbac.rulesOfRole('ClusterRole', '', 'system:node') ?? [];
    return rules.some((rule) => ruleAllows(a, rule)) ? ALLOWED : NO_OPINION;
  }

  private related(node: string, kind: NeededKind, a: Attributes): Decision {
    if (a.name === '') return no('No Object name found');
    if (this.graph.isRelated(node, kind, a.namespace, a.name)) return ALLOWED;
    return no(`no relationship found between node '${node}' and this object`);
  }

  private read(node: string, kind: NeededKind, a: Attributes): Decision {
    if (!['get', 'list', 'watch'].includes(a.verb)) return no('can only read resources of this type');
    if (a.subresource !== '') return no('cannot read subresource');
    if (a.namespace === '') return no('can only read namespaced object of this type');
    return this.related(node, kind, a);
  }

  private get(node: string, kind: NeededKind, a: Attributes): Decision {
    if (a.verb !== 'get') return no('can only get individual resources of this type');
    if (a.subresource !== '') return no('cannot get subresource');
    return this.related(node, kind, a);
  }

  private updateStatus(node: string, kind: NeededKind, a: Attributes): Decision {
    if (a.verb !== 'update' && a.verb !== 'patch') return no('can only get/update/patch this type');
    return this.related(node, kind, a);
  }

  private serviceAccount(node: string, a: Attributes): Decision {
    if (a.verb === 'get' && a.subresource === '') return this.get(node, 'serviceAccount', a);
    if (a.verb !== 'create' || a.subresource !== 'token') {
      return no('can only create tokens for individual service accounts');
    }
    return this.related(node, 'serviceAccount', a);
  }

  private resourceSlice(node: string, a: Attributes): Decision {
    if (a.subresource !== '') return no('cannot authorize ResourceSlice subresources');
    switch (a.verb) {
      case 'create':
        return ALLOWED;
      case 'get':
      case 'update':
      case 'patch':
      case 'delete':
        return this.related(node, 'resourceSlice', a);
      case 'list':
      case 'watch':
      case 'deletecollection':
        if (selects(a, 'spec.nodeName', node)) return ALLOWED;
        return no('can only list/watch/deletecollection resourceslices with nodeName field selector');
      default:
        return no(
          'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
        );
    }
  }

  private node(node: string, a: Attributes): Decision {
    if (a.subresource === 'status' && (a.verb === 'update' || a.verb === 'patch')) return ALLOWED;
    if (a.subresource === '') {
      if (['create', 'update', 'patch'].includes(a.verb)) return ALLOWED;
      if (['get', 'list', 'watch'].includes(a.verb)) {
        if (a.name === node) return ALLOWED;
        if (a.name === '') return no(`node '${node}' cannot read all nodes, only its own Node object`);
        return no(`node '${node}' cannot read '${a.name}', only its own Node object`);
      }
    }
    return this.byRole(a);
  }

  private pod(node: string, a: Attributes): Decision {
    if (a.subresource === 'status' && (a.verb === 'update' || a.verb === 'patch')) return ALLOWED;
    if (a.subresource === 'eviction' && a.verb === 'create') return ALLOWED;
    if (a.subresource === '') {
      if (a.verb === 'create' || a.verb === 'delete') return ALLOWED;
      if (a.verb === 'get') return this.get(node, 'pod', a);
      if (a.verb === 'list' || a.verb === 'watch') {
        if (selects(a, 'spec.nodeName', node)) return ALLOWED;
        if (a.name !== '') return this.related(node, 'pod', a);
        return no('can only list/watch pods with spec.nodeName field selector');
      }
    }
    return NO_OPINION;
  }
}

const OWN_VERBS = ['get', 'create', 'update', 'patch', 'delete'];

function lease(node: string, a: Attributes): Decision {
  if (!OWN_VERBS.includes(a.verb)) return no('can only get, create, update, patch, or delete a node lease');
  if (a.namespace !== 'kube-node-lease') return no('can only access leases in the "kube-node-lease" system namespace');
  if (a.verb !== 'create' && a.name !== node) {
    return no('can only access node lease with the same name as the requesting node');
  }
  return ALLOWED;
}

function csiNode(node: string, a: Attributes): Decision {
  if (a.subresource !== '') return no('cannot authorize CSINode subresources');
  if (!OWN_VERBS.includes(a.verb)) return no('can only get, create, update, patch, or delete a CSINode');
  if (a.verb !== 'create' && a.name !== node) {
    return no('can only access CSINode with the same name as the requesting node');
  }
  return ALLOWED;
}

/** Whether the field selector of the request narrows it to `field` = `value`. */
function selects(a: Attributes, field: string, value: string): boolean {
  return (a.fieldSelector ?? '').split(',').some((term) => {
    const match = /^\s*([^=!\s]+)\s*={1,2}\s*(.*?)\s*$/.exec(term);
    return match !== null && match[1] === field && match[2] === value;
  });
}
