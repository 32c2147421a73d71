import type { JsonObject } from '../../../machinery/json.js';

/** Where a fixture goes. */
interface Place {
  readonly name: string;
  readonly namespace: string;
}

const LABELS = { app: 'calls' };
const container = { name: 'c', image: 'registry.example/app:1' };
const template = { metadata: { labels: LABELS }, spec: { containers: [container] } };
const selector = { matchLabels: LABELS };
const jobSpec = { template: { spec: { restartPolicy: 'Never', containers: [container] } } };
const storage = { resources: { requests: { storage: '1Gi' } }, accessModes: ['ReadWriteOnce'] };
const device = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu.example' } }] } };
const metric = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } };

/** A valid object of each kind that components write, without apiVersion, kind and metadata, by `group/resource`. */
const SPECS: Readonly<Record<string, (place: Place) => JsonObject>> = {
  '/configmaps': () => ({ data: { k: 'v' } }),
  '/endpoints': () => ({ subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 80 }] }] }),
  '/events': ({ name, namespace }) => ({
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace },
    reason: 'Tested',
    message: 'a call was made',
    type: 'Normal',
    source: { component: 'calls' },
    count: 1,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
  }),
  // Limits that hold nobody up: the pods of other calls are in the same namespace.
  '/limitranges': () => ({ spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Ti' } }] } }),
  '/namespaces': () => ({}),
  '/nodes': () => ({ status: { capacity: { cpu: '4', memory: '8Gi', pods: '110' } } }),
  '/persistentvolumeclaims': () => ({ spec: storage }),
  '/pods': () => ({ spec: { containers: [container] } }),
  '/podtemplates': () => ({ template }),
  '/replicationcontrollers': () => ({ spec: { selector: LABELS, template } }),
  '/resourcequotas': () => ({ spec: { hard: { 'count/jobs.batch': '100' } } }),
  '/secrets': () => ({ data: { k: 'dg==' } }),
  '/serviceaccounts': () => ({}),
  '/services': () => ({ spec: { selector: LABELS, ports: [{ port: 80 }] } }),
  'apps/controllerrevisions': () => ({ revision: 1, data: { spec: { template: { $patch: 'replace' } } } }),
  'apps/daemonsets': () => ({ spec: { selector, template } }),
  'apps/deployments': () => ({ spec: { selector, template } }),
  'apps/replicasets': () => ({ spec: { selector, template } }),
  'apps/statefulsets': () => ({ spec: { selector, template, serviceName: 'calls' } }),
  'autoscaling/horizontalpodautoscalers': ({ name }) => ({
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, maxReplicas: 3 },
  }),
  'batch/cronjobs': () => ({ spec: { schedule: '0 3 * * *', jobTemplate: { spec: jobSpec } } }),
  'batch/jobs': () => ({ spec: jobSpec }),
  'coordination.k8s.io/leases': ({ name }) => ({
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:00.000000Z',
    },
  }),
  'discovery.k8s.io/endpointslices': () => ({
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
  }),
  'events.k8s.io/events': ({ name, namespace }) => ({
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'default-scheduler',
    reportingInstance: 'calls',
    action: 'Binding',
    reason: 'Scheduled',
    regarding: { apiVersion: 'v1', kind: 'Pod', name, namespace },
    note: 'assigned',
    type: 'Normal',
  }),
  'networking.k8s.io/ingresses': () => ({
    spec: { defaultBackend: { service: { name: 'calls', port: { number: 80 } } } },
  }),
  'networking.k8s.io/networkpolicies': () => ({ spec: { podSelector: {} } }),
  // A range of its own for every name, out of 10.0.0.0/12.
  'networking.k8s.io/servicecidrs': ({ name }) => ({
    spec: {
      cidrs: [`10.${(Number(name.replaceAll(/\D/g, '')) >> 8) % 16}.${Number(name.replaceAll(/\D/g, '')) % 256}.0/24`],
    },
  }),
  'policy/poddisruptionbudgets': () => ({ spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } } }),
  'rbac.authorization.k8s.io/clusterroles': () => ({
    rules: [],
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { calls: 'yes' } }] },
  }),
  'rbac.authorization.k8s.io/rolebindings': () => ({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'nobody' }],
  }),
  'rbac.authorization.k8s.io/roles': () => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  'resource.k8s.io/resourceclaims': () => ({ spec: device }),
  'resource.k8s.io/resourceclaimtemplates': () => ({ spec: { spec: device } }),
  'storage.k8s.io/csinodes': ({ name }) => ({
    spec: { drivers: [{ name: 'csi.example', nodeID: name, topologyKeys: ['zone'] }] },
  }),
  'storage.k8s.io/csistoragecapacities': () => ({ storageClassName: 'calls', capacity: '1Gi' }),
};

/** Bodies of subresources that are no update of the object, by `group/resource/subresource`. */
const SUBRESOURCES: Readonly<Record<string, (place: Place) => JsonObject>> = {
  '/pods/binding': ({ name, namespace }) => ({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace },
    target: { kind: 'Node', name: 'calls-node' },
  }),
  '/pods/eviction': ({ name, namespace }) => ({
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: {},
  }),
  '/serviceaccounts/token': () => ({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: [], expirationSeconds: 3607 },
  }),
};

/** A new object for `group/resource`. `kind` and `apiVersion` are the resource's. Throws for a kind without a fixture. */
export function newObject(key: string, apiVersion: string, kind: string, place: Place): JsonObject {
  const spec = SPECS[key];
  if (spec === undefined) throw new Error(`no fixture for ${key}: write one`);
  const { name, namespace } = place;
  const metadata: JsonObject = { name, labels: LABELS, ...(namespace === '' ? {} : { namespace }) };
  return { apiVersion, kind, metadata, ...spec(place) };
}

/** The body of a POST to a subresource. */
export function subresourceBody(key: string, place: Place): JsonObject {
  const make = SUBRESOURCES[key];
  if (make === undefined) throw new Error(`no fixture for ${key}: write one`);
  return make(place);
}

const condition = { status: 'True', reason: 'Tested', message: 'tested', lastTransitionTime: '2026-01-01T00:00:00Z' };

/** What a PUT changes, by `group/resource[/subresource]`; an annotation for all others. The answer must show it. */
export const CHANGES: Readonly<Record<string, JsonObject>> = {
  '/namespaces/status': { status: { conditions: [{ type: 'NamespaceDeletionContentFailure', ...condition }] } },
  'apps/daemonsets/status': {
    status: { currentNumberScheduled: 1, numberMisscheduled: 0, desiredNumberScheduled: 1, numberReady: 1 },
  },
  'apps/deployments/scale': { spec: { replicas: 3 } },
  'apps/deployments/status': { status: { replicas: 1, updatedReplicas: 1, unavailableReplicas: 1 } },
  'apps/replicasets/status': { status: { replicas: 1, fullyLabeledReplicas: 1, observedGeneration: 1 } },
  'apps/statefulsets/status': { status: { replicas: 1, currentRevision: 'calls-1', observedGeneration: 1 } },
  'autoscaling/horizontalpodautoscalers/status': {
    status: {
      currentReplicas: 1,
      desiredReplicas: 2,
      conditions: [{ type: 'AbleToScale', ...condition }],
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: metric.name, current: { averageUtilization: 40, averageValue: '100m' } },
        },
      ],
    },
  },
  'batch/cronjobs/status': { status: { lastScheduleTime: '2026-01-01T00:00:00Z' } },
  'batch/jobs/status': { status: { startTime: '2026-01-01T00:00:00Z', active: 1 } },
  'coordination.k8s.io/leases': { spec: { renewTime: '2026-02-02T02:02:02.000000Z' } },
  'policy/poddisruptionbudgets/status': {
    status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
  },
};

/** What every other PUT changes. */
export const ANNOTATION: JsonObject = { metadata: { annotations: { 'calls.example/touched': 'yes' } } };
