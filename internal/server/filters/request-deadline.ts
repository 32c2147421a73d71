import { badRequest } from '../../machinery/status.js';
import { parseDuration, TimeError } from '../../machinery/time.js';
import { isLongRunning } from '../in-flight.js';
import type { Filter } from './filter.js';

/**
 * When the client is told that it took too long: after `--request-timeout`, or earlier where the query's `timeout` asks
 * for it (apiserver's WithRequestDeadline). Long-running requests have no deadline. `maxMs` 0 is none.
 */
export function withRequestDeadline(maxMs: number): Filter {
  const longest = maxMs === 0 ? Number.POSITIVE_INFINITY : maxMs;
  return (context) => {
    if (isLongRunning(context.info)) return undefined;
    const asked = context.incoming.rawQuery.includes('timeout') ? askedMs(context.query.get('timeout') ?? '') : 0;
    context.deadline = context.received + (asked > 0 ? Math.min(asked, longest) : longest);
    return undefined;
  };
}

function askedMs(text: string): number {
  if (text === '') return 0;
  try {
    return Number(parseDuration(text)) / 1e6;
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`);
  }
}
