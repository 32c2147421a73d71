import type { Aggregator } from '../../aggregator/index.js';
import type { Filter } from './filter.js';

/**
 * Hands what another server serves on to it, before the body is read: it is passed on as it comes. A watch has a seat there,
 * and gives back the one that it has here (kube-aggregator's RequestDelegated).
 */
export function withAggregation(aggregator: Aggregator | undefined): Filter {
  return (context) => {
    const reply = aggregator?.(context);
    if (reply !== undefined) context.watchBegun();
    return reply;
  };
}
