import type { Awaitable } from '../machinery/awaitable.js';
import { badRequest, notFound } from '../machinery/status.js';
import { JSON_MEDIA_TYPE } from '../schema/codec/index.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import { objectKey } from '../store/keys.js';
import type { Backend, KeyValue } from '../store/types.js';
import type { RestDeps } from './deps.js';
import { tooLargeResourceVersion } from './errors.js';
import { boolParam, parseResourceVersion } from './options.js';
import { withLineEnd } from './json-scan.js';
import { compress } from './gzip.js';
import { negotiate } from './negotiation.js';
import { respondStored } from './respond.js';
import { waitForRevision } from './revision.js';
import type { ApiRequest, Reply } from './types.js';

/** Answers a GET of one object, also through `/status`: linearizable unless the client names a resourceVersion. Throws 400 for an export. */
export function handleGet(deps: RestDeps, request: ApiRequest, def: ResourceDef): Awaitable<Reply> {
  const current = untilReadable(deps.backend, request, def);
  return current instanceof Promise ? current.then(() => getNow(deps, request, def)) : getNow(deps, request, def);
}

/**
 * Done when the store is as new as the GET wants it: as new as any, unless it names a resourceVersion. `answered` is what it
 * is answered with. Throws 400 for an export and for a resourceVersion that is none, 504 for one that does not come in time.
 */
export function untilReadable(backend: Backend, request: ApiRequest, answered: ResourceDef): Awaitable<void> {
  if (boolParam(request.query, 'export') === true) {
    negotiate(request, answered);
    throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
  }
  const resourceVersion = request.query.get('resourceVersion') ?? '';
  if (resourceVersion === '') return backend.readBarrier();
  if (resourceVersion === '0') return undefined;
  const wanted = parseResourceVersion(resourceVersion);
  if (!Number.isSafeInteger(wanted)) throw tooLargeResourceVersion(resourceVersion, backend.revision);
  return waitForRevision(backend, wanted);
}

function getNow(deps: RestDeps, request: ApiRequest, def: ResourceDef): Awaitable<Reply> {
  const { info } = request;
  const { backend } = deps;
  const { group, resource } = def.storage;
  const found = backend.get(objectKey(group, resource, def.namespaced ? info.namespace : '', info.name));
  if (found === undefined) {
    // What the client takes is asked first.
    negotiate(request, def);
    throw notFound(def, info.name);
  }
  // The stored bytes are the answer when they are what is asked for: nothing is parsed.
  if (isPlain(request, def) && !isOutdated(deps, def, found)) {
    return compress(request, { status: 200, contentType: JSON_MEDIA_TYPE, body: withLineEnd(found.value) });
  }
  return respondStored(deps, request, def, found.value, 200, [], found.modRevision);
}

/** Whether a custom resource's definition may have changed since the object was written. */
function isOutdated(deps: RestDeps, def: ResourceDef, { modRevision }: KeyValue): boolean {
  if (!isCustom(def)) return false;
  const { outdated } = deps.strategyFor(def.group, def.resource, def.version);
  return outdated !== undefined && modRevision <= outdated.until;
}

/** Whether the stored form, as it stands, is what the client wants and takes. */
function isPlain(request: ApiRequest, def: ResourceDef): boolean {
  if (def.version !== def.storage.version || def.group !== def.storage.group) return false;
  const accept = request.header('accept');
  if (accept !== '' && accept !== '*/*' && accept !== JSON_MEDIA_TYPE) return false;
  if (request.query.has('pretty')) return false;
  const agent = request.header('user-agent');
  return !(agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'));
}
