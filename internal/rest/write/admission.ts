import { AttemptContext } from '../../admission/context.js';
import { generationIs, generationOf, goesByNone } from '../../admission/generation.js';
import { storeReader } from '../../admission/lookup.js';
import { defaultAdmission } from '../../admission/plugins.js';
import type { ObjectReader } from '../../admission/types.js';
import { alwaysAllow } from '../../auth/authorizers.js';
import { StatusError } from '../../machinery/status.js';
import type { ResourceDef } from '../../schema/types.js';
import { UnavailableError } from '../../store/types.js';
import type { RestDeps } from '../deps.js';
import { type Subject, WriteAttributes } from './attributes.js';
import { keepManagedFields, managedFieldsOf } from './managed-fields.js';
import { resourceLookup } from './resource-lookup.js';
import type { Writing } from './target.js';

/**
 * What admission went by has changed: a webhook configuration or policy was written on another replica. The attempt is
 * made anew; a client sees this only when that happens ever again.
 */
export class StaleAdmission extends StatusError {
  constructor() {
    super(500, 'ServerTimeout', 'admission kept meeting concurrent changes; try again', { retryAfterSeconds: 1 });
  }
}

/** What the plugins work with during one attempt. Whoever asks for it calls `finish` when the attempt is over. */
export function attemptContext(deps: RestDeps, ctx: Writing): AttemptContext {
  return new AttemptContext({
    reader: readerOf(deps),
    resources: resourceLookup(deps),
    authorizer: deps.authorizer ?? alwaysAllow,
    warnings: ctx.warnings,
    namespace: ctx.namespace,
    annotate: (key, value) => ctx.request.annotate?.(key, value),
    isRecorded: ctx.request.audit?.recordsRequest === true,
  });
}

function readerOf(deps: RestDeps): ObjectReader {
  return deps.reader ?? storeReader(deps.backend);
}

/**
 * The way of every change and every connection through admission (see AdmissionChain.admit): `registry` completes and
 * validates the object between the mutating and the validating part. What it decided holds for the webhook
 * configurations and policies that are in force when the write is committed (admission/generation.ts); a refusal is
 * believed only once this replica has applied all of them. Throws or rejects with StaleAdmission otherwise.
 */
export function admitted(
  deps: RestDeps,
  admission: AttemptContext,
  attributes: WriteAttributes,
  registry: () => void | Promise<void>,
): void | Promise<void> {
  if (attributes.dryRun) return fresh(deps, admission, attributes, registry);
  if (goesByNone(attributes.def)) return admit(deps, admission, attributes, registry);
  const reader = readerOf(deps);
  const generation = generationOf(reader);
  admission.compares.push(generationIs(generation));
  const refused = async (error: unknown): Promise<void> => {
    if (!(await isStale(reader, generation))) throw error;
    throw new StaleAdmission();
  };
  try {
    const pending = admit(deps, admission, attributes, registry);
    return pending?.catch(refused);
  } catch (error) {
    return refused(error);
  }
}

/** Whether a webhook configuration or policy was written that this replica had not applied. */
async function isStale(reader: ObjectReader, generation: number): Promise<boolean> {
  try {
    await reader.catchUp();
  } catch (error) {
    // Nobody can tell at the moment: what was decided stands.
    if (error instanceof UnavailableError) return false;
    throw error;
  }
  return generationOf(reader) !== generation;
}

/** Where no transaction will compare anything, this replica catches up first. */
async function fresh(
  deps: RestDeps,
  admission: AttemptContext,
  attributes: WriteAttributes,
  registry: () => void | Promise<void>,
): Promise<void> {
  await readerOf(deps).catchUp();
  await admit(deps, admission, attributes, registry);
}

function admit(
  deps: RestDeps,
  admission: AttemptContext,
  attributes: WriteAttributes,
  registry: () => void | Promise<void>,
): void | Promise<void> {
  const before = managedFieldsOf(attributes.object);
  const checked = (): void | Promise<void> => {
    keepManagedFields(attributes.object, before, admission.warnings);
    return registry();
  };
  return (deps.admission ?? defaultAdmission).admit(admission, attributes, checked);
}

/**
 * Admits a request that writes nothing (a review, a token request, a connection): there is no transaction that what
 * plugins want compared and written could join.
 */
export async function admitOnly(
  deps: RestDeps,
  def: ResourceDef,
  ctx: Writing,
  subject: Subject,
  registry: () => void | Promise<void>,
): Promise<void> {
  const admission = attemptContext(deps, ctx);
  try {
    await fresh(deps, admission, new WriteAttributes(deps, def, ctx, subject), registry);
  } finally {
    admission.finish();
  }
}
