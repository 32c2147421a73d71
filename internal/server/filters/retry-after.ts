import type { BytesReply } from '../../rest/types.js';
import type { Filter } from './filter.js';

/** Paths that are answered to the end: who watches over the server asks for them. */
const EXEMPT_PATHS = ['/readyz', '/livez', '/healthz', '/metrics'];
/** What kube-apiserver's own client sends. */
const EXEMPT_AGENT = 'kube-apiserver/';
const RETRY_AFTER_SECONDS = 5;

const REFUSAL: BytesReply = {
  status: 429,
  contentType: 'text/plain; charset=utf-8',
  headers: {
    Connection: 'close',
    'Retry-After': String(RETRY_AFTER_SECONDS),
    'X-Content-Type-Options': 'nosniff',
  },
  body: 'The apiserver is shutting down, please try again later.\n',
};

/**
 * Refuses new requests with 429 once the server takes none any more, and has their clients leave the connection
 * (apiserver's WithRetryAfter, `--shutdown-send-retry-after`).
 */
export function withRetryAfter(takesNoMore: () => boolean): Filter {
  return (context) => {
    if (!takesNoMore() || EXEMPT_PATHS.some((path) => context.path.startsWith(path))) return undefined;
    return context.header('user-agent').startsWith(EXEMPT_AGENT) ? undefined : REFUSAL;
  };
}
