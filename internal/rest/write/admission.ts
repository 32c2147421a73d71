import { AttemptContext } from '../../admission/context.js';
import { storeReader } from '../../admission/lookup.js';
import { defaultAdmission } from '../../admission/plugins.js';
import { alwaysAllow } from '../../auth/authorizers.js';
import type { ResourceDef } from '../../schema/types.js';
import type { RestDeps } from '../deps.js';
import { type Subject, WriteAttributes } from './attributes.js';
import { resourceLookup } from './resource-lookup.js';
import type { Writing } from './target.js';

/** What the plugins work with during one attempt. Whoever asks for it calls `finish` when the attempt is over. */
export function attemptContext(deps: RestDeps, ctx: Writing): AttemptContext {
  return new AttemptContext({
    reader: deps.reader ?? storeReader(deps.backend),
    resources: resourceLookup(deps),
    authorizer: deps.authorizer ?? alwaysAllow,
    warnings: ctx.warnings,
    namespace: ctx.namespace,
    annotate: ctx.request.annotate,
  });
}

/**
 * The way of every change and every connection through admission (see AdmissionChain.admit): `registry` completes and
 * validates the object between the mutating and the validating part.
 */
export function admitted(
  deps: RestDeps,
  admission: AttemptContext,
  attributes: WriteAttributes,
  registry: () => void | Promise<void>,
): void | Promise<void> {
  return (deps.admission ?? defaultAdmission).admit(admission, attributes, registry);
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
    await admitted(deps, admission, new WriteAttributes(deps, def, ctx, subject), registry);
  } finally {
    admission.finish();
  }
}
