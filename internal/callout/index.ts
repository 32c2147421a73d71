/**
 * How the server calls others: webhooks, aggregated APIs, kubelets. In short:
 *
 *     const callout = new Callout();
 *     const target = { url: 'https://svc.ns.svc:443/validate', tls: { ca, serverName: 'svc.ns.svc' },
 *                      address: () => resolve('ns', 'svc', 443) };
 *     const { status, headers, body } = await callout.call(target, { method: 'POST', body, timeoutMs: 10_000 });
 *     const stream = await callout.open(target, { method: 'GET' });        // stream.body is a Readable
 *     const { upgraded, refused } = await callout.upgrade(target, { method: 'POST', headers: { upgrade: 'websocket' } });
 *
 * What fails rejects with CallError: `failure` says what kind, `reason` is Go's text for it, `message` has
 * `Post "URL": ` before it. Connections are kept for 90 s by TLS options and address, at most 64 idle ones each.
 * A call that hangs holds its own connection and no other.
 */
export { Callout, MAX_REDIRECTS } from './callout.js';
export { joinHostPort } from './go-errors.js';
export { type JsonPost, postJson } from './post-json.js';
export { postReview, type ReviewServer } from './post-review.js';
export { webhookTarget } from './webhook-client.js';
export {
  clusterIpResolver,
  endpointResolver,
  loopbackResolver,
  type ServiceObjects,
  type ServiceResolver,
} from './services.js';
export {
  type Address,
  CallError,
  type CallFailure,
  type CallRequest,
  type CallResponse,
  type OpenResponse,
  type Target,
  type TlsOptions,
  type UpgradedConnection,
  type UpgradeResponse,
} from './types.js';
