import { LARGE_BYTES, nextTurn } from '../../machinery/breathe.js';
import { cloneJson, deepEqual } from '../../machinery/equal.js';
import { drive, type Flow, settled } from '../../machinery/flow.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { internalError, StatusError } from '../../machinery/status.js';
import { checkAnswerShape, JsonSyntaxError, jsonText, parseJson } from '../../schema/codec/index.js';
import { jsonPatch, PatchError } from '../../schema/patch/index.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { callWebhook, type Calling } from './call.js';
import type { WebhookConfigurations } from './configurations.js';
import { CallingError, failedCalling } from './failures.js';
import { type Invocation, invocationOf, isExempt, versioned } from './invocation.js';
import type { ReviewResponse } from './response.js';
import type { Webhook } from './webhook.js';

const NAME = 'MutatingAdmissionWebhook';
const FAILED_OPEN = 'failed-open.mutation.webhook.admission.k8s.io';
const MUTATION = 'mutation.webhook.admission.k8s.io';
const PATCH = 'patch.webhook.admission.k8s.io';

/** What is kept from the first run to the second (mutating.webhookReinvokeContext). */
interface Rounds {
  /** The object as the webhooks of the last run left it. */
  output: JsonValue | undefined;
  /** Asked so far, and to be asked again when somebody changes the object after them. */
  readonly invoked: Set<string>;
  readonly again: Set<string>;
}

/** Everybody who was asked is to be asked again. */
function requireAgain(rounds: Rounds): void {
  for (const uid of rounds.invoked) rounds.again.add(uid);
  rounds.invoked.clear();
}

/** MutatingAdmissionWebhook: webhooks are asked one after the other, and each sees what those before it made. */
export function mutatingWebhooks(configurations: WebhookConfigurations, calling: Calling): AdmissionPlugin {
  function* dispatch(hooks: readonly Webhook[], ctx: AdmissionContext, a: AdmissionAttributes): Flow<void> {
    const { reinvocation } = ctx;
    const rounds = (reinvocation.values.get(NAME) ?? {
      output: undefined,
      invoked: new Set(),
      again: new Set(),
    }) as Rounds;
    reinvocation.values.set(NAME, rounds);
    const { isReinvocation } = reinvocation;
    // Plugins of the server changed it meanwhile: then the webhooks see it once more.
    if (isReinvocation && !deepEqual(rounds.output, a.object)) requireAgain(rounds);
    try {
      for (const [index, webhook] of hooks.entries()) {
        const invocation = yield* invocationOf(webhook, ctx, a, calling.metrics);
        if (invocation === undefined || (isReinvocation && !rounds.again.has(webhook.uid))) continue;
        const changed = yield* invoke(ctx, a, invocation, `round_${isReinvocation ? 1 : 0}_index_${index}`);
        if (changed) {
          requireAgain(rounds);
          reinvocation.request();
        }
        if (webhook.reinvoked) rounds.invoked.add(webhook.uid);
      }
    } finally {
      if (!isReinvocation && rounds.invoked.size + rounds.again.size > 0) {
        rounds.output = a.object === undefined ? undefined : cloneJson(a.object);
      }
    }
  }

  /** Asks one webhook and does what it says; true when that changed the object. */
  function* invoke(ctx: AdmissionContext, a: AdmissionAttributes, invocation: Invocation, key: string): Flow<boolean> {
    const { name, configuration, ignoresFailures } = invocation.webhook;
    const objects = yield* versioned(a, invocation.kind);
    let changed = false;
    try {
      const response = yield* settled(callWebhook(calling, ctx, a, invocation, objects));
      if (response === undefined) ctx.annotate(`${FAILED_OPEN}/${key}`, name);
      else {
        const told = ctx.isRecorded ? patchNote(configuration, name) : undefined;
        const note = (text: string): void => ctx.annotate(`${PATCH}/${key}`, text);
        changed = yield* apply(a, name, objects.object, response, told, note);
      }
    } catch (error) {
      if (!(error instanceof CallingError)) throw error;
      if (!ignoresFailures) throw failedCalling(error);
      ctx.annotate(`${FAILED_OPEN}/${key}`, name);
    }
    ctx.annotate(`${MUTATION}/${key}`, JSON.stringify({ configuration, webhook: name, mutated: changed }));
    return changed;
  }

  return {
    name: NAME,
    handles: () => true,
    admit(ctx, a) {
      const hooks = configurations.of(ctx.reader.informer);
      return hooks.length === 0 || isExempt(a) ? undefined : drive(dispatch(hooks, ctx, a));
    },
  };
}

/** The operations of a patch. Throws CallingError for what is none. */
function operationsOf(webhook: string, patch: string): readonly JsonObject[] {
  const undecodable = (why: string): CallingError =>
    new CallingError(webhook, `received undecodable patch in webhook response: ${why}`);
  let operations: JsonValue;
  try {
    const bytes = Buffer.from(patch);
    checkAnswerShape(bytes);
    operations = parseJson(bytes);
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof StatusError) throw undecodable(error.message);
    throw error;
  }
  if (Array.isArray(operations) && operations.every(isObject)) return operations;
  const what = Array.isArray(operations) ? 'value' : isObject(operations) ? 'object' : typeof operations;
  throw undecodable(`json: cannot unmarshal ${what} into Go value of type jsonpatch.Patch`);
}

/** Applies the patch of an answer. One that does not apply is an internal error, whatever the failurePolicy. */
function* apply(
  a: AdmissionAttributes,
  webhook: string,
  shown: JsonValue | undefined,
  { patch, patchType }: ReviewResponse,
  told: ((operations: readonly JsonObject[]) => string) | undefined,
  note: (text: string) => void,
): Flow<boolean> {
  if (patch === '') return false;
  const isLarge = patch.length >= LARGE_BYTES;
  if (isLarge) yield nextTurn();
  const operations = operationsOf(webhook, patch);
  if (operations.length === 0) return false;
  if (!isObject(shown) || a.object === undefined) {
    throw internalError(
      `admission webhook ${JSON.stringify(webhook)} attempted to modify the object, which is not supported for this operation`,
    );
  }
  if (patchType !== 'JSONPatch') throw new CallingError(webhook, `unsupported patch type ${JSON.stringify(patchType)}`);
  if (isLarge) yield nextTurn();
  const before = cloneJson(a.object);
  // Before the values become parts of the object, which is defaulted.
  const text = told?.(operations);
  try {
    const patched = yield* settled(jsonPatch(shown, [...operations]));
    if (isLarge) yield nextTurn();
    yield* settled(a.replaceObject(patched));
    if (isLarge) yield nextTurn();
  } catch (error) {
    if (error instanceof PatchError) throw internalError(error.why);
    if (error instanceof StatusError && error.code === 400) throw internalError(error.message);
    throw error;
  }
  if (text !== undefined) note(text);
  return !deepEqual(before, a.object);
}

/** A patch as audit events tell it (mutating.PatchAuditAnnotation). Go writes the keys of a map in their order. */
const patchNote =
  (configuration: string, webhook: string) =>
  (operations: readonly JsonObject[]): string => {
    const patch = operations.map((o) => Object.fromEntries(Object.entries(o).toSorted(([x], [y]) => (x < y ? -1 : 1))));
    return jsonText({ configuration, webhook, patch, patchType: 'JSONPatch' });
  };
