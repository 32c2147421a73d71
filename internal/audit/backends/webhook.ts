import { setTimeout as sleep } from 'node:timers/promises';
import type { Callout, Target } from '../../callout/index.js';
import { errorText } from '../../machinery/log.js';
import { eventJson } from '../event-text.js';
import type { AuditMetrics } from '../metrics.js';
import type { AuditBackend, AuditEvent } from '../types.js';

/** How long one attempt may take. */
const TIMEOUT_MS = 30_000;
/** Attempts at one batch; each pause is 1.5 times the one before, and up to a fifth longer (apiserver's DefaultRetryBackoff). */
const ATTEMPTS = 5;
const FACTOR = 1.5;
const JITTER = 0.2;
const HEAD = '{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[';

export interface WebhookOptions {
  readonly target: Target;
  /** Of who sends the events. */
  readonly token?: string | undefined;
  /** `--audit-webhook-initial-backoff` in milliseconds. */
  readonly initialBackoffMs: number;
}

/**
 * Posts events as an EventList (apiserver's webhook backend). Every failure is tried again, whatever it is, for a receiver
 * may come back; after the last attempt the batch is lost.
 */
export function webhookBackend(callout: Callout, options: WebhookOptions, metrics: AuditMetrics): AuditBackend {
  const stopping = new AbortController();
  const { target, token, initialBackoffMs } = options;
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, */*',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };

  const post = async (body: string): Promise<void> => {
    const { status } = await callout.call(target, { method: 'POST', headers, body, timeoutMs: TIMEOUT_MS });
    if (status < 200 || status > 299) throw new Error(`the audit webhook answered ${status}`);
  };

  const send = async (body: string): Promise<string> => {
    let pauseMs = initialBackoffMs;
    for (let attempt = 1; ; attempt++) {
      try {
        await post(body);
        return '';
      } catch (error) {
        if (attempt === ATTEMPTS || stopping.signal.aborted) return errorText(error);
      }
      const jitter = 1 + JITTER * Math.random();
      await sleep(pauseMs * jitter, undefined, { signal: stopping.signal }).catch(() => undefined);
      pauseMs *= FACTOR;
    }
  };

  return {
    async processEvents(events) {
      const good = events.filter((event) => event.unencodable === undefined);
      const lost = (why: string, which: readonly AuditEvent[]): void => {
        if (which.length > 0) metrics.lost('webhook', why, which);
      };
      const bad = events.filter((event) => event.unencodable !== undefined);
      for (const event of bad) lost(event.unencodable ?? '', [event]);
      if (good.length === 0) return bad.length === 0;
      const why = await send(`${HEAD}${good.map(eventJson).join(',')}]}`);
      if (why !== '') lost(why, good);
      return why === '' && bad.length === 0;
    },
    shutdown() {
      stopping.abort();
      return Promise.resolve();
    },
  };
}
