import { drive, type Flow } from '../../machinery/flow.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { callWebhook, type Calling } from './call.js';
import type { WebhookConfigurations } from './configurations.js';
import { CallingError, failedCalling } from './failures.js';
import { type Invocation, invocationOf, isExempt, type Versioned, versioned } from './invocation.js';
import type { Webhook } from './webhook.js';

const FAILED_OPEN = 'failed-open.validation.webhook.admission.k8s.io';

/**
 * ValidatingAdmissionWebhook: all webhooks that a request is about are asked side by side; the first that refuses
 * decides, when all have answered.
 */
export function validatingWebhooks(configurations: WebhookConfigurations, calling: Calling): AdmissionPlugin {
  function* dispatch(hooks: readonly Webhook[], ctx: AdmissionContext, a: AdmissionAttributes): Flow<void> {
    const calls: { readonly invocation: Invocation; readonly objects: Versioned }[] = [];
    const byKind = new Map<string, Versioned>();
    for (const hook of hooks) {
      const invocation = yield* invocationOf(hook, ctx, a, calling.metrics);
      if (invocation === undefined) continue;
      const { group, version, kind } = invocation.kind;
      const key = `${group}/${version}/${kind}`;
      let objects = byKind.get(key);
      if (objects === undefined) byKind.set(key, (objects = yield* versioned(a, invocation.kind)));
      calls.push({ invocation, objects });
    }
    if (calls.length === 0) return;
    let refusal: unknown;
    const ask = async (index: number, { invocation, objects }: (typeof calls)[number]): Promise<void> => {
      try {
        const response = await callWebhook(calling, ctx, a, invocation, objects);
        if (response === undefined) ctx.annotate(`${FAILED_OPEN}/round_0_index_${index}`, invocation.webhook.name);
      } catch (error) {
        refusal ??= error instanceof CallingError ? failedCalling(error) : error;
      }
    };
    yield Promise.all(calls.map((call, index) => ask(index, call)));
    if (refusal !== undefined) throw refusal;
  }
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: () => true,
    validate(ctx, a) {
      const hooks = configurations.of(ctx.reader.informer);
      return hooks.length === 0 || isExempt(a) ? undefined : drive(dispatch(hooks, ctx, a));
    },
  };
}
