import { setTimeout as wait } from 'node:timers/promises';
import type { Callout } from './callout.js';
import { postJson } from './post-json.js';
import { CallError, type Target } from './types.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { checkAnswerShape } from '../schema/codec/index.js';

/** kube-apiserver's backoff between attempts at a review (DefaultAuthWebhookRetryBackoff): 5 in all, 0.5 s, then 1.5 times as long. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 500;
const FACTOR = 1.5;
/** What may be answered: the question comes back with the answer, and says no more than the head of a request. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_VALUES = 32_768;
const USER_AGENT = 'kube-apiserver-webhook';

/** A webhook as a kubeconfig names it. */
export interface ReviewServer {
  readonly callout: Callout;
  readonly target: Target;
  /** The bearer token that it is shown; '' for none. */
  readonly token: string;
  /** Of one attempt. */
  readonly timeoutMs: number;
  readonly firstWaitMs?: number;
}

/**
 * Posts a review and gives the one that is answered. What may pass (no connection, 429, 5xx) is tried again, 5 times in
 * all. Rejects with CallError, also for an answer of more than 1 MiB, with StatusError for one of more than 32,768 values,
 * or with Error for one that is no JSON object.
 */
export async function postReview(server: ReviewServer, review: JsonObject): Promise<JsonObject> {
  const post = {
    body: JSON.stringify(review),
    timeoutMs: server.timeoutMs,
    userAgent: USER_AGENT,
    maxBytes: MAX_ANSWER_BYTES,
    ...(server.token === '' ? {} : { token: server.token }),
  };
  let waitMs = server.firstWaitMs ?? FIRST_WAIT_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      const { body } = await postJson(server.callout, server.target, post);
      checkAnswerShape(body, MAX_VALUES);
      const answer = JSON.parse(body.toString()) as JsonValue;
      if (isObject(answer)) return answer;
      throw new Error('the answer is no object');
    } catch (error) {
      if (attempt >= ATTEMPTS || !mayPass(error)) throw error;
      await wait(waitMs);
      waitMs *= FACTOR;
    }
  }
}

/** What a later attempt may be spared. Time that is over is not spent again: the client waits. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof CallError)) return false;
  if (error.failure === 'status') return error.status === 429 || (error.status ?? 0) >= 500;
  return error.failure === 'dial' || error.failure === 'protocol';
}
