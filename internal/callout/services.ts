import { child, children, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { type Address, CallError } from './types.js';

/** The part of a reader of objects that is needed to find services. */
export interface ServiceObjects {
  get(group: string, resource: string, namespace: string, name: string): JsonObject | undefined;
  list(group: string, resource: string, namespace?: string): readonly JsonObject[];
}

/** Finds where a service answers (kube-apiserver's ServiceResolver). Throws CallError. */
export type ServiceResolver = (namespace: string, name: string, port: number) => Address;

const unreachable = (text: string): CallError => new CallError('dial', text);

function serviceOf(objects: ServiceObjects, namespace: string, name: string): JsonObject {
  const service = objects.get('', 'services', namespace, name);
  if (service === undefined) throw unreachable(`service ${JSON.stringify(name)} not found`);
  return child(service, 'spec') ?? {};
}

function portOf(spec: JsonObject, name: string, port: number): JsonObject {
  const found = children(spec, 'ports').find((p) => p['port'] === port);
  if (found === undefined) throw unreachable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return found;
}

/** By cluster IP, or by name where the service has type ExternalName (k8s.io/apiserver util/proxy: ResolveCluster). */
export function clusterIpResolver(objects: ServiceObjects): ServiceResolver {
  return (namespace, name, port) => {
    const spec = serviceOf(objects, namespace, name);
    const type = str(spec, 'type');
    const host = str(spec, 'clusterIP');
    if (type === 'ExternalName') return { host: str(spec, 'externalName'), port };
    if (type === 'ClusterIP' && host === 'None') throw unreachable('cannot route to service with ClusterIP "None"');
    if (type !== 'ClusterIP' && type !== 'NodePort' && type !== 'LoadBalancer') {
      throw unreachable(`unsupported service type ${JSON.stringify(type)}`);
    }
    portOf(spec, name, port);
    return { host, port };
  };
}

/**
 * By the addresses of ready endpoints, one of them at random (`--enable-aggregator-routing`; util/proxy:
 * ResolveEndpoint).
 */
export function endpointResolver(objects: ServiceObjects): ServiceResolver {
  return (namespace, name, port) => {
    const spec = serviceOf(objects, namespace, name);
    const type = str(spec, 'type');
    if (type !== 'ClusterIP' && type !== 'NodePort' && type !== 'LoadBalancer') {
      throw unreachable(`unsupported service type ${JSON.stringify(type)}`);
    }
    const portName = str(portOf(spec, name, port), 'name');
    const places: Address[] = [];
    for (const slice of objects.list('discovery.k8s.io', 'endpointslices', namespace)) {
      const labels = child(child(slice, 'metadata'), 'labels');
      if (str(labels, 'kubernetes.io/service-name') !== name) continue;
      const target = children(slice, 'ports').find((p) => str(p, 'name') === portName)?.['port'];
      if (typeof target !== 'number') continue;
      for (const endpoint of children(slice, 'endpoints')) {
        const { addresses } = endpoint;
        const address: unknown = Array.isArray(addresses) ? addresses[0] : undefined;
        const ready = child(endpoint, 'conditions')?.['ready'] !== false;
        if (ready && typeof address === 'string') places.push({ host: address, port: target });
      }
    }
    const place = places[Math.floor(Math.random() * places.length)];
    if (place === undefined) throw unreachable(`no endpoints available for service ${JSON.stringify(name)}`);
    return place;
  };
}

/** The server itself stands behind `default/kubernetes:443`; every other service is found by `others`. */
export function loopbackResolver(others: ServiceResolver, self: Address): ServiceResolver {
  return (namespace, name, port) =>
    namespace === 'default' && name === 'kubernetes' && port === 443 ? self : others(namespace, name, port);
}
