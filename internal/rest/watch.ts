import type { ResourceDef } from '../schema/types.js';
import { resourcePrefix } from '../store/keys.js';
import type { RestDeps } from './deps.js';
import { tooLargeResourceVersion, watchTooOld } from './errors.js';
import { filterOf } from './filter.js';
import { Lister } from './lister.js';
import type { ListOptions } from './options.js';
import { parseListOptions, parseResourceVersion } from './options.js';
import { watchEncoding } from './representation.js';
import { waitForRevision } from './revision.js';
import type { ApiRequest, Reply } from './types.js';
import type { WatchHub } from './watch-hub.js';
import { Watcher } from './watcher.js';
import { converterFor } from './convert.js';
import { ConvertedWatcher, isConverted } from './converted-watcher.js';

export { WatchHub } from './watch-hub.js';

/** Without `timeoutSeconds` a watch ends after this long, and up to twice as long (kube-apiserver's --min-request-timeout). */
const MIN_TIMEOUT_MS = 1_800_000;
/** Longest delay that a timer can have. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Answers a WATCH; the changes that follow come from `hub`. */
export async function handleWatch(
  deps: RestDeps,
  hub: WatchHub,
  request: ApiRequest,
  def: ResourceDef,
): Promise<Reply> {
  const options = parseListOptions(request.query, true);
  const encoding = watchEncoding(deps, request, def);
  const filter = filterOf(def, deps.strategyFor(def.group, def.resource, def.version), {
    namespace: request.info.namespace,
    name: request.info.name,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  });
  const { backend } = deps;
  const from = await beginning(deps, options);
  return {
    status: 200,
    contentType: encoding.contentType,
    ahead: encoding.ahead,
    stream: (sink) => {
      if (from < backend.compactRevision) {
        sink.end(encoding.error(watchTooOld(from, backend.compactRevision).status));
        return;
      }
      const initial = options.sendInitialEvents === true;
      const cls = hub.classFor(resourcePrefix(def.storage.group, def.storage.resource), filter, encoding);
      const before = filter.asksWebhook ? converterFor(deps, def).prepare : undefined;
      const asks = before !== undefined || isConverted(encoding);
      const watcher = new (asks ? ConvertedWatcher : Watcher)(hub, cls, sink, {
        from,
        ...(initial
          ? { initial: new Lister(deps, filter, { revision: from, start: filter.start, end: filter.end }) }
          : {}),
        bookmarks: options.allowWatchBookmarks,
        markInitialEnd: initial && options.allowWatchBookmarks,
        timeoutMs: timeoutOf(deps, options),
        begun: () => request.watchBegun?.(),
      });
      if (watcher instanceof ConvertedWatcher) watcher.before = before;
      watcher.start();
    },
  };
}

/** The revision whose state the client has, or is given first; waits until this replica may speak of it. */
async function beginning(deps: RestDeps, options: ListOptions): Promise<number> {
  const { backend } = deps;
  const wanted = parseResourceVersion(options.resourceVersion);
  if (options.resourceVersion === '') {
    await backend.readBarrier();
    return backend.revision;
  }
  if (wanted === 0) return backend.revision;
  if (options.sendInitialEvents !== true) return wanted;
  if (!Number.isSafeInteger(wanted)) throw tooLargeResourceVersion(options.resourceVersion, backend.revision);
  await waitForRevision(backend, wanted);
  return backend.revision;
}

function timeoutOf(deps: RestDeps, options: ListOptions): number {
  const shortest = deps.minWatchTimeoutMs ?? MIN_TIMEOUT_MS;
  const ms = options.timeoutSeconds > 0 ? options.timeoutSeconds * 1_000 : shortest * (1 + Math.random());
  return Math.min(ms, MAX_TIMER_MS);
}
