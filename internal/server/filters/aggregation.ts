import type { Aggregator } from '../../aggregator/index.js';
import type { Filter } from './filter.js';

/** Hands what another server serves on to it, before the body is read: it is passed on as it comes. */
export function withAggregation(aggregator: Aggregator | undefined): Filter {
  return (context) => aggregator?.(context);
}
