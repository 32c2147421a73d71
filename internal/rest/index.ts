import { pathSegmentName } from '../machinery/names.js';
import { badRequest, notFound, pathNotFound, quote, StatusError } from '../machinery/status.js';
import { findResource, groups } from '../schema/index.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import { handleCreate } from './create.js';
import { handleDeleteCollection } from './delete-collection.js';
import { handleDelete } from './delete.js';
import { handleComponentStatus, isComponentStatus } from './component-status.js';
import type { RestDeps } from './deps.js';
import { asClientError, methodNotAllowed } from './errors.js';
import { CONNECTIONS, handleConnect } from './connect/index.js';
import { handleGet } from './get.js';
import { pageNotFound } from './not-served.js';
import { handleList } from './list.js';
import { handlePatch } from './patch.js';
import { respondError } from './respond.js';
import { handleScaleGet } from './scale.js';
import type { ApiRequest, Handler, HandlerReply, Reply, RequestInfo } from './types.js';
import { handleUpdate } from './update.js';
import { handleWatch, WatchHub } from './watch.js';
import { requestedDeprecated } from './deprecated-requests.js';
import { collectedWarnings } from './write/pending-warnings.js';

export type { RestDeps } from './deps.js';

/** Kinds of the core group whose every answer carries a deprecation warning (kube-apiserver's APILifecycle data). */
const DEPRECATED = new Map([
  ['componentstatuses', 'v1 ComponentStatus is deprecated in v1.19+'],
  ['endpoints', 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
]);

/** Subresources whose path goes on after their own name. */
const OPEN_ENDED = new Set(['proxy']);

/** Answers resource requests: finds the resource and hands the request to its verb. */
export function createRest(deps: RestDeps): Handler {
  const hub = new WatchHub(deps);
  return (request) => {
    const { info } = request;
    const warning = info.group === '' && info.version === 'v1' ? DEPRECATED.get(info.resource) : undefined;
    if (warning !== undefined) return deprecated(deps, hub, request, warning);
    try {
      const reply = dispatch(deps, hub, request);
      return reply instanceof Promise ? reply.catch((e: unknown) => failed(request, e)) : reply;
    } catch (e) {
      return failed(request, e);
    }
  };
}

/** Throws what the client is told; answers it where warnings go along. */
function failed(request: ApiRequest, e: unknown): Reply {
  const told = asClientError(e);
  const warnings = collectedWarnings(request);
  if (warnings.length === 0 || !(told instanceof StatusError)) throw told;
  return respondError(request, told, warnings);
}

/** Every answer carries the warning, a refusal too. */
async function deprecated(deps: RestDeps, hub: WatchHub, request: ApiRequest, warning: string): Promise<HandlerReply> {
  return warned(request, warning, dispatch(deps, hub, request));
}

async function warned(
  request: ApiRequest,
  warning: string,
  answer: HandlerReply | Promise<HandlerReply>,
): Promise<HandlerReply> {
  request.annotate?.('k8s.io/deprecated', 'true');
  requestedDeprecated(request.info);
  try {
    const reply = await answer;
    return { ...reply, warnings: [warning, ...(reply.warnings ?? [])] };
  } catch (e) {
    const told = asClientError(e);
    if (!(told instanceof StatusError)) throw told;
    return respondError(request, told, [warning, ...collectedWarnings(request)]);
  }
}

function dispatch(deps: RestDeps, hub: WatchHub, request: ApiRequest): HandlerReply | Promise<HandlerReply> {
  const { info } = request;
  const def = findResource(info.group, info.version, info.resource);
  return def === undefined ? dispatchOther(deps, hub, request) : dispatchTo(deps, hub, request, def);
}

/** A resource that is not built in. */
async function dispatchOther(deps: RestDeps, hub: WatchHub, request: ApiRequest): Promise<HandlerReply> {
  const { group, version, resource } = request.info;
  let def = deps.findResource?.(group, version, resource);
  if (def === undefined && deps.findResource !== undefined) {
    // It may have been defined through another replica a moment ago.
    await deps.backend.readBarrier();
    def = deps.findResource(group, version, resource);
  }
  if (def === undefined) {
    // The resources of a group are found by the group's own server; nobody serves a group that is not known.
    if (!groups.some((g) => g.group === group)) return pageNotFound();
    throw pathNotFound();
  }
  const warning = def.deprecation;
  if (warning === undefined) return dispatchTo(deps, hub, request, def);
  return warned(request, warning, dispatchTo(deps, hub, request, def));
}

function dispatchTo(
  deps: RestDeps,
  hub: WatchHub,
  request: ApiRequest,
  def: ResourceDef,
): HandlerReply | Promise<HandlerReply> {
  const { info } = request;
  checkPath(def, request);
  if (isComponentStatus(def)) return handleComponentStatus(deps, request, def);
  if (CONNECTIONS.has(info.subresource)) return handleConnect(deps, request, def);
  switch (info.verb) {
    case 'get':
      return getOf(deps, request, def);
    case 'list':
      return handleList(deps, request, def);
    case 'watch':
      return handleWatch(deps, hub, request, def);
    case 'create':
      return handleCreate(deps, request);
    case 'update':
      return handleUpdate(deps, request);
    case 'patch':
      return handlePatch(deps, request);
    case 'delete':
      return handleDelete(deps, request);
    case 'deletecollection':
      return handleDeleteCollection(deps, request);
    default:
      throw methodNotAllowed();
  }
}

/** GET of an object or of one of its subresources. */
function getOf(deps: RestDeps, request: ApiRequest, def: ResourceDef): HandlerReply | Promise<HandlerReply> {
  const { subresource } = request.info;
  if (subresource === 'scale') return handleScaleGet(deps, request, def);
  // A subresource of the object's own kind is another way to write it; what is read is the object.
  const sub = def.subresources.find((s) => s.name === subresource);
  const own = sub === undefined || (sub.kind.kind === def.kind && sub.verbs.includes('update'));
  if (own) return handleGet(deps, request, def);
  return handleConnect(deps, request, def);
}

/** Whether the path itself asks for a watch: `/api/v1/watch/...`, `/apis/GROUP/VERSION/watch/...`. */
function isWatchPath(info: RequestInfo): boolean {
  if (info.verb !== 'watch') return false;
  const above = info.apiPrefix === 'api' ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  return info.path.startsWith(`${above}/watch/`);
}

/** Throws 400 for a name that can be no part of a key (apiserver's NamespaceKeyFunc). */
function checkObjectName(name: string): void {
  const problems = pathSegmentName(name, false);
  if (problems.length > 0) throw badRequest(`Name parameter invalid: ${quote(name)}: ${problems.join(';')}`);
}

/** Throws 404 or 405 unless the path and method are a route of the resource. */
function checkPath(def: ResourceDef, request: ApiRequest): void {
  const { info } = request;
  // kube-apiserver routes GET alone below /watch/, and only for what can be watched; nothing below /proxy/.
  if (info.verb === 'proxy') throw pathNotFound();
  if (isWatchPath(info)) {
    if (info.subresource !== '' || !def.verbs.includes('watch')) throw pathNotFound();
    if (request.method !== 'GET') throw methodNotAllowed();
  }
  // A namespace's own path has the shape of a namespaced one.
  const inNamespace = info.namespace !== '' && !(def.group === '' && def.resource === 'namespaces');
  if (inNamespace && !def.namespaced) throw pathNotFound();
  if (info.parts.length > 3 && !OPEN_ENDED.has(info.subresource)) throw pathNotFound();
  const named = info.parts.length > 1;
  if (named && def.namespaced && !inNamespace) throw pathNotFound();
  let verbs = def.verbs;
  if (info.subresource !== '') {
    const sub = def.subresources.find((s) => s.name === info.subresource);
    // The server of custom resources says so in its own words.
    if (sub === undefined) throw isCustom(def) ? notFound(def, info.name) : pathNotFound();
    verbs = sub.verbs;
  }
  if (named) checkObjectName(info.name);
  // What is proxied may have any method.
  if (info.subresource === 'proxy') return;
  if (request.method === 'HEAD' || !verbs.includes(info.verb)) throw methodNotAllowed();
  const { verb } = info;
  if (info.subresource === '') {
    if (verb === 'create' && (named || (def.namespaced && !inNamespace))) throw methodNotAllowed();
    if ((verb === 'update' || verb === 'patch') && !named) throw methodNotAllowed();
  }
}
