import type { JsonObject } from '../../machinery/json.js';
import type { Creator } from '../../rest/deps.js';
import { respondObject } from '../../rest/respond.js';
import { admitOnly } from '../../rest/write/admission.js';
import { decodeObject, matchNamespace, wipeSystemFields } from '../../rest/write/decode.js';
import { writeOptions } from '../../rest/write/options.js';
import { between, kindOf, metaOf, startWriting, type Writing } from '../../rest/write/target.js';
import { managerOf, track } from '../../rest/write/track.js';

export interface ReviewKind {
  /** Validation: throws StatusError for a question that is not well-formed. */
  check?(review: JsonObject, ctx: Writing): void;
  /** What a review answers: its status. */
  answer(review: JsonObject, ctx: Writing): JsonObject | Promise<JsonObject>;
}

/** A POST that asks: it is admitted as a create, the object comes back with its `status` filled in, and nothing is stored. */
export function reviewCreator(review: ReviewKind): Creator {
  return async (deps, request, def) => {
    const options = writeOptions(request, 'CreateOptions');
    const kind = kindOf(deps, def);
    const ctx = startWriting(deps, request, def, options.dryRun);
    const object = decodeObject(kind, request, options.fieldValidation, ctx);
    const metadata = metaOf(object);
    wipeSystemFields(metadata);
    matchNamespace(metadata, ctx.namespace);
    if (ctx.isLarge) await between(ctx);
    await track(deps, kind, ctx, managerOf(request, options.fieldManager), object, undefined);
    if (ctx.isLarge) await between(ctx);
    delete object['status'];
    await admitOnly(deps, def, ctx, { operation: 'CREATE', object }, () => review.check?.(object, ctx));
    object['status'] = await review.answer(object, ctx);
    return respondObject(deps, request, def, object, 201, ctx.warnings);
  };
}
