import { append } from '../machinery/append.js';
import type { RestDeps } from './deps.js';
import { negotiate } from './negotiation.js';
import { notServed } from './not-served.js';
import type { ApiRequest, Reply } from './types.js';
import { answerStored, answerSuccess } from './write/answer.js';
import { deleteObject } from './write/delete-object.js';
import { deletionWarnings } from './write/deletion-warnings.js';
import { deleteOptions } from './write/options.js';
import { kindOf, metaOf, metaText, resourceOf, startWriting } from './write/target.js';

/** Answers DELETE of one object: with the object while something keeps it (and for some kinds always), else with a Status. */
export async function handleDelete(deps: RestDeps, request: ApiRequest): Promise<Reply> {
  const def = resourceOf(deps, request);
  if (request.info.subresource !== '') throw notServed(def, request.info.subresource);
  const kind = kindOf(deps, def);
  negotiate(request, def);
  const options = deleteOptions(request);
  const ctx = startWriting(deps, request, def, options.dryRun);
  append(ctx.warnings, deletionWarnings(def, options));
  const deleted = await deleteObject(deps, kind, ctx, options);
  // 202 only for clients that asked, in the old way, for dependents to go first.
  const code = !deleted.gone && options.orphanDependents === false ? 202 : 200;
  if (!deleted.gone || kind.strategy.returnDeletedObject === true) {
    return answerStored(deps, request, kind, deleted.value, code, ctx.warnings);
  }
  const details = {
    name: ctx.name,
    ...(def.group === '' ? {} : { group: def.group }),
    kind: def.resource,
    uid: metaText(metaOf(deleted.object), 'uid'),
  };
  return answerSuccess(request, code, details, false, ctx.warnings);
}
