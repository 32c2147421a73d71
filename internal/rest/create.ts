import { admit, defaultAdmission, validateAdmission } from '../admission/index.js';
import type { AdmissionContext } from '../admission/types.js';
import { admissionContext, attributesOf } from './write/admission.js';
import type { JsonObject } from '../machinery/json.js';
import { generateName } from '../machinery/names.js';
import { alreadyExists, StatusError } from '../machinery/status.js';
import type { TxnExtras } from '../registry/types.js';
import type { Compare } from '../store/types.js';
import type { RestDeps } from './deps.js';
import { createSubresource } from './subresources.js';
import type { ApiRequest, Reply } from './types.js';
import { answerStored } from './write/answer.js';
import { decodeObject, matchNamespace, wipeSystemFields } from './write/decode.js';
import { writeOptions } from './write/options.js';
import { dedupeOwners } from './write/owners.js';
import { fillSystemFields, prepareCreate } from './write/prepare.js';
import { encodeStored, keyOf, parseStored, withoutRevision, withRevision } from './write/stored.js';
import { type Kind, kindOf, metaOf, metaText, resourceOf, startWriting, type Writing } from './write/target.js';
import { managerOf, track } from './write/track.js';

/** Names tried when the generated one is taken (the reference's maxNameGenerationCreateAttempts). */
const NAME_ATTEMPTS = 8;
/** Times a write is decided anew because something else that it read (its namespace, an allocation) changed. */
const CONDITION_ATTEMPTS = 16;

/** Answers POST: creates one object, or hands it to the subresource or review that takes it. */
export function handleCreate(deps: RestDeps, request: ApiRequest): Reply | Promise<Reply> {
  const def = resourceOf(deps, request);
  const special = createSubresource(deps, request, def);
  return special ?? createObject(deps, request, kindOf(deps, def));
}

async function createObject(deps: RestDeps, request: ApiRequest, kind: Kind): Promise<Reply> {
  const options = writeOptions(request, 'CreateOptions');
  const ctx = startWriting(deps, request, kind.def, options.dryRun);
  const obj = decodeObject(kind, request, options.fieldValidation, ctx);
  const meta = metaOf(obj);
  ctx.name = metaText(meta, 'name');
  wipeSystemFields(meta);
  matchNamespace(meta, ctx.namespace);
  dedupeOwners(meta, ctx.warnings, false);
  track(deps, kind, ctx, managerOf(request, options.fieldManager), obj, undefined);
  const value = await store(deps, kind, ctx, obj);
  return answerStored(deps, request, kind, value, 201, ctx.warnings);
}

/**
 * Admits, completes, checks and stores a new object; answers its bytes. `obj` is in the storage version, with defaults
 * and managedFields. Also how an update creates.
 */
export async function store(deps: RestDeps, kind: Kind, ctx: Writing, obj: JsonObject): Promise<Buffer> {
  const { strategy } = kind;
  const chain = deps.admission ?? defaultAdmission;
  const admission = admissionContext(deps, ctx);
  const attributes = attributesOf('CREATE', kind.def, ctx, { object: obj });
  const admitting = admit(chain, admission, attributes);
  if (admitting !== undefined) await admitting;
  const own = strategy.admitCreate?.(ctx, obj);
  if (own !== undefined) await own;
  const meta = metaOf(obj);
  dedupeOwners(meta, ctx.warnings, true);
  fillSystemFields(meta, ctx);
  const base = ctx.name === '' ? metaText(meta, 'generateName') : '';
  if (base !== '') setName(ctx, meta, generateName(base));
  prepareCreate(kind, ctx, obj);
  // A few kinds name themselves.
  if (ctx.name === '') ctx.name = metaText(meta, 'name');
  const validating = validateAdmission(chain, admission, attributes);
  if (validating !== undefined) await validating;
  if (!ctx.dryRun && metaText(meta, 'resourceVersion') !== '' && meta['resourceVersion'] !== '0') {
    throw new StatusError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  return commit(deps, kind, ctx, obj, base, admission);
}

function setName(ctx: Writing, meta: JsonObject, name: string): void {
  ctx.name = name;
  meta['name'] = name;
}

async function commit(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  obj: JsonObject,
  base: string,
  admission: AdmissionContext,
): Promise<Buffer> {
  const { backend } = deps;
  const { strategy } = kind;
  const ttl = strategy.ttlSeconds?.(obj);
  let names = 1;
  for (let attempt = 0; ; attempt++) {
    const key = keyOf(kind, ctx);
    let extras: TxnExtras | undefined;
    if (strategy.allocate !== undefined) extras = await strategy.allocate(ctx, obj, undefined);
    const form = encodeStored(obj, kind.storedType);
    if (ctx.dryRun) {
      await backend.readBarrier();
      if (backend.get(key) !== undefined) throw taken(deps, kind, ctx, key);
      return withoutRevision(form);
    }
    const compares: Compare[] = [{ key, modRevision: 0 }, ...admission.compares];
    const put = { type: 'put', key, value: form.value, revisionAt: form.revisionAt } as const;
    const first = ttl === undefined || ttl <= 0 ? put : { ...put, ttlSeconds: ttl };
    const result = await backend.txn({
      compares: extras?.compares === undefined ? compares : [...compares, ...extras.compares],
      ops: extras?.ops === undefined ? [first] : [first, ...extras.ops],
    });
    if (result.succeeded) return withRevision(form, result.revision);
    if (result.failed === 0 || result.failed === undefined) {
      if (base === '') throw taken(deps, kind, ctx, key);
      if (names++ >= NAME_ATTEMPTS) throw noUniqueName(kind, ctx);
      setName(ctx, metaOf(obj), generateName(base));
    } else if (attempt >= CONDITION_ATTEMPTS) {
      throw new StatusError(500, 'ServerTimeout', 'the write kept meeting concurrent changes; try again', {
        retryAfterSeconds: 1,
      });
    } else if (result.failed <= admission.compares.length) {
      await readmit(deps, kind, ctx, obj, admission);
    }
  }
}

/** What admission had looked at has changed: it decides again, about an object that is otherwise complete. */
async function readmit(
  deps: RestDeps,
  kind: Kind,
  ctx: Writing,
  obj: JsonObject,
  admission: AdmissionContext,
): Promise<void> {
  admission.compares.length = 0;
  const chain = deps.admission ?? defaultAdmission;
  await admit(chain, admission, attributesOf('CREATE', kind.def, ctx, { object: obj }));
}

function taken(deps: RestDeps, kind: Kind, ctx: Writing, key: string): StatusError {
  const error = alreadyExists(kind.def, ctx.name);
  const existing = deps.backend.get(key);
  if (existing === undefined) return error;
  if (metaText(metaOf(parseStored(existing, kind.storedType)), 'deletionTimestamp') === '') return error;
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
