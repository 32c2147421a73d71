import { setTimeout as wait } from 'node:timers/promises';
import type { Callout } from './callout.js';
import { MAX_REDIRECTS } from './callout.js';
import { retryAfter, serverError } from './server-error.js';
import { CallError, type CallResponse, type Target } from './types.js';

/** client-go's: how often an answer with Retry-After is tried again. */
const MAX_RETRIES = 10;
/** What a webhook may answer at most, unless who asks says less: a patch that makes the largest object has less than 4 MiB, in base64 5. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export interface JsonPost {
  readonly body: string;
  /** From the beginning to the end, retries included. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** What it may answer at most. */
  readonly maxBytes?: number;
  /** A bearer token that it is shown. */
  readonly token?: string;
}

/**
 * Posts JSON to a webhook as client-go does: `?timeout=10s` tells it how long there is, redirects are followed, an answer
 * 429 or 5xx with Retry-After is tried again. Rejects with CallError, whose message is client-go's.
 */
export async function postJson(callout: Callout, target: Target, post: JsonPost): Promise<CallResponse> {
  const { body, timeoutMs, userAgent, token, maxBytes = MAX_ANSWER_BYTES } = post;
  const until = performance.now() + timeoutMs;
  const url = `${target.url}?timeout=${Math.ceil(timeoutMs / 1000)}s`;
  const headers = {
    accept: 'application/json, */*',
    'accept-encoding': 'gzip',
    'content-type': 'application/json',
    'user-agent': userAgent,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  for (let retries = 0; ; retries++) {
    const left = until - performance.now();
    if (left <= 0) throw new CallError('timeout', 'context deadline exceeded', 'POST', url);
    const request = { method: 'POST', headers, body, timeoutMs: left, repeatable: true, redirects: MAX_REDIRECTS };
    const answer = await callout.call({ ...target, url }, request, maxBytes);
    const seconds = retryAfter(answer.status, answer.headers);
    if (seconds === undefined || retries >= MAX_RETRIES) {
      const error = serverError(answer.status, answer.headers, answer.body);
      if (error !== undefined) throw new CallError('status', error, undefined, undefined, answer.status);
      if (answer.body.length === 0) {
        const type = answer.headers['content-type'] ?? '';
        throw new CallError('status', `0-length response with status code: ${answer.status} and content type: ${type}`);
      }
      return answer;
    }
    await wait(Math.max(0, Math.min(seconds * 1000, until - performance.now())));
  }
}
