import type { AttemptContext } from '../../admission/context.js';
import type { JsonObject } from '../../machinery/json.js';
import { generateName } from '../../machinery/names.js';
import { alreadyExists, StatusError } from '../../machinery/status.js';
import { writeNulls } from '../../schema/nulls.js';
import type { RestDeps } from '../deps.js';
import { admitted, attemptContext, StaleAdmission } from './admission.js';
import { WriteAttributes } from './attributes.js';
import { matchNamespace } from './decode.js';
import { dedupeOwners } from './owners.js';
import { commit, type WritePlan } from './plan.js';
import { checkNameLength } from './name-length.js';
import { checkCreate, fillSystemFields, prepareCreate } from './prepare.js';
import { formOf, keyOf, changeable, withoutRevision, withRevision } from './stored.js';
import { between, type Kind, metaOf, metaText, type Writing } from './target.js';

/** Names tried when the generated one is taken (apiserver's maxNameGenerationCreateAttempts). */
const NAME_ATTEMPTS = 8;
/** Times a create is decided anew because something else that it read (its namespace, an allocation, a quota) changed. */
const CONDITION_ATTEMPTS = 16;

/**
 * Admits, completes, checks and stores a new object; resolves with its bytes. `make` answers it in the storage version,
 * with defaults and managedFields; it is called once for each attempt, so that every attempt begins with what the
 * client sent. Also how an update creates. Throws 409 when the name is taken.
 */
export async function createObject(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  make: () => JsonObject | Promise<JsonObject>,
): Promise<Buffer> {
  const { name } = ctx;
  const warned = ctx.warnings.length;
  let names = 0;
  for (let attempts = 0; ; attempts++) {
    ctx.name = name;
    ctx.warnings.length = warned;
    const admission = attemptContext(deps, ctx);
    try {
      const made = make();
      const obj = made instanceof Promise ? await made : made;
      if (ctx.isLarge) await between(ctx);
      const generated = nameIt(ctx, metaOf(obj));
      const step = await planCreate(deps, kind, ctx, obj, admission);
      if ('done' in step) return step.done;
      const result = await commit(deps.backend, [step]);
      if (result.succeeded) return step.answer(result.revision);
      if (result.failed === undefined || result.failed === 0) {
        if (!generated) throw taken(deps, kind, ctx);
        if (++names >= NAME_ATTEMPTS) throw noUniqueName(kind, ctx);
      } else if (attempts >= CONDITION_ATTEMPTS) {
        throw new StatusError(500, 'ServerTimeout', 'the write kept meeting concurrent changes; try again', {
          retryAfterSeconds: 1,
        });
      }
    } catch (error) {
      if (!(error instanceof StaleAdmission) || attempts >= CONDITION_ATTEMPTS) throw error;
    } finally {
      admission.finish();
    }
  }
}

async function planCreate(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  obj: JsonObject,
  admission: AttemptContext,
): Promise<WritePlan<Buffer> | { readonly done: Buffer }> {
  const { strategy } = kind;
  const attributes = new WriteAttributes(deps, kind.def, ctx, { operation: 'CREATE', object: obj });
  const admitting = admitted(deps, admission, attributes, () => {
    strategy.admitCreate?.(ctx, obj);
    return completed(kind, ctx, obj);
  });
  if (admitting !== undefined) await admitting;
  if (ctx.isLarge) await between(ctx);
  const meta = metaOf(obj);
  if (!ctx.dryRun && metaText(meta, 'resourceVersion') !== '' && meta['resourceVersion'] !== '0') {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  const allocated = strategy.allocate === undefined ? undefined : await strategy.allocate(ctx, obj, undefined);
  const key = keyOf(kind, ctx);
  writeNulls(kind.storedType, obj);
  const formed = formOf(kind, obj, key);
  const form = formed instanceof Promise ? await formed : formed;
  if (ctx.isLarge) await between(ctx);
  if (ctx.dryRun) {
    await deps.backend.readBarrier();
    if (deps.backend.get(key) !== undefined) throw taken(deps, kind, ctx);
    return { done: withoutRevision(form) };
  }
  const ttl = strategy.ttlSeconds?.(obj);
  const put = { type: 'put', key, value: form.value, revisionAt: form.revisionAt } as const;
  const first = ttl === undefined || ttl <= 0 ? put : { ...put, ttlSeconds: ttl };
  return {
    compares: [{ key, modRevision: 0 }, ...admission.compares, ...(allocated?.compares ?? [])],
    operations: [first, ...admission.operations, ...(allocated?.ops ?? [])],
    answer: (revision) => withRevision(form, revision),
  };
}

/** Gives an object without a name one that begins as it asks for; admission sees it already. True when it did. */
function nameIt(ctx: Writing, meta: JsonObject): boolean {
  const base = ctx.name === '' && metaText(meta, 'name') === '' ? metaText(meta, 'generateName') : '';
  if (base === '') return false;
  ctx.name = generateName(base);
  meta['name'] = ctx.name;
  return true;
}

/** Completes and checks a new object; a large one in turns of the loop of their own. */
function completed(kind: Kind, ctx: Writing, obj: JsonObject): void | Promise<void> {
  if (!ctx.isLarge) {
    complete(kind, ctx, obj);
    return check(kind, ctx, obj);
  }
  return completedInTurns(kind, ctx, obj);
}

async function completedInTurns(kind: Kind, ctx: Writing, obj: JsonObject): Promise<void> {
  await between(ctx);
  complete(kind, ctx, obj);
  await between(ctx);
  await check(kind, ctx, obj);
  await between(ctx);
}

/** What the registry does with a new object once it is admitted. Mutating admission may have given it another name. */
function complete(kind: Kind, ctx: Writing, obj: JsonObject): void {
  const meta = metaOf(obj);
  matchNamespace(meta, ctx.namespace);
  dedupeOwners(meta, ctx.warnings, true);
  fillSystemFields(meta, ctx);
  ctx.name = metaText(meta, 'name');
  if (ctx.name === '') nameIt(ctx, meta);
  prepareCreate(kind, ctx, obj);
}

function check(kind: Kind, ctx: Writing, obj: JsonObject): void | Promise<void> {
  const name = (): void => {
    // A few kinds name themselves.
    if (ctx.name === '') ctx.name = metaText(metaOf(obj), 'name');
    checkNameLength(kind.gk, ctx.name);
  };
  const checking = checkCreate(kind, ctx, obj);
  return checking === undefined ? name() : checking.then(name);
}

function taken(deps: RestDeps, kind: Kind, ctx: Writing): StatusError {
  const error = alreadyExists(kind.def, ctx.name);
  const existing = deps.backend.get(keyOf(kind, ctx));
  if (existing === undefined) return error;
  if (metaText(metaOf(changeable(existing, kind.storedType)), 'deletionTimestamp') === '') return error;
  const being = new StatusError(409, 'AlreadyExists', `object is being deleted: ${error.message}`);
  being.status.details = { ...error.status.details };
  return being;
}

function noUniqueName(kind: Kind, ctx: Writing): StatusError {
  const error = alreadyExists(kind.def, ctx.name);
  return new StatusError(
    409,
    'AlreadyExists',
    `${error.message}, the server was not able to generate a unique name for the object`,
    { ...error.status.details, retryAfterSeconds: 1 },
  );
}
