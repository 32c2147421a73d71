import { tooManyRequests } from '../../machinery/status.js';
import type { InFlight } from '../in-flight.js';
import type { Filter } from './filter.js';

/** Bounds how many requests are handled at a time (apiserver's WithMaxInFlightLimit); 429 above. */
export function withMaxInFlightLimit(inFlight: InFlight): Filter {
  return (context) => {
    const release = inFlight.enter(context);
    if (release === undefined) throw tooManyRequests('Too many requests, please try again later.', 1);
    context.onAnswered(release);
    return undefined;
  };
}
