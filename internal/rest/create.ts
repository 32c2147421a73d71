import type { JsonObject } from '../machinery/json.js';
import type { RestDeps } from './deps.js';
import { negotiate } from './negotiation.js';
import { createSubresource } from './subresources.js';
import type { ApiRequest, Reply } from './types.js';
import { answerStored } from './write/answer.js';
import { createObject } from './write/create-object.js';
import { decodeObject, matchNamespace, wipeSystemFields } from './write/decode.js';
import { writeOptions } from './write/options.js';
import { dedupeOwners } from './write/owners.js';
import { between, type Kind, kindOf, metaOf, metaText, resourceOf, startWriting } from './write/target.js';
import { managerOf, track } from './write/track.js';

/** Answers POST: creates one object, or hands it to the subresource or review that takes it. */
export function handleCreate(deps: RestDeps, request: ApiRequest): Reply | Promise<Reply> {
  const def = resourceOf(deps, request);
  const special = createSubresource(deps, request, def);
  return special ?? createPlain(deps, request, kindOf(deps, def));
}

async function createPlain(deps: RestDeps, request: ApiRequest, kind: Kind): Promise<Reply> {
  // Before anything is written: the answer must be one that the client takes.
  negotiate(request, kind.def);
  const options = writeOptions(request, 'CreateOptions');
  const ctx = startWriting(deps, request, kind.def, options.dryRun);
  // What is known of a custom kind may have been worked out just now.
  if (ctx.isLarge) await between(ctx);
  const value = await createObject(deps, kind, ctx, () => {
    const obj = decodeObject(kind, request, options.fieldValidation, ctx);
    const finish = (): JsonObject | Promise<JsonObject> => {
      const meta = metaOf(obj);
      ctx.name = metaText(meta, 'name');
      wipeSystemFields(meta);
      matchNamespace(meta, ctx.namespace);
      dedupeOwners(meta, ctx.warnings, false);
      const tracking = track(deps, kind, ctx, managerOf(request, options.fieldManager), obj, undefined);
      return tracking === undefined ? obj : tracking.then(() => obj);
    };
    return between(ctx)?.then(finish) ?? finish();
  });
  return answerStored(deps, request, kind, value, 201, ctx.warnings);
}
