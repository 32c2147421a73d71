import { CallError, postReview, type ReviewServer } from '../../callout/index.js';
import type { Program } from '../../cel/index.js';
import { child, str } from '../../machinery/access.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import { logger } from '../../machinery/log.js';
import { Lru } from '../lru.js';
import { authMetrics, type WebhookResult } from '../metrics.js';
import { type Attributes, type Authorizer, type Decision, NO_OPINION } from '../types.js';
import { matches } from './match-conditions.js';
import { reviewSpec } from './subject-access-review.js';

const log = logger('access-review.ts');
const GROUP = 'authorization.k8s.io';
/** Answers that are remembered, and the largest question whose answer is, as in kube-apiserver. */
export const CACHED_ANSWERS = 8192;
const MAX_KEY = 10_000;
/** Characters of a reason; what is longer is cut. */
const MAX_REASON = 4_096;

export interface AccessWebhookOptions {
  /** As `--authorization-config` calls it; `default` for the one of the flags. */
  readonly name: string;
  readonly server: ReviewServer;
  /** Of the SubjectAccessReview. */
  readonly version: 'v1' | 'v1beta1';
  /** How long answers are remembered, in ms; 0 for not at all. */
  readonly allowedMs: number;
  readonly deniedMs: number;
  /** What it says when it cannot be asked. */
  readonly onError: 'deny' | 'noOpinion';
  /** It is asked only where all of them hold. */
  readonly conditions: readonly Program[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What a webhook's SubjectAccessReviews say (apiserver's webhook authorizer). */
export function accessWebhookAuthorizer(options: AccessWebhookOptions): Authorizer {
  const { name, version, now } = options;
  const known = new Lru<{ readonly decision: Decision; readonly until: number }>(CACHED_ANSWERS);

  const failed = (error: Error): Decision => {
    log.error(`authorization webhook ${name}: Failed to make webhook authorizer request: ${error.message}`);
    return { decision: options.onError, reason: '', error: error.message };
  };

  const ask = async (a: Attributes, key: string): Promise<Decision> => {
    const began = performance.now();
    const observed = (result: WebhookResult): void =>
      authMetrics.webhook(name, result, (performance.now() - began) / 1000);
    let decision: Decision;
    try {
      const review = {
        kind: 'SubjectAccessReview',
        apiVersion: `${GROUP}/${version}`,
        metadata: {},
        spec: reviewSpec(a, version),
        status: { allowed: false },
      };
      const answer = await postReview(options.server, review);
      if (str(answer, 'kind') !== review.kind || str(answer, 'apiVersion') !== review.apiVersion) {
        throw new Error(`the webhook answers with ${str(answer, 'apiVersion')} ${str(answer, 'kind')}`);
      }
      const status = child(answer, 'status');
      const [isAllowed, isDenied] = [status?.['allowed'] === true, status?.['denied'] === true];
      if (isAllowed && isDenied) throw new Error('webhook subject access review returned both allow and deny response');
      decision = {
        decision: isDenied ? 'deny' : isAllowed ? 'allow' : 'noOpinion',
        reason: reasonOf(str(status, 'reason')),
      };
      observed('success');
    } catch (error) {
      const result: WebhookResult = error instanceof CallError && error.failure === 'timeout' ? 'timeout' : 'error';
      observed(result);
      if (options.onError === 'noOpinion') authMetrics.failedOpen(name, result);
      return failed(error instanceof Error ? error : new Error(String(error)));
    }
    const keptMs = decision.decision === 'allow' ? options.allowedMs : options.deniedMs;
    if (keptMs > 0 && key.length <= MAX_KEY) known.set(key, { decision, until: now() + keptMs });
    return decision;
  };

  return {
    authorize(a): Awaitable<Decision> {
      const applies = matches(options.conditions, a);
      if (applies instanceof Error) {
        authMetrics.conditionError(name);
        return failed(applies);
      }
      if (!applies) {
        authMetrics.conditionExclusion(name);
        return NO_OPINION;
      }
      const key = JSON.stringify(reviewSpec(a, version));
      const answer = known.get(key);
      return answer !== undefined && now() < answer.until ? answer.decision : ask(a, key);
    },
  };
}

const reasonOf = (text: string): string => (text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}...` : text);
