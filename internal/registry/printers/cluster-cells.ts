import { child, children, num, str, strings } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { eventCells } from './core-cells.js';
import {
  age,
  balancerAddresses,
  type Cells,
  condition,
  createdAt,
  formatSelector,
  humanDuration,
  name,
  number,
  orNone,
  spec,
  status,
  text,
} from './human.js';

// printers.go of kube-apiserver: everything outside the core, apps, batch, autoscaling and policy groups.

type Group = Readonly<Record<string, Cells>>;

const HOSTS_SHOWN = 3;

/** Up to three hosts; when a rule follows, all rules beyond three are counted, with a host or without. */
function hostsOf(rules: readonly JsonObject[]): string {
  const hosts: string[] = [];
  for (const rule of rules) {
    if (hosts.length === HOSTS_SHOWN) return `${hosts.join(',')} + ${rules.length - HOSTS_SHOWN} more...`;
    if (str(rule, 'host') !== '') hosts.push(str(rule, 'host'));
  }
  return hosts.length === 0 ? '*' : hosts.join(',');
}

const ingressCells: Cells = (ingress, now) => {
  return [
    name(ingress),
    orNone(str(spec(ingress), 'ingressClassName')),
    hostsOf(children(spec(ingress), 'rules')),
    balancerAddresses(ingress).join(','),
    children(spec(ingress), 'tls').length > 0 ? '80, 443' : '80',
    age(ingress, now),
  ];
};

const ingressClassCells: Cells = (c, now) => {
  const p = child(spec(c), 'parameters');
  const group = str(p, 'apiGroup');
  const parameters =
    p === undefined ? '<none>' : `${str(p, 'kind')}${group === '' ? '' : `.${group}`}/${str(p, 'name')}`;
  const isDefault =
    child(child(c, 'metadata'), 'annotations')?.['ingressclass.kubernetes.io/is-default-class'] === 'true';
  return [isDefault ? `${name(c)} (default)` : name(c), str(spec(c), 'controller'), parameters, age(c, now)];
};

const parentRef = (o: JsonObject): string => {
  const ref = child(spec(o), 'parentRef');
  if (ref === undefined) return '<none>';
  const resource = [str(ref, 'resource'), str(ref, 'group')]
    .filter((s) => s !== '')
    .join('.')
    .toLowerCase();
  return [resource, str(ref, 'namespace'), str(ref, 'name')].filter((s) => s !== '').join('/');
};

const networking: Group = {
  ingressclasses: ingressClassCells,
  ingresses: ingressCells,
  ipaddresses: (o, now) => [name(o), parentRef(o), age(o, now)],
  networkpolicies: (o, now) => [name(o), formatSelector(child(spec(o), 'podSelector')), age(o, now)],
  servicecidrs: (o, now) => [name(o), strings(spec(o), 'cidrs').join(','), age(o, now)],
};

const bindingCells: Cells = (b, now) => {
  const ref = child(b, 'roleRef');
  const of = (kind: string): JsonObject[] => children(b, 'subjects').filter((s) => str(s, 'kind') === kind);
  const names = (kind: string): string =>
    of(kind)
      .map((s) => str(s, 'name'))
      .join(', ');
  const accounts = of('ServiceAccount')
    .map((s) => `${str(s, 'namespace')}/${str(s, 'name')}`)
    .join(', ');
  return [name(b), `${str(ref, 'kind')}/${str(ref, 'name')}`, age(b, now), names('User'), names('Group'), accounts];
};
const roleCells: Cells = (o) => [name(o), createdAt(o)];

const rbac: Group = {
  clusterrolebindings: bindingCells,
  clusterroles: roleCells,
  rolebindings: bindingCells,
  roles: roleCells,
};

const storage: Group = {
  csidrivers: (o, now) => {
    const s = spec(o);
    const modes = strings(s, 'volumeLifecycleModes');
    const audiences = children(s, 'tokenRequests').map((t) => str(t, 'audience'));
    return [
      name(o),
      s['attachRequired'] !== false,
      s['podInfoOnMount'] === true,
      s['storageCapacity'] === true,
      audiences.length === 0 ? '<unset>' : audiences.join(','),
      s['requiresRepublish'] === true,
      modes.length === 0 ? '<none>' : modes.join(','),
      age(o, now),
    ];
  },
  csinodes: (o, now) => [name(o), children(spec(o), 'drivers').length, age(o, now)],
  csistoragecapacities: (o) => [name(o), createdAt(o)],
  storageclasses: (o, now) => [
    isDefaultClass(o) ? `${name(o)} (default)` : name(o),
    str(o, 'provisioner'),
    str(o, 'reclaimPolicy') === '' ? 'Delete' : str(o, 'reclaimPolicy'),
    str(o, 'volumeBindingMode') === '' ? 'Immediate' : str(o, 'volumeBindingMode'),
    o['allowVolumeExpansion'] === true,
    age(o, now),
  ],
  volumeattachments: (o, now) => [
    name(o),
    str(spec(o), 'attacher'),
    str(child(spec(o), 'source'), 'persistentVolumeName'),
    str(spec(o), 'nodeName'),
    status(o)['attached'] === true,
    age(o, now),
  ],
  volumeattributesclasses: (o, now) => [name(o), str(o, 'driverName'), age(o, now)],
};

function isDefaultClass(o: JsonObject): boolean {
  const annotations = child(child(o, 'metadata'), 'annotations');
  return ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'].some(
    (k) => annotations?.[k] === 'true',
  );
}

const webhookCells: Cells = (o, now) => [name(o), children(o, 'webhooks').length, age(o, now)];

/** A selector as Go prints the struct: that is what a binding shows. */
function selectorAsStruct(selector: JsonObject): string {
  const labels = Object.entries(child(selector, 'matchLabels') ?? {})
    .map(([k, v]) => `${k}: ${text(v)},`)
    .sort();
  const expressions = children(selector, 'matchExpressions').map(
    (e) =>
      `LabelSelectorRequirement{Key:${str(e, 'key')},Operator:${str(e, 'operator')},Values:[${strings(e, 'values').join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}

const bindingOfPolicyCells: Cells = (o, now) => {
  const ref = child(spec(o), 'paramRef');
  const namespace = str(ref, 'namespace') === '' ? '*' : str(ref, 'namespace');
  const selector = child(ref, 'selector');
  let param = '<unset>';
  if (str(ref, 'name') !== '') param = `${namespace}/${str(ref, 'name')}`;
  else if (selector !== undefined) param = selectorAsStruct(selector);
  return [name(o), str(spec(o), 'policyName'), param, age(o, now)];
};

const policyCells =
  (list: string): Cells =>
  (o, now) => {
    const kind = child(spec(o), 'paramKind');
    return [
      name(o),
      children(spec(o), list).length,
      kind === undefined ? '<unset>' : `${str(kind, 'apiVersion')}/${str(kind, 'kind')}`,
      age(o, now),
    ];
  };

const admissionregistration: Group = {
  mutatingadmissionpolicies: policyCells('mutations'),
  mutatingadmissionpolicybindings: bindingOfPolicyCells,
  mutatingwebhookconfigurations: webhookCells,
  validatingadmissionpolicies: policyCells('validations'),
  validatingadmissionpolicybindings: bindingOfPolicyCells,
  validatingwebhookconfigurations: webhookCells,
};

const flowcontrol: Group = {
  flowschemas: (o, now) => {
    const method = child(spec(o), 'distinguisherMethod');
    const dangling = str(condition(o, 'Dangling'), 'status');
    return [
      name(o),
      str(child(spec(o), 'priorityLevelConfiguration'), 'name'),
      number(spec(o), 'matchingPrecedence'),
      method === undefined ? '<none>' : str(method, 'type'),
      age(o, now),
      dangling === '' ? '?' : dangling,
    ];
  },
  prioritylevelconfigurations: (o, now) => {
    const limited = child(spec(o), 'limited');
    const shares = num(limited, 'nominalConcurrencyShares');
    const queuing = child(child(limited, 'limitResponse'), 'queuing');
    const or = (key: string): JsonValue => (queuing === undefined ? '<none>' : number(queuing, key));
    return [
      name(o),
      str(spec(o), 'type'),
      shares ?? '<none>',
      or('queues'),
      or('handSize'),
      or('queueLengthLimit'),
      age(o, now),
    ];
  },
};

const csrCells: Cells = (o, now) => {
  const conditions = children(status(o), 'conditions').map((c) => str(c, 'type'));
  const state: string[] = [
    conditions.includes('Denied') ? 'Denied' : conditions.includes('Approved') ? 'Approved' : 'Pending',
  ];
  if (conditions.includes('Failed')) state.push('Failed');
  if (str(status(o), 'certificate') !== '') state.push('Issued');
  const seconds = num(spec(o), 'expirationSeconds');
  return [
    name(o),
    age(o, now),
    str(spec(o), 'signerName') === '' ? '<none>' : str(spec(o), 'signerName'),
    str(spec(o), 'username'),
    seconds === undefined ? '<none>' : humanDuration(seconds * 1000),
    state.join(','),
  ];
};

const sliceCells: Cells = (slice, now) => {
  const ports = children(slice, 'ports');
  const endpoints = children(slice, 'endpoints');
  const few = (all: string[], max: number): string => {
    const shown = all.slice(0, max).join(',');
    if (all.length > max) return `${shown} + ${all.length - max} more...`;
    return shown === '' ? '<unset>' : shown;
  };
  return [
    name(slice),
    str(slice, 'addressType'),
    few(
      ports.map((p) => text(p['port'] ?? p['name'] ?? '*')),
      3,
    ),
    few(
      endpoints.flatMap((e) => strings(e, 'addresses')),
      3,
    ),
    age(slice, now),
  ];
};

const claimState = (claim: JsonObject): string => {
  const states: string[] = [];
  if (child(claim, 'metadata')?.['deletionTimestamp'] !== undefined) states.push('deleted');
  if (child(status(claim), 'allocation') !== undefined) {
    states.push('allocated');
    if (children(status(claim), 'reservedFor').length > 0) states.push('reserved');
  } else if (states.length === 0) states.push('pending');
  return states.join(',');
};

const resource: Group = {
  deviceclasses: (o, now) => [name(o), age(o, now)],
  resourceclaims: (o, now) => [name(o), claimState(o), age(o, now)],
  resourceclaimtemplates: (o, now) => [name(o), age(o, now)],
  resourceslices: (o, now) => [
    name(o),
    str(spec(o), 'nodeName'),
    str(spec(o), 'driver'),
    str(child(spec(o), 'pool'), 'name'),
    age(o, now),
  ],
};

const apiServiceCells: Cells = (o, now) => {
  const service = child(spec(o), 'service');
  const available = condition(o, 'Available');
  const state = str(available, 'status');
  const reason = str(available, 'reason');
  const shown =
    available === undefined ? 'Unknown' : state !== 'True' && reason !== '' ? `${state} (${reason})` : state;
  return [
    name(o),
    service === undefined ? 'Local' : `${str(service, 'namespace')}/${str(service, 'name')}`,
    shown,
    age(o, now),
  ];
};

export const clusterCells: Readonly<Record<string, Group>> = {
  'admissionregistration.k8s.io': admissionregistration,
  'apiregistration.k8s.io': { apiservices: apiServiceCells },
  'certificates.k8s.io': { certificatesigningrequests: csrCells },
  'coordination.k8s.io': { leases: (o, now) => [name(o), str(spec(o), 'holderIdentity'), age(o, now)] },
  'discovery.k8s.io': { endpointslices: sliceCells },
  'events.k8s.io': { events: eventCells },
  'flowcontrol.apiserver.k8s.io': flowcontrol,
  'networking.k8s.io': networking,
  'node.k8s.io': { runtimeclasses: (o, now) => [name(o), str(o, 'handler'), age(o, now)] },
  'rbac.authorization.k8s.io': rbac,
  'resource.k8s.io': resource,
  'scheduling.k8s.io': {
    priorityclasses: (o, now) => [
      name(o),
      number(o, 'value'),
      o['globalDefault'] === true,
      age(o, now),
      text(o['preemptionPolicy']),
    ],
  },
  'storage.k8s.io': storage,
};
