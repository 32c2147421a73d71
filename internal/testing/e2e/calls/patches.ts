import type { JsonObject, JsonValue } from '../../../machinery/json.js';
import type { Shape } from './shapes.js';

export const STRATEGIC = 'application/strategic-merge-patch+json';
export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const APPLY = 'application/apply-patch+yaml';

/** A patch as the component sends it, and what of the answer must show it. */
export interface Patch {
  readonly contentType: string;
  readonly body: JsonValue;
  readonly shows: JsonObject;
}

const annotations = { annotations: { 'calls.example/touched': 'yes' } };
const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: '2026-01-01T00:00:00Z' };

function same(contentType: string, body: JsonObject, shows: JsonObject = body): Patch {
  return { contentType, body, shows };
}

/** The patch that a shape's client sends; `object` is the object that is there, `applied` what a server-side apply sends. */
export function patchOf(shape: Shape, key: string, name: string, applied: JsonObject): Patch {
  if (shape.query.includes('force=true')) return applyOf(key, name, applied);
  switch (key) {
    case '/pods/status':
      return same(
        STRATEGIC,
        {
          status: {
            '$setElementOrder/conditions': [{ type: 'Ready' }],
            phase: 'Running',
            conditions: [ready],
            podIP: '10.1.2.3',
            podIPs: [{ ip: '10.1.2.3' }],
          },
        },
        { status: { phase: 'Running', conditions: [ready], podIP: '10.1.2.3' } },
      );
    case '/nodes/status':
      return same(
        STRATEGIC,
        { status: { '$setElementOrder/conditions': [{ type: 'Ready' }], conditions: [ready] } },
        { status: { conditions: [ready] } },
      );
    case '/nodes':
      if (shape.client === 'kubectl') return same(STRATEGIC, { spec: { unschedulable: true } });
      return same(STRATEGIC, { metadata: annotations });
    case '/events':
      return same(STRATEGIC, { count: 2, lastTimestamp: '2026-01-02T00:00:00Z' });
    case 'networking.k8s.io/servicecidrs':
      return same(MERGE, { metadata: { finalizers: ['networking.k8s.io/service-cidr-finalizer'] } });
    case 'apps/deployments/scale':
      return same(MERGE, { spec: { replicas: 3 } });
    case 'apps/deployments':
      return deploymentPatch(shape);
    default:
      return same(STRATEGIC, {
        metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) } },
      });
  }
}

/** `kubectl rollout undo` without a field manager, `kubectl set image` with one. */
function deploymentPatch(shape: Shape): Patch {
  const image = { spec: { template: { spec: { containers: [{ name: 'c', image: 'registry.example/app:2' }] } } } };
  if (shape.query !== '') return same(STRATEGIC, image);
  return {
    contentType: JSON_PATCH,
    body: [
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'registry.example/app:2' },
      { op: 'add', path: '/metadata/annotations', value: { 'calls.example/touched': 'yes' } },
    ],
    shows: { ...image, metadata: annotations },
  };
}

function applyOf(key: string, name: string, applied: JsonObject): Patch {
  const { apiVersion, kind } = applied;
  if (key === 'networking.k8s.io/servicecidrs/status') {
    const conditions = [{ ...ready, message: 'ready' }];
    return same(APPLY, { apiVersion, kind, metadata: { name }, status: { conditions } });
  }
  if (key === 'rbac.authorization.k8s.io/clusterroles') {
    const rules = [{ apiGroups: ['calls.example'], resources: ['things'], verbs: ['get'] }];
    return same(APPLY, { apiVersion, kind, metadata: { name }, rules });
  }
  return same(APPLY, applied, { apiVersion, kind, metadata: { name } });
}
