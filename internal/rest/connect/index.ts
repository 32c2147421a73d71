import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { assert } from '../../machinery/assert.js';
import { badRequest, forbidden, notFound } from '../../machinery/status.js';
import type { ResourceDef, SubresourceDef } from '../../schema/types.js';
import type { RestDeps } from '../deps.js';
import { notServed } from '../not-served.js';
import type { ApiRequest, HandlerReply } from '../types.js';
import { admitOnly } from '../write/admission.js';
import { startWriting } from '../write/target.js';
import type { Connections } from './connections.js';
import { kubeletOf, storedObject } from './kubelet.js';
import { checkLogAccept, logOptions, podLog } from './log.js';
import { connectOptions, optionsType } from './options.js';
import { proxy } from './proxy.js';
import { proxyTarget } from './proxy-target.js';
import { podStreams, streamQuery } from './streams.js';

/** What a connection is made for. */
interface Asked {
  readonly deps: RestDeps;
  readonly connections: Connections;
  readonly request: ApiRequest;
  readonly def: ResourceDef;
}

/** The subresources that lead to something outside, whatever the method, and who answers them. */
export const CONNECTIONS: ReadonlyMap<string, (asked: Asked, sub: SubresourceDef) => Promise<HandlerReply>> = new Map([
  ['attach', streams],
  ['exec', streams],
  ['log', log],
  ['portforward', streams],
  ['proxy', throughProxy],
]);

/**
 * Answers subresources that are a way to something outside: logs, exec, attach, portforward, proxy. What a client may
 * not do is refused before anything is looked for: admission sees a CONNECT, and exec, attach and portforward take the
 * right to create them, whatever the method (kube-apiserver's AuthorizePodWebsocketUpgradeCreatePermission).
 */
export async function handleConnect(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<HandlerReply> {
  const sub = def.subresources.find((s) => s.name === request.info.subresource);
  assert(sub !== undefined, 'a connection is to a subresource');
  const { connections } = deps;
  if (def.group !== '' || connections === undefined) throw notServed(def, sub.name);
  const asked: Asked = { deps, connections, request, def };
  const connect = CONNECTIONS.get(sub.name);
  if (connect === undefined) throw notServed(def, sub.name);
  return await connect(asked, sub);
}

async function log({ deps, connections, request, def }: Asked): Promise<HandlerReply> {
  checkLogAccept(request);
  const options = logOptions(request);
  await deps.backend.readBarrier();
  const pod = podOf(deps, request, def);
  const container = containerOf(pod, request.info.name, options.container);
  const host = str(child(pod, 'spec'), 'nodeName');
  // There is no log yet of a pod that runs nowhere.
  if (host === '') return { status: 204, contentType: '', body: '' };
  return await podLog(connections, request, kubeletOf(deps.backend, connections, host, def), container, options);
}

async function streams({ deps, connections, request, def }: Asked, sub: SubresourceDef): Promise<HandlerReply> {
  const { namespace, name } = request.info;
  const options = connectOptions(request, sub);
  await deps.backend.readBarrier();
  await admitConnect(deps, request, def, sub, options);
  await authorizeCreate(deps, request, def);
  const pod = podOf(deps, request, def);
  const isForward = sub.name === 'portforward';
  const container = isForward ? '' : containerOf(pod, name, str(options, 'container'));
  const host = str(child(pod, 'spec'), 'nodeName');
  if (host === '') throw badRequest(`pod ${name} does not have a host assigned`);
  const kubelet = kubeletOf(deps.backend, connections, host, def);
  const path = isForward ? `/portForward/${namespace}/${name}` : `/${sub.name}/${namespace}/${name}/${container}`;
  return await podStreams(connections, request, kubelet, `${path}${streamQuery(options)}`, options);
}

async function throughProxy({ deps, connections, request, def }: Asked, sub: SubresourceDef): Promise<HandlerReply> {
  const { namespace, name } = request.info;
  await deps.backend.readBarrier();
  await admitConnect(deps, request, def, sub, connectOptions(request, sub));
  const target = await proxyTarget(deps.backend, connections, def, def.namespaced ? namespace : '', name);
  return await proxy(connections, request, target);
}

async function admitConnect(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  sub: SubresourceDef,
  object: JsonObject,
): Promise<void> {
  const ctx = startWriting(deps, request, def, false);
  await admitOnly(deps, def, ctx, { operation: 'CONNECT', object, type: optionsType(sub) }, () => undefined);
}

/** A GET may do what a POST may. Throws 403. */
async function authorizeCreate({ authorizer }: RestDeps, { info, user }: ApiRequest, def: ResourceDef): Promise<void> {
  if (authorizer === undefined || info.verb === 'create') return;
  const { decision, reason } = await authorizer.authorize({ ...info, user, verb: 'create' });
  if (decision !== 'allow') throw forbidden(def, info.name, reason);
}

function podOf(deps: RestDeps, { info }: ApiRequest, def: ResourceDef): JsonObject {
  const pod = storedObject(deps.backend, 'pods', info.namespace, info.name);
  if (pod === undefined) throw notFound(def, info.name);
  return pod;
}

const containerNames = (pod: JsonObject, field: string): string[] =>
  children(child(pod, 'spec'), field).map((container) => str(container, 'name'));

/** The container that is meant; a pod of several must be told which. Throws 400. */
function containerOf(pod: JsonObject, name: string, container: string): string {
  const main = containerNames(pod, 'containers');
  const all = [...containerNames(pod, 'initContainers'), ...main, ...containerNames(pod, 'ephemeralContainers')];
  if (container !== '') {
    if (!all.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
    return container;
  }
  const [only = ''] = all;
  if (all.length === 1 && main.length === 1) return only;
  const annotations = child(child(pod, 'metadata'), 'annotations');
  const wanted = str(annotations, 'kubectl.kubernetes.io/default-container');
  if (all.includes(wanted)) return wanted;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}
