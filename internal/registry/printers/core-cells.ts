import { child, children, str, strings } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import {
  age,
  balancerAddresses,
  type Cells,
  containersAndImages,
  createdAt,
  formatLabels,
  name,
  number,
  orNone,
  since,
  size,
  spec,
  status,
  text,
} from './human.js';
import { podCells } from './pod-cells.js';

// printers.go of kube-apiserver, core group.

const serviceCells: Cells = (service, now) => {
  const s = spec(service);
  const type = str(s, 'type');
  const clusterIPs = strings(s, 'clusterIPs');
  return [
    name(service),
    type,
    orNone(clusterIPs[0] ?? str(s, 'clusterIP')),
    externalIP(service, type),
    orNone(children(s, 'ports').map(servicePort).join(',')),
    age(service, now),
    formatLabels(child(s, 'selector')),
  ];
};

function servicePort(p: JsonObject): string {
  const nodePort = number(p, 'nodePort');
  return nodePort > 0
    ? `${number(p, 'port')}:${nodePort}/${str(p, 'protocol')}`
    : `${number(p, 'port')}/${str(p, 'protocol')}`;
}

function externalIP(service: JsonObject, type: string): string {
  const external = strings(spec(service), 'externalIPs');
  switch (type) {
    case 'LoadBalancer': {
      const all = [...balancerAddresses(service), ...external];
      return all.length > 0 ? all.join(',') : '<pending>';
    }
    case 'ExternalName':
      return str(spec(service), 'externalName');
    case 'ClusterIP':
    case 'NodePort':
      return orNone(external.join(','));
    default:
      return '<unknown>';
  }
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

const nodeCells: Cells = (node, now) => {
  const states: string[] = [];
  const ready = children(status(node), 'conditions').findLast((c) => str(c, 'type') === 'Ready');
  states.push(ready === undefined ? 'Unknown' : str(ready, 'status') === 'True' ? 'Ready' : 'NotReady');
  if (spec(node)['unschedulable'] === true) states.push('SchedulingDisabled');
  const roles = new Set<string>();
  for (const [k, v] of Object.entries(child(child(node, 'metadata'), 'labels') ?? {})) {
    if (k.startsWith(ROLE_PREFIX) && k.length > ROLE_PREFIX.length) roles.add(k.slice(ROLE_PREFIX.length));
    else if (k === 'kubernetes.io/role' && text(v) !== '') roles.add(text(v));
  }
  const address = (type: string): string =>
    orNone(
      str(
        children(status(node), 'addresses').find((a) => str(a, 'type') === type),
        'address',
      ),
    );
  const info = child(status(node), 'nodeInfo');
  const or = (key: string): string => (str(info, key) === '' ? '<unknown>' : str(info, key));
  const architecture = str(info, 'architecture') === '' ? '' : ` (${str(info, 'architecture')})`;
  return [
    name(node),
    states.join(','),
    orNone([...roles].sort().join(',')),
    age(node, now),
    str(info, 'kubeletVersion'),
    address('InternalIP'),
    address('ExternalIP'),
    or('osImage'),
    `${or('kernelVersion')}${architecture}`,
    or('containerRuntimeVersion'),
  ];
};

const ACCESS_MODES: readonly (readonly [string, string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];
const accessModes = (modes: readonly string[]): string =>
  ACCESS_MODES.filter(([m]) => modes.includes(m))
    .map(([, short]) => short)
    .join(',');

/** The class's name, also from the annotation that came before the field. */
function storageClass(o: JsonObject): string {
  const annotation = str(child(child(o, 'metadata'), 'annotations'), 'volume.beta.kubernetes.io/storage-class');
  return annotation === '' ? str(spec(o), 'storageClassName') : annotation;
}

const amount = (quantity: JsonValue | undefined): string => (text(quantity) === '' ? '0' : text(quantity));

const unset = (s: string): string => (s === '' ? '<unset>' : s);

const volumeCells: Cells = (pv, now) => {
  const s = spec(pv);
  const claim = child(s, 'claimRef');
  const deleting = child(pv, 'metadata')?.['deletionTimestamp'] !== undefined;
  return [
    name(pv),
    amount(child(s, 'capacity')?.['storage']),
    accessModes(strings(s, 'accessModes')),
    str(s, 'persistentVolumeReclaimPolicy'),
    deleting ? 'Terminating' : str(status(pv), 'phase'),
    claim === undefined ? '' : `${str(claim, 'namespace')}/${str(claim, 'name')}`,
    storageClass(pv),
    unset(str(s, 'volumeAttributesClassName')),
    str(status(pv), 'reason'),
    age(pv, now),
    str(s, 'volumeMode') === '' ? '<unset>' : str(s, 'volumeMode'),
  ];
};

const claimCells: Cells = (pvc, now) => {
  const s = spec(pvc);
  const bound = str(s, 'volumeName') !== '';
  const deleting = child(pvc, 'metadata')?.['deletionTimestamp'] !== undefined;
  return [
    name(pvc),
    deleting ? 'Terminating' : str(status(pvc), 'phase'),
    str(s, 'volumeName'),
    bound ? amount(child(status(pvc), 'capacity')?.['storage']) : '',
    bound ? accessModes(strings(status(pvc), 'accessModes')) : '',
    storageClass(pvc),
    unset(str(s, 'volumeAttributesClassName')),
    age(pvc, now),
    str(s, 'volumeMode') === '' ? '<unset>' : str(s, 'volumeMode'),
  ];
};

/** Up to three addresses with their ports, and how many more there are; `<none>` only where there are no subsets at all. */
const endpointsCells: Cells = (e, now) => {
  const shown: string[] = [];
  let count = 0;
  for (const subset of children(e, 'subsets')) {
    const ports = children(subset, 'ports');
    for (const port of ports.length === 0 ? [undefined] : ports) {
      for (const a of children(subset, 'addresses')) {
        count += 1;
        const host = str(a, 'ip').includes(':') && port !== undefined ? `[${str(a, 'ip')}]` : str(a, 'ip');
        if (shown.length < 3) shown.push(port === undefined ? host : `${host}:${number(port, 'port')}`);
      }
    }
  }
  const more = count > shown.length ? ` + ${count - shown.length} more...` : '';
  return [name(e), children(e, 'subsets').length === 0 ? '<none>' : shown.join(',') + more, age(e, now)];
};

const controllerCells: Cells = (rc, now) => [
  name(rc),
  number(spec(rc), 'replicas'),
  number(status(rc), 'replicas'),
  number(status(rc), 'readyReplicas'),
  age(rc, now),
  ...containersAndImages(child(spec(rc), 'template')),
  formatLabels(child(spec(rc), 'selector')),
];

/** `cpu: 1/4, pods: 2/10`, limits apart from everything else. */
const quotaCells: Cells = (quota, now) => {
  const used = child(status(quota), 'used');
  const hard = child(status(quota), 'hard') ?? {};
  const request: string[] = [];
  const limit: string[] = [];
  for (const key of Object.keys(hard).sort()) {
    (key.startsWith('limits.') ? limit : request).push(`${key}: ${amount(used?.[key])}/${text(hard[key])}`);
  }
  return [name(quota), request.join(', '), limit.join(', '), age(quota, now)];
};

/** Core and events.k8s.io events; both are stored in the core form. */
export const eventCells: Cells = (ev, now) => {
  const series = child(ev, 'series');
  const eventTime = ev['eventTime'];
  const first = since(ev['firstTimestamp'], now);
  const firstSeen = first === '<unknown>' ? since(eventTime, now) : first;
  const last = since(ev['lastTimestamp'], now);
  const lastSeen =
    series !== undefined ? since(series['lastObservedTime'], now) : last === '<unknown>' ? firstSeen : last;
  const involved = child(ev, 'involvedObject');
  const kind = str(involved, 'kind').toLowerCase();
  const target = str(involved, 'name') === '' ? kind : `${kind}/${str(involved, 'name')}`;
  const source = child(ev, 'source');
  const component = str(source, 'component') === '' ? str(ev, 'reportingComponent') : str(source, 'component');
  const host = str(source, 'host') === '' ? str(ev, 'reportingInstance') : str(source, 'host');
  const count = series === undefined ? number(ev, 'count') || 1 : number(series, 'count');
  return [
    lastSeen,
    str(ev, 'type'),
    str(ev, 'reason'),
    target,
    str(involved, 'fieldPath'),
    host === '' ? component : `${component}, ${host}`,
    str(ev, 'message').trim(),
    firstSeen,
    count,
    name(ev),
  ];
};

const componentCells: Cells = (cs) => {
  const healthy = children(cs, 'conditions').find((c) => str(c, 'type') === 'Healthy');
  const state = str(healthy, 'status');
  return [
    name(cs),
    state === 'True' ? 'Healthy' : state === 'False' ? 'Unhealthy' : 'Unknown',
    str(healthy, 'message'),
    str(healthy, 'error'),
  ];
};

const data = (o: JsonObject, ...keys: string[]): JsonValue => keys.reduce((n, k) => n + size(child(o, k)), 0);

export const coreCells: Readonly<Record<string, Cells>> = {
  componentstatuses: componentCells,
  configmaps: (cm, now) => [name(cm), data(cm, 'data', 'binaryData'), age(cm, now)],
  endpoints: endpointsCells,
  events: eventCells,
  limitranges: (o) => [name(o), createdAt(o)],
  namespaces: (ns, now) => [name(ns), str(status(ns), 'phase'), age(ns, now)],
  nodes: nodeCells,
  persistentvolumeclaims: claimCells,
  persistentvolumes: volumeCells,
  pods: podCells,
  podtemplates: (t) => [
    name(t),
    ...containersAndImages(child(t, 'template')),
    formatLabels(child(child(child(t, 'template'), 'metadata'), 'labels')),
  ],
  replicationcontrollers: controllerCells,
  resourcequotas: quotaCells,
  secrets: (s, now) => [name(s), str(s, 'type'), data(s, 'data'), age(s, now)],
  serviceaccounts: (sa, now) => [name(sa), age(sa, now)],
  services: serviceCells,
};
