import { cloneDecoded } from '../machinery/emptied.js';
import type { JsonObject } from '../machinery/json.js';
import type { RestDeps } from './deps.js';
import { handleScaleUpdate } from './scale.js';
import { negotiate } from './negotiation.js';
import { notServed } from './not-served.js';
import type { ApiRequest, Reply } from './types.js';
import { answerStored } from './write/answer.js';
import { checkName, decodeObject, matchNamespace } from './write/decode.js';
import { writeOptions } from './write/options.js';
import { dedupeOwners } from './write/owners.js';
import { subresourceStrategy } from './write/prepare.js';
import { between, kindOf, metaOf, metaText, resourceOf, startWriting } from './write/target.js';
import { managerOf, track } from './write/track.js';
import { updateObject } from './write/update-object.js';

/** Answers PUT of an object or of one of its update subresources. */
export async function handleUpdate(deps: RestDeps, request: ApiRequest): Promise<Reply> {
  const def = resourceOf(deps, request);
  const { subresource } = request.info;
  if (subresource === 'scale') return handleScaleUpdate(deps, request, def);
  negotiate(request, def);
  const kind = kindOf(deps, def);
  if (subresource !== '' && subresourceStrategy(kind, subresource) === undefined) throw notServed(def, subresource);
  const options = writeOptions(request, 'UpdateOptions');
  const ctx = startWriting(deps, request, def, options.dryRun);
  const sent = decodeObject(kind, request, options.fieldValidation, ctx);
  const meta = metaOf(sent);
  matchNamespace(meta, ctx.namespace);
  checkName(sent, ctx.name, ctx.namespace);
  dedupeOwners(meta, ctx.warnings, false);
  const manager = managerOf(request, options.fieldManager);
  if (ctx.isLarge) await between(ctx);
  const updated = await updateObject(deps, kind, ctx, {
    uid: metaText(meta, 'uid'),
    createAlways: false,
    next(old) {
      // An attempt changes its object, and there may be another.
      const obj = cloneDecoded(sent);
      const finish = (): JsonObject | Promise<JsonObject> => {
        const tracking = track(deps, kind, ctx, manager, obj, old);
        return tracking === undefined ? obj : tracking.then(() => obj);
      };
      return between(ctx)?.then(finish) ?? finish();
    },
  });
  return answerStored(deps, request, kind, updated.value, updated.created ? 201 : 200, ctx.warnings);
}
