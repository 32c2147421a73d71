import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../machinery/json.js';
import { fieldErrorsOf } from '../../generic/field-errors.testkit.js';
import { strategyFor } from '../../index.js';
import { prepareServiceUpdate } from '../service-update.js';

/** An object with its defaults, `spec` over a valid one. */
function made(resource: string, obj: JsonObject): JsonObject {
  const copy = structuredClone(obj);
  strategyFor('', resource).defaults?.(copy);
  return copy;
}
const fields = (fieldErrors: readonly string[]): string[] => fieldErrors.map((c) => c.slice(0, c.indexOf(': ')));

describe('services (ValidateService)', () => {
  const of = fieldErrorsOf('', 'services');
  const service = (spec: JsonObject, metadata: JsonObject = {}): JsonObject =>
    made('services', { metadata: { name: 's', ...metadata }, spec: { ports: [{ port: 80 }], ...spec } });

  it.each<[string, JsonObject, string[]]>([
    ['nothing wrong', {}, []],
    ['a policy for traffic that cannot come', { externalTrafficPolicy: 'Local' }, ['spec.externalTrafficPolicy']],
    ['the same, with addresses outside', { externalIPs: ['1.2.3.4'], externalTrafficPolicy: 'Local' }, []],
    ['an address that nobody can reach', { externalIPs: ['127.0.0.1'] }, ['spec.externalIPs[0]']],
    ['what only load balancers have', { loadBalancerClass: 'a/b' }, ['spec.loadBalancerClass']],
    ['sources of traffic', { loadBalancerSourceRanges: ['10.0.0.0/8'] }, ['spec.LoadBalancerSourceRanges']],
    [
      'sources that are no networks',
      { type: 'LoadBalancer', loadBalancerSourceRanges: [' 10.0.0.0/8 ', 'all'] },
      ['spec.LoadBalancerSourceRanges[1]'],
    ],
    ["the kubelet's port", { type: 'LoadBalancer', ports: [{ port: 10_250 }] }, ['spec.ports[0]']],
    [
      'headless and balanced',
      { type: 'LoadBalancer', clusterIP: 'None', clusterIPs: ['None'] },
      ['spec.clusterIPs[0]'],
    ],
    ['another name, in capitals', { type: 'ExternalName', externalName: 'A.b' }, ['spec.externalName']],
    ['another name, fully qualified', { type: 'ExternalName', externalName: 'a.b.' }, []],
    [
      'an affinity that never ends',
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } },
      ['spec.sessionAffinityConfig.clientIP.timeoutSeconds'],
    ],
    ['a protocol of no name', { ports: [{ port: 80, appProtocol: '-' }] }, ['spec.ports[0].appProtocol']],
    ['traffic spread in its own way', { trafficDistribution: 'PreferFar' }, ['spec.trafficDistribution']],
  ])('%s', (_what, spec, expected) => {
    expect(fields(of(service(spec)))).toEqual(expected);
  });

  it('say of addresses that are wrong nothing else', () => {
    const two = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] };
    expect(of(service({ ...two, type: 'Wrong' }))).toEqual([
      'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family',
    ]);
    const families = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ipFamilies: ['IPv6'] };
    expect(of(service(families))).toEqual([
      'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ]);
  });

  it('share no port, and no node port, of one protocol', () => {
    const twice = service({
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80, nodePort: 30_080 },
        { name: 'b', port: 80 },
      ],
    });
    expect(of(twice)).toEqual([
      'spec.ports[1].nodePort: Duplicate value: 30080',
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ]);
    const both = [
      { name: 'a', port: 53, protocol: 'UDP' },
      { name: 'b', port: 53, protocol: 'TCP' },
    ];
    expect(of(service({ type: 'NodePort', ports: both }))).toEqual([]);
  });

  it('keep their first family and their class of load balancer', () => {
    const dual = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' };
    expect(fields(of(service({ ipFamilies: ['IPv6'] }), service(dual)))).toEqual([
      'spec.ipFamilies[0]',
      'spec.ipFamilyPolicy',
    ]);
    expect(of(service({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }), service(dual))).toEqual([]);
    const balanced = (loadBalancerClass: string): JsonObject => service({ type: 'LoadBalancer', loadBalancerClass });
    expect(fields(of(balanced('a/b'), balanced('a/c')))).toEqual(['spec.loadBalancerClass']);
  });

  it('take traffic at points with a name or an address', () => {
    const status = (ingress: JsonObject[], type = 'LoadBalancer'): string[] =>
      fields(of({ ...service({ type }), status: { loadBalancer: { ingress } } }, service({ type }), 'status'));
    expect(status([{ ip: '1.2.3.4', ipMode: 'VIP' }, { hostname: 'a.b' }])).toEqual([]);
    expect(status([{ ip: '1.2.3.4' }, { hostname: '1.2.3.4' }])).toEqual([
      'status.loadBalancer.ingress[0].ipMode',
      'status.loadBalancer.ingress[1].hostname',
    ]);
    expect(status([{ hostname: 'a.b' }], 'ClusterIP')).toEqual(['status.loadBalancer.ingress']);
    const kept = {
      ...service({ type: 'LoadBalancer' }),
      status: { loadBalancer: { ingress: [{ ip: '010.0.0.1', ipMode: 'VIP' }] } },
    };
    expect(of(kept, kept, 'status')).toEqual([]);
    expect(fields(of(kept, service({ type: 'LoadBalancer' }), 'status'))).toEqual([
      'status.loadBalancer.ingress[0].ip',
    ]);
  });
});

describe('nodes (ValidateNode, ValidateNodeUpdate)', () => {
  const of = fieldErrorsOf('', 'nodes');
  const node = (spec: JsonObject, status: JsonObject = {}): JsonObject => ({ metadata: { name: 'n' }, spec, status });

  it('have taints that say what they do, once', () => {
    const taint = { key: 'a', effect: 'NoSchedule' };
    expect(of(node({ taints: [taint, { key: 'a', effect: 'NoExecute' }] }))).toEqual([]);
    expect(of(node({ taints: [taint, taint] }))).toEqual([
      'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair',
    ]);
    expect(of(node({ taints: [{ key: 'a' }] }))).toEqual(['metadata.taints[0].effect: Required value']);
  });
  it('keep their network and their provider once they have them', () => {
    expect(fields(of(node({ podCIDRs: ['10.0.0.0/24'], providerID: 'x' }), node({})))).toEqual([]);
    expect(
      fields(of(node({ podCIDRs: ['10.0.1.0/24'] }), node({ podCIDRs: ['10.0.0.0/24'], providerID: 'x' }))),
    ).toEqual(['spec.podCIDRs', 'spec.providerID']);
    expect(fields(of(node({ podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] })))).toEqual(['spec.podCIDRs']);
  });
  it('count their pods in whole numbers and their addresses once', () => {
    expect(of(node({}, { capacity: { pods: '1500m' } }))).toEqual([
      'status.capacity.pods: Invalid value: "1500m": must be an integer',
    ]);
    const address = { type: 'InternalIP', address: '10.0.0.1' };
    expect(fields(of(node({}, { addresses: [address, address] }), node({}), 'status'))).toEqual([
      'status.addresses[1]',
    ]);
  });
});

describe('limit ranges (ValidateLimitRange)', () => {
  const of = fieldErrorsOf('', 'limitranges');
  const range = (...limits: JsonObject[]): JsonObject => ({ metadata: { name: 'l' }, spec: { limits } });

  it.each<[string, JsonObject, string[]]>([
    ['a type of its own', { type: 'example.com/thing' }, []],
    ['a type that nobody knows', { type: 'Node' }, ['spec.limits[0].type']],
    ['defaults for pods', { type: 'Pod', default: { cpu: '1' } }, ['spec.limits[0].default']],
    ['claims without storage', { type: 'PersistentVolumeClaim', max: { cpu: '1' } }, ['spec.limits[0].limits']],
    ['what containers do not have', { type: 'Container', max: { storage: '1' } }, ['spec.limits[0].max[storage]']],
    [
      'huge pages that differ',
      { type: 'Container', default: { 'hugepages-2Mi': '4Mi' }, defaultRequest: { 'hugepages-2Mi': '2Mi' } },
      ['spec.limits[0].defaultRequest[hugepages-2Mi]'],
    ],
    [
      'a ratio that min and max exclude',
      { type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '4' } },
      ['spec.limits[0].maxLimitRequestRatio[cpu]'],
    ],
  ])('%s', (_what, limit, expected) => {
    expect(fields(of(range(limit)))).toEqual(expected);
  });
  it('have bounds in order', () => {
    const limit = { type: 'Container', min: { cpu: '2' }, max: { cpu: '1' }, default: { cpu: '1500m' } };
    expect(of(range(limit))).toEqual([
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1500m',
      'spec.limits[0].default[cpu]: Invalid value: "1": default value 1500m is greater than max value 1',
    ]);
  });
  it('speak of a type once', () => {
    expect(of(range({ type: 'Pod' }, { type: 'Pod' }))).toEqual(['spec.limits[1].type: Duplicate value: "Pod"']);
  });
});

describe('resource quotas (ValidateResourceQuota)', () => {
  const of = fieldErrorsOf('', 'resourcequotas');
  const quota = (hard: JsonObject, spec: JsonObject = {}): JsonObject => ({
    metadata: { name: 'q' },
    spec: { hard, ...spec },
  });

  it('bound what can be counted', () => {
    expect(of(quota({ pods: '2', 'count/things.example.com': '1', 'requests.example.com/gpu': '1' }))).toEqual([]);
    expect(of(quota({ apples: '1', pods: '1500m', cpu: '-1' }))).toEqual([
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
      'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
    ]);
  });
  it('are narrowed by scopes that fit', () => {
    expect(of(quota({ pods: '1' }, { scopes: ['BestEffort', 'Terminating'] }))).toEqual([]);
    expect(of(quota({ services: '1' }, { scopes: ['BestEffort', 'NotBestEffort', 'Mine'] }))).toEqual([
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Mine"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Mine"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Mine"]: unsupported scope',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Mine"]: conflicting scopes',
    ]);
    const selector = { scopeSelector: { matchExpressions: [{ scopeName: 'Terminating', operator: 'In' }] } };
    expect(fields(of(quota({ pods: '1' }, selector)))).toEqual([
      'spec.scopeSelector.matchExpressions.operator',
      'spec.scopeSelector.matchExpressions.values',
    ]);
  });
  it('keep their scopes', () => {
    const old = quota({ pods: '1' }, { scopes: ['BestEffort', 'Terminating'] });
    expect(of(quota({ pods: '2' }, { scopes: ['Terminating', 'BestEffort'] }), old)).toEqual([]);
    expect(of(quota({ pods: '1' }, { scopes: ['BestEffort'] }), old)).toEqual([
      'spec.scopes: Invalid value: ["BestEffort"]: field is immutable',
    ]);
  });
});

describe('volumes and claims', () => {
  const ofVolume = fieldErrorsOf('', 'persistentvolumes');
  const volume = (spec: JsonObject): JsonObject =>
    made('persistentvolumes', {
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/d' }, ...spec },
    });
  it.each<[string, JsonObject, string[]]>([
    ['nothing wrong', {}, []],
    ['no room', { capacity: { storage: '0' } }, ['spec.capacity[storage]']],
    ['two sources', { nfs: { server: 's', path: '/p' } }, ['spec.nfs']],
    ['a relative export', { hostPath: null, nfs: { server: 's', path: 'p' } }, ['spec.nfs.path']],
    ['a local disk anywhere', { hostPath: null, local: { path: '/d' } }, ['spec.nodeAffinity']],
    ['one pod and many', { accessModes: ['ReadWriteOncePod', 'ReadWriteMany'] }, ['spec.accessModes']],
    [
      'the root, recycled',
      { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' },
      ['spec.persistentVolumeReclaimPolicy'],
    ],
    ['attributes without a driver', { volumeAttributesClassName: 'fast' }, ['spec.csi']],
  ])('volume: %s', (_what, spec, expected) => {
    expect(fields(ofVolume(volume(spec)))).toEqual(expected);
  });
  it('a volume stays where it is', () => {
    expect(fields(ofVolume(volume({ hostPath: { path: '/e' } }), volume({})))).toEqual(['spec.persistentvolumesource']);
    expect(ofVolume(volume({ capacity: { storage: '2Gi' } }), volume({}))).toEqual([]);
  });
  it('a volume stays on its nodes, whose labels may get their stable names', () => {
    const on = (key: string): JsonObject => ({
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['a'] }] }] },
    });
    const beta = volume({ nodeAffinity: on('failure-domain.beta.kubernetes.io/zone') });
    expect(ofVolume(volume({ nodeAffinity: on('topology.kubernetes.io/zone') }), beta)).toEqual([]);
    expect(fields(ofVolume(volume({ nodeAffinity: on('kubernetes.io/hostname') }), beta))).toEqual(['nodeAffinity']);
    expect(ofVolume(beta, volume({}))).toEqual([]);
  });

  const ofClaim = fieldErrorsOf('', 'persistentvolumeclaims');
  it('of claims say what there is, rounded up', () => {
    const said = (status: JsonObject): string[] => ofClaim(claim({}, status), claim({}), 'status');
    const capacity = { storage: '100m', pods: '1500m' };
    expect(said({ capacity, allocatedResources: { storage: '1' } })).toEqual([]);
    const more = { storage: '-1500m', 'a.b/c': '1500m', 'a.b/d': '-1' };
    expect(said({ capacity: { storage: '-1' }, allocatedResources: more })).toEqual([
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
      'status.allocatedResources[a.b/d]: Invalid value: -1: must be a valid resource quantity',
      'status.allocatedResources[storage]: Invalid value: -2: must be a valid resource quantity',
    ]);
  });
  const claim = (spec: JsonObject, status: JsonObject = { phase: 'Pending' }): JsonObject => ({
    metadata: { name: 'c' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, ...spec },
    status,
  });
  const sized = (storage: string, status: JsonObject): JsonObject =>
    claim({ resources: { requests: { storage } } }, status);
  it('a claim grows when it is bound, and shrinks no further than it is', () => {
    const bound = { phase: 'Bound', capacity: { storage: '1Gi' } };
    expect(ofClaim(sized('3Gi', bound), claim({}, bound))).toEqual([]);
    expect(ofClaim(sized('1500Mi', bound), claim({}, bound))).toEqual([]);
    expect(fields(ofClaim(sized('1Gi', bound), claim({}, bound)))).toEqual(['spec.resources.requests.storage']);
    expect(fields(ofClaim(sized('3Gi', { phase: 'Pending' }), claim({})))).toEqual(['spec']);
  });
  it('a claim is bound once and may get the default class', () => {
    expect(ofClaim(claim({ volumeName: 'v', storageClassName: 'fast' }), claim({}))).toEqual([]);
    expect(fields(ofClaim(claim({ volumeName: 'w' }), claim({ volumeName: 'v' })))).toEqual(['spec']);
    expect(fields(ofClaim(claim({ storageClassName: 'slow' }), claim({ storageClassName: 'fast' })))).toEqual(['spec']);
  });
  it('a claim copies from one source', () => {
    const source = { kind: 'VolumeSnapshot', name: 's' };
    expect(fields(ofClaim(claim({ dataSource: source })))).toEqual(['spec.dataSource']);
    const ref = { ...source, apiGroup: 'snapshot.storage.k8s.io' };
    expect(ofClaim(claim({ dataSource: ref, dataSourceRef: ref }))).toEqual([]);
    expect(ofClaim(claim({ dataSource: ref, dataSourceRef: { ...ref, name: 't' } }))).toEqual([
      'spec: Invalid value: "spec.dataSource": must match dataSourceRef',
    ]);
  });
});

describe('configuration', () => {
  const ofMap = fieldErrorsOf('', 'configmaps');
  const ofSecret = fieldErrorsOf('', 'secrets');
  it('has keys that can be names of files', () => {
    expect(ofMap({ data: { 'a.b': '', _: '' } })).toEqual([]);
    expect(fields(ofMap({ data: { '..': '', '..a': '', 'a/b': '' }, binaryData: {} }))).toEqual([
      'data[..]',
      'data[..a]',
      'data[a/b]',
    ]);
    expect(fields(ofMap({ data: { a: '' }, binaryData: { a: '' } }))).toEqual(['data[a]', 'binaryData[a]']);
  });
  it('is at most a mebibyte', () => {
    expect(ofMap({ data: { a: 'x'.repeat(1024 * 1024) } })).toEqual([]);
    expect(fields(ofMap({ data: { a: 'é'.repeat(512 * 1024), b: 'x' } }))).toEqual(['[]']);
    const bytes = Buffer.alloc(1024 * 1024 + 1).toString('base64');
    expect(fields(ofSecret({ type: 'Opaque', data: { a: bytes } }))).toEqual(['data']);
  });
  it('of a type has what the type asks for', () => {
    const docker = (text: string): string[] =>
      ofSecret({ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': Buffer.from(text).toString('base64') } });
    expect(docker('{}')).toEqual([]);
    expect(docker('x')).toEqual([
      'data[.dockercfg]: Invalid value: "<secret contents redacted>": invalid character \'x\' looking for beginning of value',
    ]);
    expect(fields(ofSecret({ type: 'kubernetes.io/tls' }))).toEqual(['data[tls.crt]', 'data[tls.key]']);
    expect(fields(ofSecret({ type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } }))).toEqual([
      'data[ssh-privatekey]',
    ]);
  });
});

describe('events', () => {
  const event = (o: JsonObject): JsonObject => ({
    metadata: { name: 'e', namespace: 'n' },
    involvedObject: { namespace: 'n' },
    ...o,
  });
  const observed: JsonObject = {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingComponent: 'example.com/c',
    reportingInstance: 'c-1',
    action: 'Doing',
    reason: 'Done',
    type: 'Normal',
  };
  const ofCore = fieldErrorsOf('', 'events');
  const ofNew = fieldErrorsOf('events.k8s.io', 'events');

  it('are in the namespace of what they are about', () => {
    expect(ofCore(event({}))).toEqual([]);
    expect(fields(ofCore(event({ involvedObject: { namespace: 'm' } })))).toEqual(['involvedObject.namespace']);
    expect(ofCore(event({ ...observed, involvedObject: { namespace: 'm' } }))).toEqual([]);
  });
  it('say who saw what when they say when', () => {
    expect(fields(ofCore(event({ eventTime: '2026-01-01T00:00:00.000000Z', reportingComponent: '-' })))).toEqual([
      'reportingComponent',
      'reportingInstance',
      'action',
      'reason',
    ]);
  });
  it('of events.k8s.io are new, and fixed but for their series', () => {
    expect(ofNew(event(observed))).toEqual([]);
    expect(fields(ofNew(event({ ...observed, count: 1, type: 'Odd', series: { count: 1 } })))).toEqual([
      'series.count',
      'series.lastObservedTime',
      'type',
      'count',
    ]);
    const series = { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' };
    expect(ofNew(event({ ...observed, series }), event(observed))).toEqual([]);
    expect(ofNew(event({ ...observed, action: 'Other' }), event(observed))).toEqual([
      'action: Invalid value: "Other": field is immutable',
    ]);
  });
});

describe('namespaces', () => {
  const of = fieldErrorsOf('', 'namespaces');
  it('have finalizers that belong to somebody', () => {
    expect(of({ metadata: { name: 'n' }, spec: { finalizers: ['kubernetes', 'a.b/c'] } })).toEqual([]);
    expect(of({ metadata: { name: 'n' }, spec: { finalizers: ['mine'] } })).toEqual([
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });
  it('are active until they are deleted', () => {
    const ns: JsonObject = { metadata: { name: 'n' }, status: { phase: 'Terminating' } };
    expect(fields(of(ns, ns, 'status'))).toEqual(['status.Phase']);
    expect(of({ ...ns, metadata: { name: 'n', deletionTimestamp: 'x' } }, ns, 'status')).toEqual([]);
  });
});

describe('what an update of a service keeps and lets go', () => {
  const prepare = (spec: JsonObject, before: JsonObject): JsonObject => {
    prepareServiceUpdate(spec, before);
    return spec;
  };
  const held: JsonObject = {
    type: 'NodePort',
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    externalTrafficPolicy: 'Cluster',
    ports: [{ name: 'a', port: 80, protocol: 'TCP', nodePort: 30_080 }],
  };
  it('keeps addresses, and node ports by the name of their port', () => {
    const ports = [
      { name: 'b', port: 81, protocol: 'TCP' },
      { name: 'a', port: 8080, protocol: 'TCP' },
    ];
    expect(prepare({ type: 'NodePort', ports }, held)).toMatchObject({
      clusterIP: '10.0.0.1',
      clusterIPs: ['10.0.0.1'],
      ports: [{ name: 'b' }, { name: 'a', port: 8080, nodePort: 30_080 }],
    });
  });
  it('lets go of what the new type has no use for, unless it was just changed', () => {
    const other = prepare({ ...structuredClone(held), type: 'ClusterIP' }, held);
    expect(other).toMatchObject({ clusterIP: '10.0.0.1', ports: [{ name: 'a', port: 80, protocol: 'TCP' }] });
    expect(other).not.toHaveProperty('externalTrafficPolicy');
    expect(other).not.toHaveProperty('ports.0.nodePort');
    const external = prepare({ ...structuredClone(held), type: 'ExternalName' }, held);
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
      expect(external).not.toHaveProperty(field);
    }
    const changed = { ...structuredClone(held), type: 'ClusterIP', externalTrafficPolicy: 'Local' };
    expect(prepare(changed, held)).toHaveProperty('externalTrafficPolicy', 'Local');
  });
  it('takes the one address of an older client for the list', () => {
    expect(prepare({ type: 'ClusterIP', clusterIP: '10.0.0.2' }, held)).toHaveProperty('clusterIPs', ['10.0.0.2']);
  });
});
