import { child, children } from '../machinery/access.js';
import { type JsonObject, isObject } from '../machinery/json.js';
import { badRequest, notFound, StatusError } from '../machinery/status.js';
import type { ResourceDef } from '../schema/types.js';
import { objectKey } from '../store/keys.js';
import type { RestDeps } from './deps.js';
import { connectOptions, optionsType } from './connect-options.js';
import { notServed } from './not-served.js';
import type { ApiRequest, Reply } from './types.js';
import { admitOnly } from './write/admission.js';
import { startWriting } from './write/target.js';

/** Subresources whose every request is a CONNECT to admission, whatever its method. */
const CONNECTS: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward', 'proxy']);

/**
 * Answers subresources that are a way to something outside: logs, exec, attach, portforward, proxy. What needs a node
 * is not there yet; what can be said without one is said as kube-apiserver says it (pkg/registry/core/pod/strategy.go).
 */
export async function handleConnect(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<Reply> {
  const { info } = request;
  await deps.backend.readBarrier();
  await admitConnect(deps, request, def);
  const { group, resource } = def.storage;
  const found = deps.backend.get(objectKey(group, resource, def.namespaced ? info.namespace : '', info.name));
  if (found === undefined) throw notFound(def, info.name);
  if (def.group === '' && def.resource === 'services') {
    // A service that nothing stands behind is reported as if it were not there itself.
    const endpoints = deps.backend.get(objectKey('', 'endpoints', info.namespace, info.name));
    if (endpoints === undefined) throw notFound(def, info.name);
  }
  if (def.group === '' && def.resource === 'nodes') {
    const node = JSON.parse(found.value.toString()) as JsonObject;
    if (children(child(node, 'status'), 'addresses').length === 0) {
      throw new StatusError(500, '', 'no preferred addresses found; known addresses: []');
    }
  }
  if (def.group !== '' || def.resource !== 'pods') throw notServed(def, info.subresource);
  const pod = JSON.parse(found.value.toString()) as JsonObject;
  const host = textAt(pod, 'spec', 'nodeName');
  if (info.subresource === 'proxy') {
    if (textAt(pod, 'status', 'podIP') === '') throw badRequest('address not allowed');
    throw notServed(def, info.subresource);
  }
  if (info.subresource !== 'portforward') checkContainer(pod, info.name, request.query.get('container') ?? '');
  if (host === '') {
    // There is no log yet of a pod that runs nowhere.
    if (info.subresource === 'log') return { status: 204, contentType: '', body: '' };
    throw badRequest(`pod ${info.name} does not have a host assigned`);
  }
  throw notServed(def, info.subresource);
}

/** Connections are admitted before anything is looked for; a log is only read. */
async function admitConnect(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<void> {
  const sub = def.subresources.find((s) => s.name === request.info.subresource);
  if (sub === undefined || !CONNECTS.has(sub.name)) return;
  const ctx = startWriting(deps, request, def, false);
  const object = connectOptions(request, sub);
  await admitOnly(deps, def, ctx, { operation: 'CONNECT', object, type: optionsType(sub) }, () => undefined);
}

function textAt(obj: JsonObject, parent: string, field: string): string {
  const p = obj[parent];
  const v = isObject(p) ? p[field] : undefined;
  return typeof v === 'string' ? v : '';
}

function containerNames(pod: JsonObject, field: string): string[] {
  const spec = pod['spec'];
  const list = isObject(spec) ? spec[field] : undefined;
  if (!Array.isArray(list)) return [];
  return list.map((c) => (isObject(c) && typeof c['name'] === 'string' ? c['name'] : ''));
}

/** A pod of several containers must be told which. Throws 400. */
function checkContainer(pod: JsonObject, name: string, container: string): void {
  const main = containerNames(pod, 'containers');
  const init = containerNames(pod, 'initContainers');
  const ephemeral = containerNames(pod, 'ephemeralContainers');
  const all = [...init, ...main, ...ephemeral];
  if (container !== '') {
    if (!all.includes(container)) throw badRequest(`container ${container} is not valid for pod ${name}`);
    return;
  }
  if (main.length === 1 && init.length === 0 && ephemeral.length === 0) return;
  const meta = pod['metadata'];
  const annotations = isObject(meta) ? meta['annotations'] : undefined;
  const wanted = isObject(annotations) ? annotations['kubectl.kubernetes.io/default-container'] : undefined;
  if (typeof wanted === 'string' && all.includes(wanted)) return;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}
