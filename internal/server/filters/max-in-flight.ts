import type { BytesReply } from '../../rest/types.js';
import type { InFlight } from '../in-flight.js';
import type { Filter } from './filter.js';

/** kube-apiserver's answer where there is no room for a request; it is no Status. */
export function tooManyRequestsReply(retryAfterSeconds: number): BytesReply {
  return {
    status: 429,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'Retry-After': String(retryAfterSeconds), 'X-Content-Type-Options': 'nosniff' },
    body: 'Too many requests, please try again later.\n',
  };
}

/** Bounds how many requests are handled at a time (apiserver's WithMaxInFlightLimit); 429 above. */
export function withMaxInFlightLimit(inFlight: InFlight): Filter {
  return (context) => {
    const release = inFlight.enter(context);
    if (release === undefined) {
      context.isTerminated = true;
      return tooManyRequestsReply(1);
    }
    context.onAnswered(release);
    return undefined;
  };
}
