import type { JsonObject } from '../../machinery/json.js';
import type { Creator } from '../../rest/deps.js';
import { respondObject } from '../../rest/respond.js';
import { decodeObject, matchNamespace } from '../../rest/write/decode.js';
import { writeOptions } from '../../rest/write/options.js';
import { kindOf, metaOf, startWriting, type Writing } from '../../rest/write/target.js';
import { managerOf, track } from '../../rest/write/track.js';

/** What a review answers: its status. Throws StatusError for a question that is not well-formed. */
export type Answerer = (review: JsonObject, ctx: Writing) => JsonObject | Promise<JsonObject>;

/** A POST that asks: the object comes back with its `status` filled in, and nothing is stored. */
export function reviewCreator(answerer: Answerer): Creator {
  return async (deps, request, def) => {
    const options = writeOptions(request, 'CreateOptions');
    const kind = kindOf(deps, def);
    const ctx = startWriting(deps, request, def, options.dryRun);
    const review = decodeObject(kind, request, options.fieldValidation, ctx);
    const metadata = metaOf(review);
    matchNamespace(metadata, ctx.namespace);
    track(deps, kind, ctx, managerOf(request, options.fieldManager), review, undefined);
    delete review['status'];
    review['status'] = await answerer(review, ctx);
    return respondObject(deps, request, def, review, 201, ctx.warnings);
  };
}
