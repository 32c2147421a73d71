import { compileRe2, Re2CostError } from '../../machinery/re2.js';
import type { Filter } from './filter.js';

const METHODS = 'POST, GET, OPTIONS, PUT, DELETE, PATCH';
const HEADERS =
  'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since';
const EXPOSED = 'Date';
/** Browsers send scheme, host and port; a longer origin matches nothing. */
const MAX_ORIGIN = 1024;

/**
 * Lets pages of the origins that a pattern matches use the API from a browser, and answers a browser's question whether it
 * may (apiserver's WithCORS, `--cors-allowed-origins`). Throws Re2SyntaxError for a pattern that is none.
 */
export function withCors(patterns: readonly string[]): Filter {
  const allowed = patterns.map(compileRe2);
  const isAllowed = (origin: string): boolean => {
    if (origin.length > MAX_ORIGIN) return false;
    try {
      return allowed.some((pattern) => pattern.test(origin));
    } catch (error) {
      if (error instanceof Re2CostError) return false;
      throw error;
    }
  };
  return (context) => {
    const origin = context.header('origin');
    if (origin === '' || !isAllowed(origin)) return undefined;
    context.addAnswerHeaders([
      ['Access-Control-Allow-Origin', origin],
      ['Access-Control-Allow-Methods', METHODS],
      ['Access-Control-Allow-Headers', HEADERS],
      ['Access-Control-Expose-Headers', EXPOSED],
      ['Access-Control-Allow-Credentials', 'true'],
    ]);
    return context.method === 'OPTIONS' ? { status: 204, contentType: '', body: '' } : undefined;
  };
}
