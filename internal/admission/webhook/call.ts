import { CallError, type Callout, postJson } from '../../callout/index.js';
import { logger } from '../../machinery/log.js';
import { StatusError } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import { CallingError, denied, noDryRun } from './failures.js';
import type { Invocation, Versioned } from './invocation.js';
import type { WebhookMetrics } from './metrics.js';
import { InvalidReview, readResponse, type ReviewResponse, UndecodableReview } from './response.js';
import { reviewFor } from './review.js';

const log = logger('admission-webhook.ts');
const USER_AGENT = 'kube-apiserver-admission';
// oxlint-disable-next-line no-control-regex -- warnings with control characters are dropped
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** What webhooks are called with. */
export interface Calling {
  readonly callout: Callout;
  readonly metrics: WebhookMetrics;
  readonly mutating: boolean;
}

/** Asks one webhook. Throws CallingError, or the StatusError of a refusal. */
async function ask(
  { callout, mutating }: Calling,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
  invocation: Invocation,
  objects: Versioned,
): Promise<ReviewResponse> {
  const { webhook } = invocation;
  const failed = (reason: string): CallingError => new CallingError(webhook.name, reason);
  if (a.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun')
    throw noDryRun(webhook.name);
  const review = reviewFor(invocation, a, objects);
  if (review === undefined) {
    throw failed(
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    );
  }
  let target;
  try {
    target = webhook.target;
  } catch (error) {
    throw failed(`could not get REST client: ${error instanceof Error ? error.message : String(error)}`);
  }
  let response: ReviewResponse;
  try {
    const post = { body: review.body, timeoutMs: webhook.timeoutMs, userAgent: USER_AGENT };
    const { body } = await postJson(callout, target, post);
    response = await readResponse(body, review, mutating);
  } catch (error) {
    if (error instanceof InvalidReview) throw failed(`received invalid webhook response: ${error.message}`);
    if (error instanceof CallError || error instanceof UndecodableReview) {
      throw failed(`failed to call webhook: ${error.message}`);
    }
    throw error;
  }
  for (const [key, value] of Object.entries(response.auditAnnotations)) ctx.annotate(`${webhook.name}/${key}`, value);
  for (const warning of response.warnings) if (warning !== '' && !CONTROL.test(warning)) ctx.warnings.push(warning);
  if (!response.allowed) throw denied(webhook.name, response.result);
  return response;
}

/**
 * Asks one webhook and counts how it went. Undefined when it could not be asked and is passed over (failurePolicy
 * Ignore). Throws the StatusError of a refusal, or a CallingError where its failurePolicy is Fail.
 */
export async function callWebhook(
  calling: Calling,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
  invocation: Invocation,
  objects: Versioned,
): Promise<ReviewResponse | undefined> {
  const { metrics } = calling;
  const { name, ignoresFailures } = invocation.webhook;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  try {
    const response = await ask(calling, ctx, a, invocation, objects);
    metrics.called(name, a.operation, seconds(), false, 200);
    return response;
  } catch (error) {
    if (error instanceof CallingError) {
      metrics.called(name, a.operation, seconds(), !ignoresFailures, 500);
      if (!ignoresFailures) {
        metrics.rejected(name, a.operation, 'calling_webhook_error', 0);
        throw error;
      }
      metrics.failedOpen(name);
      log.warn(`${error.message}; failing open`);
      return undefined;
    }
    const code = error instanceof StatusError ? error.code : 500;
    metrics.called(name, a.operation, seconds(), true, code);
    metrics.rejected(name, a.operation, error instanceof StatusError ? 'no_error' : 'apiserver_internal_error', code);
    throw error;
  }
}
