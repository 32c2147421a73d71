import { append } from '../../machinery/append.js';
import type { JsonObject } from '../../machinery/json.js';
import { quote } from '../../machinery/status.js';
import { FieldNode } from '../generic/field-node.js';
import { cidrWarnings, ipWarnings } from './addresses.js';

// Texts: k8s.io/kubernetes pkg/api/service/warnings.go, and the strategies of the kinds.

function listed(owner: FieldNode, key: string, about: (path: string, value: string) => string[]): string[] {
  return owner.texts(key).flatMap((value, i) => about(`${owner.at(key)}[${i}]`, value));
}

function labelOf(root: FieldNode, key: string): string {
  return root.struct('metadata').struct('labels').text(key);
}

function headlessWarnings(spec: FieldNode): string[] {
  const out: string[] = [];
  const ignored = (field: string): void => {
    out.push(`spec.${field} is ignored for headless services`);
  };
  if (spec.text('loadBalancerIP') !== '') ignored('loadBalancerIP');
  if (spec.count('externalIPs') > 0) ignored('externalIPs');
  if (spec.text('sessionAffinity') !== 'None') ignored('SessionAffinity');
  return out;
}

/** GetWarningsForService. */
export function serviceWarnings(service: JsonObject): string[] {
  const root = new FieldNode(service);
  const spec = root.struct('spec');
  const out: string[] = [];
  const hints = 'service.kubernetes.io/topology-aware-hints';
  if (root.struct('metadata').struct('annotations').has(hints)) {
    out.push(`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  }
  const clusterIP = spec.text('clusterIP');
  if (clusterIP !== '' && clusterIP !== 'None') append(out, listed(spec, 'clusterIPs', ipWarnings));
  const type = spec.text('type');
  const isHeadless = type === 'ClusterIP' && clusterIP === 'None';
  if (isHeadless) append(out, headlessWarnings(spec));
  append(out, listed(spec, 'externalIPs', ipWarnings));
  const isExternal = spec.count('externalIPs') > 0;
  if (isExternal && !isHeadless && type !== 'ExternalName') {
    out.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  }
  append(out, ipWarnings(spec.at('loadBalancerIP'), spec.text('loadBalancerIP')));
  append(out, listed(spec, 'loadBalancerSourceRanges', cidrWarnings));
  if (type === 'ExternalName' && isExternal) out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && spec.text('externalName') !== '') {
    out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (spec.text('trafficDistribution') === 'PreferClose') {
    out.push(`spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"`);
  }
  return out;
}

/** Warnings about where a load balancer is reached: Services and Ingresses. */
export function loadBalancerWarnings(obj: JsonObject): string[] {
  const points = new FieldNode(obj).struct('status').struct('loadBalancer').list('ingress');
  return points.flatMap((point) => ipWarnings(point.path, point.text('ip')));
}

/** Warnings about the addresses that a kubelet reports. */
export function podStatusWarnings(pod: JsonObject): string[] {
  const status = new FieldNode(pod).struct('status');
  const of = (key: string): string[] =>
    status.list(key).flatMap((address) => ipWarnings(address.at('ip'), address.text('ip')));
  return [...of('podIPs'), ...of('hostIPs')];
}

/** Warnings about slices that no controller of Kubernetes' own wrote. */
export function endpointSliceWarnings(slice: JsonObject, old: JsonObject | undefined): string[] {
  const root = new FieldNode(slice);
  const out: string[] = [];
  if (old === undefined && root.text('addressType') === 'FQDN') {
    out.push('spec.addressType: FQDN endpoints are deprecated');
  }
  const manager = labelOf(root, 'endpointslice.kubernetes.io/managed-by');
  if (/^endpointslice(?:mirroring)?-controller\.k8s\.io$/.test(manager)) return out;
  for (const endpoint of root.list('endpoints')) append(out, listed(endpoint, 'addresses', ipWarnings));
  return out;
}

/** The same of Endpoints. */
export function endpointsWarnings(endpoints: JsonObject): string[] {
  const root = new FieldNode(endpoints);
  if (labelOf(root, 'endpoints.kubernetes.io/managed-by') === 'endpoint-controller') return [];
  const out: string[] = [];
  for (const subset of root.list('subsets')) {
    for (const key of ['addresses', 'notReadyAddresses']) {
      for (const address of subset.list(key)) append(out, ipWarnings(address.at('ip'), address.text('ip')));
    }
  }
  return out;
}

/** Warnings about the networks that a policy names. */
export function networkPolicyWarnings(policy: JsonObject): string[] {
  const spec = new FieldNode(policy).struct('spec');
  const out: string[] = [];
  const about = (peer: FieldNode): void => {
    const block = peer.child('ipBlock');
    if (block === undefined) return;
    append(out, cidrWarnings(block.at('cidr'), block.text('cidr')));
    append(out, listed(block, 'except', cidrWarnings));
  };
  for (const rule of spec.list('ingress')) rule.list('from').forEach(about);
  for (const rule of spec.list('egress')) rule.list('to').forEach(about);
  return out;
}

/** Warnings about a node's fields that nobody reads any more, and its networks. */
export function nodeWarnings(node: JsonObject): string[] {
  const spec = new FieldNode(node).struct('spec');
  const out: string[] = [];
  if (spec.has('configSource')) out.push('spec.configSource: the feature is removed');
  if (spec.text('externalID') !== '') {
    out.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  }
  append(out, listed(spec, 'podCIDRs', cidrWarnings));
  return out;
}

/** A name of a configuration that a file may have, in a later release. */
export function staticNameWarnings(obj: JsonObject): string[] {
  const suffix = '.static.k8s.io';
  if (!new FieldNode(obj).struct('metadata').text('name').endsWith(suffix)) return [];
  return [
    `metadata.name: names ending with ${quote(suffix)} are reserved for static manifest-based configurations and cannot be managed via the API`,
  ];
}
