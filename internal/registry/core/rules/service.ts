import { familyOfCidr, legacyCidr, legacyIP, nonSpecialIP } from '../../../machinery/formats.js';
import { duplicate, type FieldError, forbiddenField, invalidValue } from '../../../machinery/field.js';
import type { JsonObject } from '../../../machinery/json.js';
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../../../machinery/names.js';
import { asInGo } from '../../generic/as-in-go.js';
import { FieldNode, validating } from '../../generic/field-node.js';
import { checkIngressHostname } from '../../generic/load-balancer.js';
import { labelErrors } from '../../generic/object-meta.js';
import type { Strategy } from '../../types.js';
import { checkPort, checkPortOrName } from './ports.js';
import { PROTOCOLS } from './protocols.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, ValidateService and what it calls, in its order.

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const POLICIES = ['Cluster', 'Local'];
const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
const MAX_AFFINITY_SECONDS = 86_400;
/** Pods must not be reached where the kubelet listens. */
const KUBELET_PORT = 10_250;
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

const isHeadless = (spec: FieldNode): boolean => {
  const ips = spec.texts('clusterIPs');
  return ips.length === 1 && ips[0] === 'None';
};
const familyOf = (ip: string): 'IPv4' | 'IPv6' | undefined => familyOfCidr(`${ip}/0`);

/**
 * Field errors of the cluster addresses of a service and their families, alone: allocation asks for them first and goes
 * no further when there are any (ValidateServiceClusterIPsRelatedFields).
 */
function checkClusterAddresses(spec: FieldNode): void {
  if (spec.text('type') === 'ExternalName') return;
  const ips = spec.texts('clusterIPs');
  const primary = spec.text('clusterIP');
  if (primary !== '') {
    if (ips.length === 0) spec.required('clusterIPs');
    else if (ips[0] !== primary) spec.invalid('clusterIPs', 'first value must match `clusterIP`', ips);
  } else if (ips.length > 0) spec.invalid('clusterIPs', 'must be empty when `clusterIP` is not specified', ips);
  const families = spec.texts('ipFamilies');
  for (const [i, family] of families.entries()) {
    if (!FAMILIES.includes(family)) spec.unsupported(`ipFamilies[${i}]`, FAMILIES, family);
    if (families.indexOf(family) < i) spec.duplicate(`ipFamilies[${i}]`, family);
  }
  spec.checkOneOf('ipFamilyPolicy', FAMILY_POLICIES);
  let bad = false;
  for (const [i, ip] of ips.entries()) {
    if (i === 0 && ip === 'None') {
      if (ips.length > 1) {
        bad = true;
        spec.invalid('clusterIPs', "'None' must be the first and only value", ips);
      }
      continue;
    }
    const messages = legacyIP(ip);
    bad ||= messages.length > 0;
    for (const message of messages) spec.add(invalidValue(spec.at(`clusterIPs[${i}]`), ip, message));
  }
  if (ips.length > 2) spec.invalid('clusterIPs', 'may only hold up to 2 values', ips);
  if (bad) return;
  if (ips.length > 1 && new Set(ips.map(familyOf)).size < 2) {
    spec.invalid('clusterIPs', 'may specify no more than one IP for each IP family', ips);
  }
  if (isHeadless(spec)) return;
  for (const [i, ip] of ips.slice(0, families.length).entries()) {
    const family = families[i];
    if (FAMILIES.includes(family ?? '') && familyOf(ip) !== family) {
      const detail = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
      spec.add(invalidValue(spec.at(`clusterIPs[${i}]`), ip, detail));
    }
  }
}

function checkTopology(root: FieldNode): void {
  const annotations = root.struct('metadata').child('annotations');
  if (annotations === undefined || !annotations.has(MODE) || !annotations.has(HINTS)) return;
  if (annotations.text(MODE) === annotations.text(HINTS)) return;
  const detail = `must match annotations[${HINTS}] when both are specified`;
  root.add(invalidValue(`metadata.annotations[${MODE}]`, annotations.text(MODE), detail));
}

function checkType(spec: FieldNode, ports: readonly FieldNode[]): void {
  const type = spec.text('type');
  const ips = spec.texts('clusterIPs');
  if (type === 'LoadBalancer') {
    for (const port of ports) {
      if (port.number('port') === KUBELET_PORT) {
        port.invalid('', `may not expose port ${KUBELET_PORT} externally since it is used by kubelet`, KUBELET_PORT);
      }
    }
  }
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    spec.invalid('clusterIPs[0]', `may not be set to 'None' for ${type} services`, ips[0]);
  }
  if (type !== 'ExternalName') return;
  for (const key of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    if (spec.count(key) > 0 || spec.text(key) !== '') {
      spec.forbidden(key, 'may not be set for ExternalName services');
    }
  }
  // A trailing dot makes a name fully qualified.
  const name = spec.text('externalName').replace(/\.$/, '');
  if (name === '') spec.required('externalName');
  else spec.checkText('externalName', dns1123Subdomain, name);
}

function checkServicePort(port: FieldNode, named: boolean, names: Set<string>): void {
  const name = port.text('name');
  if (name !== '') {
    port.checkText('name', dns1123Label);
    if (names.has(name)) port.duplicate('name');
    names.add(name);
  } else if (named) port.required('name');
  checkPort(port, 'port');
  if (port.text('protocol') === '') port.required('protocol');
  else port.requireOneOf('protocol', PROTOCOLS);
  checkPortOrName(port, 'targetPort');
  if (port.has('appProtocol')) port.checkText('appProtocol', qualifiedName);
}

function checkAffinity(spec: FieldNode): void {
  const affinity = spec.text('sessionAffinity');
  if (affinity === '') spec.required('sessionAffinity');
  else spec.requireOneOf('sessionAffinity', ['ClientIP', 'None']);
  const config = spec.child('sessionAffinityConfig');
  if (affinity === 'None') {
    if (config !== undefined) spec.forbidden('sessionAffinityConfig', 'must not be set when session affinity is None');
    return;
  }
  if (affinity !== 'ClientIP') return;
  const needed = 'when session affinity type is ClientIP';
  const client = config?.child('clientIP');
  const seconds = client?.number('timeoutSeconds');
  if (config === undefined) spec.required('sessionAffinityConfig', needed);
  else if (client === undefined) config.required('clientIP', needed);
  else if (seconds === undefined) client.required('timeoutSeconds', needed);
  else if (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS) {
    client.invalid('timeoutSeconds', `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`, seconds);
  }
}

const wantsNodePorts = (spec: FieldNode): boolean =>
  spec.text('type') === 'NodePort' ||
  (spec.text('type') === 'LoadBalancer' && spec.value['allocateLoadBalancerNodePorts'] !== false);

/** The node port that each port has or will be given: one for all ports of a number, as allocation does it. */
function nodePortsOf(spec: FieldNode, ports: readonly FieldNode[]): number[] {
  const byPort = new Map<number, number>();
  // What a dry run of kube-apiserver's allocator hands out; only ever printed.
  let next = 32_769;
  return ports.map((port) => {
    const own = port.number('nodePort') ?? 0;
    if (own !== 0 || !wantsNodePorts(spec)) return own;
    const number = port.number('port') ?? 0;
    const asked = ports.find((p) => p.number('port') === number && (p.number('nodePort') ?? 0) !== 0);
    const given = byPort.get(number) ?? asked?.number('nodePort') ?? next++;
    byPort.set(number, given);
    return given;
  });
}

function checkDuplicates(spec: FieldNode, ports: readonly FieldNode[]): void {
  const nodePorts = nodePortsOf(spec, ports);
  const seen = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const nodePort = nodePorts[i] ?? 0;
    if (nodePort === 0) continue;
    const key = `${port.text('protocol')}/${nodePort}`;
    if (seen.has(key)) port.duplicate('nodePort', nodePort);
    seen.add(key);
  }
  seen.clear();
  for (const port of ports) {
    const pair = { protocol: port.text('protocol'), port: port.number('port') ?? 0 };
    const key = `${pair.protocol}/${pair.port}`;
    if (seen.has(key)) port.add(duplicate(port.path, asInGo(pair, 'io.k8s.api.core.v1.ServicePort')));
    seen.add(key);
  }
}

function checkSourceRanges(root: FieldNode, spec: FieldNode, old: JsonObject | undefined): void {
  const only = "may only be used when `type` is 'LoadBalancer'";
  const balanced = spec.text('type') === 'LoadBalancer';
  const ranges = spec.texts('loadBalancerSourceRanges');
  if (ranges.length > 0) {
    const at = 'LoadBalancerSourceRanges';
    if (!balanced) spec.forbidden(at, only);
    for (const [i, range] of ranges.entries()) spec.checkText(`${at}[${i}]`, legacyCidr, range.trim());
    return;
  }
  const value = annotation(root.value, SOURCE_RANGES);
  if (value === undefined) return;
  const at = `metadata.annotations[${SOURCE_RANGES}]`;
  if (!balanced) root.add(forbiddenField(at, only));
  if (value.trim() === '' || (old !== undefined && annotation(old, SOURCE_RANGES) === value)) return;
  for (const range of value.trim().split(',')) {
    for (const message of legacyCidr(range.trim())) root.add(invalidValue(at, range.trim(), message));
  }
}

function annotation(obj: JsonObject, key: string): string | undefined {
  const annotations = new FieldNode(obj).struct('metadata').child('annotations');
  return annotations?.has(key) === true ? annotations.text(key) : undefined;
}

function checkBalancerFields(spec: FieldNode): void {
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (spec.text('type') !== 'LoadBalancer') {
    for (const key of ['allocateLoadBalancerNodePorts', 'loadBalancerClass']) {
      if (spec.has(key)) spec.forbidden(key, only);
    }
    return;
  }
  if (!spec.has('allocateLoadBalancerNodePorts')) spec.required('allocateLoadBalancerNodePorts');
  if (spec.has('loadBalancerClass')) spec.checkText('loadBalancerClass', qualifiedName);
}

function checkTraffic(spec: FieldNode): void {
  const type = spec.text('type');
  const policy = spec.text('externalTrafficPolicy');
  const reachable =
    type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && spec.count('externalIPs') > 0);
  if (!reachable) {
    if (policy !== '') spec.invalid('externalTrafficPolicy', 'may only be set for externally-accessible services');
  } else if (policy === '') spec.required('externalTrafficPolicy');
  else spec.requireOneOf('externalTrafficPolicy', POLICIES);
  const health = spec.number('healthCheckNodePort') ?? 0;
  if (health !== 0) {
    if (type === 'LoadBalancer' && policy === 'Local') checkPort(spec, 'healthCheckNodePort');
    else {
      spec.invalid(
        'healthCheckNodePort',
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      );
    }
  }
  if (spec.has('internalTrafficPolicy')) spec.requireOneOf('internalTrafficPolicy', POLICIES);
  else if (type === 'NodePort' || type === 'LoadBalancer' || type === 'ClusterIP') {
    spec.required('internalTrafficPolicy');
  }
  spec.checkOneOf('trafficDistribution', DISTRIBUTIONS);
}

function checkService(root: FieldNode, old?: JsonObject): void {
  const spec = root.struct('spec');
  const ports = spec.list('ports');
  checkTopology(root);
  if (ports.length === 0 && !isHeadless(spec) && spec.text('type') !== 'ExternalName') spec.required('ports');
  checkType(spec, ports);
  const names = new Set<string>();
  for (const port of ports) checkServicePort(port, ports.length > 1, names);
  spec.add(...labelErrors(spec.get('selector'), spec.at('selector')));
  checkAffinity(spec);
  for (const [i, ip] of spec.texts('externalIPs').entries()) {
    const messages = legacyIP(ip);
    spec.checkText(`externalIPs[${i}]`, messages.length > 0 ? () => messages : nonSpecialIP, ip);
  }
  if (spec.text('type') === '') spec.required('type');
  else spec.requireOneOf('type', TYPES);
  if (spec.text('type') === 'ClusterIP') {
    for (const port of ports) {
      if ((port.number('nodePort') ?? 0) !== 0)
        port.forbidden('nodePort', "may not be used when `type` is 'ClusterIP'");
    }
  }
  checkDuplicates(spec, ports);
  checkSourceRanges(root, spec, old);
  checkBalancerFields(spec);
  checkTraffic(spec);
}

const ONCE = 'may not change once set';

/** Addresses (or families) can be added at the end and dropped from it; the first stays (ValidateUpgradeDowngrade...). */
function checkKept(spec: FieldNode, was: FieldNode, key: string, one: string): void {
  const [before, now] = [was.texts(key), spec.texts(key)];
  if (before.length === now.length) {
    for (const [i, value] of before.entries()) if (value !== now[i]) spec.invalid(`${key}[${i}]`, ONCE, now);
    return;
  }
  if (now.length === 0) spec.invalid(`${key}[0]`, `primary ${one} can not be unset`, now);
  else if (before.length > 0 && now[0] !== before[0]) spec.invalid(`${key}[0]`, ONCE, now);
  if (before.length > now.length && now.length === 1 && spec.text('ipFamilyPolicy') !== 'SingleStack') {
    spec.invalid(
      'ipFamilyPolicy',
      `must be set to 'SingleStack' when releasing the secondary ${one}`,
      spec.get('ipFamilyPolicy') ?? null,
    );
  }
}

function checkServiceUpdate(root: FieldNode, old: JsonObject): void {
  const spec = root.struct('spec');
  const was = new FieldNode(old).struct('spec');
  const external = spec.text('type') === 'ExternalName' || was.text('type') === 'ExternalName';
  if (!external) {
    if (!isHeadless(was) || !isHeadless(spec)) checkKept(spec, was, 'clusterIPs', 'clusterIP');
    checkKept(spec, was, 'ipFamilies', 'ipFamily');
  }
  if (spec.text('type') === 'LoadBalancer' && was.text('type') === 'LoadBalancer') {
    if (spec.get('loadBalancerClass') !== was.get('loadBalancerClass')) {
      spec.invalid('loadBalancerClass', ONCE, spec.get('loadBalancerClass') ?? null);
    }
  }
  checkService(root, old);
}

const balancerPoints = (root: FieldNode): FieldNode[] => root.struct('status').struct('loadBalancer').list('ingress');

/** What a load balancer says of itself (ValidateLoadBalancerStatus). Addresses that are there already may stay. */
function checkBalancerStatus(root: FieldNode, old: JsonObject): void {
  const ingress = balancerPoints(root);
  const before = new Set(balancerPoints(new FieldNode(old)).map((point) => point.text('ip')));
  if (root.struct('spec').text('type') !== 'LoadBalancer' && ingress.length > 0) {
    root.forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'");
    return;
  }
  for (const point of ingress) {
    const ip = point.text('ip');
    if (ip !== '' && !before.has(ip)) point.checkText('ip', legacyIP);
    if (!point.has('ipMode')) {
      if (ip !== '') point.required('ipMode', 'must be specified when `ip` is set');
    } else if (ip === '') point.forbidden('ipMode', 'may not be specified when `ip` is not set');
    else point.requireOneOf('ipMode', ['Proxy', 'VIP']);
    checkIngressHostname(point);
  }
}

function addressErrors(service: JsonObject): FieldError[] | undefined {
  const errors = validating(service, (root) => checkClusterAddresses(root.struct('spec')));
  return errors.length === 0 ? undefined : errors;
}

export const serviceRules: Pick<Strategy, 'validate' | 'validateUpdate' | 'validateStatusUpdate'> = {
  validate: (o) => addressErrors(o) ?? validating(o, (root) => checkService(root)),
  validateUpdate: (o, old) => addressErrors(o) ?? validating(o, (root) => checkServiceUpdate(root, old)),
  validateStatusUpdate: (o, old) => validating(o, (root) => checkBalancerStatus(root, old)),
};
