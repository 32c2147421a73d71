import { Breath, BREATH_STEPS } from '../machinery/breathe.js';
import { StatusError } from '../machinery/status.js';
import { clientSignal } from './connect/flow.js';
import { converterFor } from './convert.js';
import type { RestDeps } from './deps.js';
import { filterOf } from './filter.js';
import { handleList } from './list.js';
import { Lister } from './lister.js';
import { parseListOptions } from './options.js';
import type { ApiRequest, Reply } from './types.js';
import { GatheredWarnings } from './warnings.js';
import { deleteObject } from './write/delete-object.js';
import { deleteOptions } from './write/options.js';
import { deletionWarnings } from './write/deletion-warnings.js';
import { type Kind, kindOf, resourceOf, startWriting, type Writing } from './write/target.js';

/** Deletions under way at once for one request (kube-apiserver has one worker by default; the log batches ours). */
const WORKERS = 16;

/**
 * Answers DELETE of a collection: deletes what the selectors mean and answers with the list as it was. Nothing more is
 * deleted once the client has gone, or was told that it took too long.
 */
export async function handleDeleteCollection(deps: RestDeps, request: ApiRequest): Promise<Reply> {
  const def = resourceOf(deps, request);
  const kind = kindOf(deps, def);
  const list = parseListOptions(request.query);
  const options = deleteOptions(request);
  const reply = await handleList(deps, request, def);
  const filter = filterOf(def, kind.strategy, {
    namespace: request.info.namespace,
    labelSelector: list.labelSelector,
    fieldSelector: list.fieldSelector,
  });
  const { start, end } = filter;
  const lister = new Lister(deps, filter, { revision: deps.backend.revision, start, end });
  const limit = list.limit > 0 ? list.limit : Number.MAX_SAFE_INTEGER;
  const before = filter.asksWebhook ? converterFor(deps, def).prepare : undefined;
  const keys: string[] = [];
  const breath = new Breath();
  while (!lister.finished && keys.length < limit) {
    if (breath.isDue(BREATH_STEPS)) await breath.rest();
    const most = Math.min(limit - keys.length, 2_000);
    const page = before === undefined ? lister.page(most) : await lister.convertedPage(before, most);
    for (const obj of page) keys.push(obj.key);
  }
  const ctx = startWriting(deps, request, def, options.dryRun);
  const warnings = new GatheredWarnings();
  if (keys.length > 0) warnings.add(deletionWarnings(def, options));
  const client = clientSignal(request);
  // Where nothing has to be waited for (a dry run) no deletion lets the loop turn.
  const together = new Breath();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      if (together.isOver()) await together.rest();
      const key = keys[next++];
      if (key === undefined || client.aborted || request.isTerminated === true) return;
      const one = forKey(kind, ctx, key);
      try {
        await deleteObject(deps, kind, one, options);
        warnings.add(one.warnings);
      } catch (e) {
        // Somebody else was faster: it is gone, which is what was wanted.
        if (!(e instanceof StatusError) || e.reason !== 'NotFound') throw e;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WORKERS, keys.length) }, worker));
  const texts = [...ctx.warnings, ...warnings.texts];
  return texts.length === 0 ? reply : { ...reply, warnings: texts };
}

/** The namespace and name in a key are the object's own: the collection may span namespaces. */
function forKey(kind: Kind, ctx: Writing, key: string): Writing {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const namespace = kind.def.namespaced ? (parts.at(-2) ?? '') : '';
  // Each deletion may be worked out several times, and then forgets what it warned of.
  return { ...ctx, namespace, name, warnings: [] };
}
