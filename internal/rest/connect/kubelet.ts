import { child, children, num, str, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { type GroupResource, notFound, StatusError } from '../../machinery/status.js';
import { objectKey } from '../../store/keys.js';
import type { Backend } from '../../store/types.js';
import type { Connections } from './connections.js';

/** Where a kubelet listens that does not say. */
const KUBELET_PORT = 10_250;

/** Where the kubelet of a node answers. */
export interface Kubelet {
  readonly host: string;
  readonly port: number;
  /** Beginning of its URLs, without a slash at the end. */
  readonly url: string;
  /** It takes WebSockets as they come from clients, close signals and tunnels included. */
  readonly extendsWebSockets: boolean;
}

/** A stored object of the core group; undefined when there is none. */
export function storedObject(
  backend: Backend,
  resource: string,
  namespace: string,
  name: string,
): JsonObject | undefined {
  const found = backend.get(objectKey('', resource, namespace, name));
  return found === undefined ? undefined : (JSON.parse(found.value.toString()) as JsonObject);
}

/**
 * The kubelet of a node (kube-apiserver's NodeConnectionInfoGetter). `missing` is the resource that a 404 names: for a
 * pod on a node that is not there kube-apiserver says that it is a pod that is not found. Throws 404, and 500 where the
 * node has no address of the preferred types.
 */
export function kubeletOf(
  backend: Backend,
  { preferredAddressTypes }: Connections,
  name: string,
  missing: GroupResource,
): Kubelet {
  const node = storedObject(backend, 'nodes', '', name);
  if (node === undefined) throw notFound(missing, name);
  const status = child(node, 'status');
  const addresses = children(status, 'addresses');
  const host = preferredAddressTypes
    .map((type) => addresses.find((a) => str(a, 'type') === type))
    .find((a) => a !== undefined);
  if (host === undefined) {
    const known = addresses.map((a) => `{${str(a, 'type')} ${str(a, 'address')}}`).join(' ');
    throw new StatusError(500, '', `no preferred addresses found; known addresses: [${known}]`);
  }
  const port = num(child(child(status, 'daemonEndpoints'), 'kubeletEndpoint'), 'Port') || KUBELET_PORT;
  return {
    host: str(host, 'address'),
    port,
    url: `https://${authority(str(host, 'address'), port)}`,
    extendsWebSockets: strings(status, 'declaredFeatures').includes('ExtendWebSocketsToKubelet'),
  };
}

/** `host:port` for a URL. */
export function authority(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
