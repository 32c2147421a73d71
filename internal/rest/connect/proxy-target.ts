import { child, children, num, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { badRequest, notFound, quote, serviceUnavailable } from '../../machinery/status.js';
import type { ResourceDef } from '../../schema/types.js';
import type { Backend } from '../../store/types.js';
import type { TlsOptions } from '../../callout/index.js';
import { checkProxyable, isGlobalUnicast } from './addresses.js';
import type { Connections } from './connections.js';
import { authority, kubeletOf, storedObject } from './kubelet.js';

/** Where a proxy leads: the beginning of its URLs, without a slash at the end. */
export interface ProxyTarget {
  readonly url: string;
  readonly tls: TlsOptions;
}

/** Pods and services are not asked who they are (kube-apiserver's proxy transport). */
const ANYBODY: TlsOptions = { insecure: true };

interface SchemeNamePort {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
}

/** `name`, `name:port` or `scheme:name:port`; undefined for anything else (apimachinery's SplitSchemeNamePort). */
export function splitSchemeNamePort(id: string): SchemeNamePort | undefined {
  const parts = id.split(':');
  if (parts.length > 3) return undefined;
  const [scheme, name, port] =
    parts.length === 3 ? [parts[0] ?? '', parts[1] ?? '', parts[2] ?? ''] : ['', parts[0] ?? '', parts[1] ?? ''];
  if (name === '' || !['', 'http', 'https'].includes(scheme)) return undefined;
  return { scheme: scheme === '' ? 'http' : scheme, name, port };
}

/** Where the proxy of this node, pod or service leads. Throws 400, 404, 500, 503 as kube-apiserver does. */
export async function proxyTarget(
  backend: Backend,
  connections: Connections,
  def: ResourceDef,
  namespace: string,
  id: string,
): Promise<ProxyTarget> {
  const asked = splitSchemeNamePort(id);
  if (asked === undefined) throw badRequest(`invalid ${def.singular} request ${quote(id)}`);
  switch (def.resource) {
    case 'nodes':
      return await nodeTarget(backend, connections, def, asked);
    case 'pods':
      return podTarget(backend, connections, def, namespace, asked);
    default:
      return serviceTarget(backend, def, namespace, asked, id);
  }
}

async function nodeTarget(
  backend: Backend,
  connections: Connections,
  def: ResourceDef,
  { scheme, name, port }: SchemeNamePort,
): Promise<ProxyTarget> {
  const kubelet = kubeletOf(backend, connections, name, def);
  await checkProxyable(kubelet.host, connections.mayProxyTo ?? isGlobalUnicast);
  if (port === '' || port === String(kubelet.port)) return { url: kubelet.url, tls: connections.kubelet };
  return { url: `${scheme}://${authority(kubelet.host, port)}`, tls: ANYBODY };
}

function podIp(pod: JsonObject): string {
  const status = child(pod, 'status');
  const [first] = children(status, 'podIPs');
  return first === undefined ? str(status, 'podIP') : str(first, 'ip');
}

function podTarget(
  backend: Backend,
  { mayProxyTo = isGlobalUnicast }: Connections,
  def: ResourceDef,
  namespace: string,
  { scheme, name, port }: SchemeNamePort,
): ProxyTarget {
  const pod = storedObject(backend, 'pods', namespace, name);
  if (pod === undefined) throw notFound(def, name);
  const ip = podIp(pod);
  if (!mayProxyTo(ip)) throw badRequest('address not allowed');
  const first = children(child(pod, 'spec'), 'containers')
    .flatMap((container) => children(container, 'ports'))
    .map((p) => num(p, 'containerPort'))[0];
  const at = port === '' ? (first ?? (scheme === 'https' ? 443 : 80)) : port;
  return { url: `${scheme}://${authority(ip, at)}`, tls: ANYBODY };
}

/** The ready endpoints of a service's port, one of them at random; only those that are pods of its namespace. */
function serviceTarget(
  backend: Backend,
  def: ResourceDef,
  namespace: string,
  { scheme, name, port }: SchemeNamePort,
  id: string,
): ProxyTarget {
  let portName = port;
  if (/^[+-]?[0-9]{1,18}$/.test(port)) {
    const service = storedObject(backend, 'services', namespace, name);
    if (service === undefined) throw notFound(def, name);
    const found = children(child(service, 'spec'), 'ports').find((p) => num(p, 'port') === Number(port));
    if (found === undefined) {
      throw serviceUnavailable(`no service port ${Number(port)} found for service ${quote(name)}`);
    }
    portName = str(found, 'name');
  }
  const endpoints = storedObject(backend, 'endpoints', namespace, name);
  // A service that nothing stands behind is reported as if it were not there itself.
  if (endpoints === undefined) throw notFound(def, name);
  const subsets = children(endpoints, 'subsets');
  if (subsets.length === 0) throw serviceUnavailable(`no endpoints available for service ${quote(name)}`);
  for (const subset of startingAnywhere(subsets)) {
    const target = children(subset, 'ports').find((p) => str(p, 'name') === portName);
    const number = num(target, 'port');
    if (number === undefined) continue;
    for (const address of startingAnywhere(children(subset, 'addresses'))) {
      if (!isPod(backend, namespace, address)) continue;
      return { url: `${scheme}://${authority(str(address, 'ip'), number)}`, tls: ANYBODY };
    }
  }
  throw serviceUnavailable(`no endpoints available for service ${quote(id)}`);
}

function startingAnywhere<T>(list: readonly T[]): readonly T[] {
  const at = Math.floor(Math.random() * list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}

/** An address is believed when it is that of the pod which it names: who writes endpoints must not choose any address. */
function isPod(backend: Backend, namespace: string, address: JsonObject): boolean {
  const ref = child(address, 'targetRef');
  if (ref === undefined || str(ref, 'namespace') !== namespace) return false;
  const pod = storedObject(backend, 'pods', namespace, str(ref, 'name'));
  if (pod === undefined) return false;
  const status = child(pod, 'status');
  const ips = [str(status, 'podIP'), ...children(status, 'podIPs').map((p) => str(p, 'ip'))];
  return ips.includes(str(address, 'ip')) && str(address, 'ip') !== '';
}
