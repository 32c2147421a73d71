import autocannon from 'autocannon';
import { TOKEN } from '../internal/testing/e2e/cluster.js';

/** What one run of one case measured. */
export interface Figure {
  /** Answers, or events delivered. */
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx, and broken connections. */
  readonly errors: number;
}

export interface Load {
  readonly url: string;
  readonly connections: number;
  /** How long, unless `amount` says how many. */
  readonly seconds?: number;
  /** Requests in all. */
  readonly amount?: number;
  /** A body per request makes it a POST. */
  readonly body?: () => string;
}

/** Drives one URL with autocannon (keep-alive, no pipelining). */
export async function load(options: Load): Promise<Figure> {
  const headers = { authorization: `Bearer ${TOKEN}`, accept: 'application/json', 'content-type': 'application/json' };
  const { body } = options;
  const result = await autocannon({
    url: options.url,
    connections: options.connections,
    ...(options.seconds === undefined ? {} : { duration: options.seconds }),
    ...(options.amount === undefined ? {} : { amount: options.amount }),
    timeout: 30,
    headers,
    // The certificates are the cluster's own. A protocol is offered, as Kubernetes' clients do.
    tlsOptions: { rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] },
    ...(body === undefined
      ? {}
      : { requests: [{ method: 'POST', setupRequest: (request) => ({ ...request, body: body() }) }] }),
  });
  return {
    count: result.requests.total,
    perSecond: result.requests.total / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    errors: result.errors + result.non2xx,
  };
}
