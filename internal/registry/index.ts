import { assert } from '../machinery/assert.js';
import { allocateForService } from './core/service-allocation.js';
import type { NodePortRange } from './core/service-node-ports.js';
import { traitsOf } from './generic/traits.js';
import { strategiesByGroup } from './groups.js';
import { lifecycles } from './lifecycle/index.js';
import { printerOf } from './printers/index.js';
import type { Strategy } from './types.js';
import { warningsByGroup } from './warnings/index.js';

const cache = new Map<string, Strategy>();

/** The members of all parts. Each may come from one of them only: a second one would be lost in silence. */
export function combined(of: string, ...parts: readonly Strategy[]): Strategy {
  const names = parts.flatMap((part) => Object.keys(part));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  assert(twice === undefined, `two parts of the strategy of ${of} have ${twice}`);
  return Object.assign({}, ...parts) as Strategy;
}

/**
 * What is particular to a resource, named by the group and plural it is stored under: its traits, its columns, its
 * lifecycle, what is warned of, and what its group's own module says. Unknown resources (custom ones) get an empty strategy: generic behaviour
 * throughout.
 */
export function strategyFor(group: string, resource: string): Strategy {
  const key = `${group}/${resource}`;
  let strategy = cache.get(key);
  if (strategy === undefined) {
    const own = combined(
      key,
      traitsOf(group, resource),
      printerOf(group, resource),
      lifecycles[group]?.[resource] ?? {},
      warningsByGroup[group]?.[resource] ?? {},
      strategiesByGroup[group]?.[resource] ?? {},
    );
    // Stored as, and therefore in all but its field names, a core event.
    strategy = key === 'events.k8s.io/events' ? { ...strategyFor('', 'events'), ...own } : own;
    cache.set(key, strategy);
  }
  return strategy;
}

/** What flags decide about resources. */
export interface StrategySettings {
  /** `--event-ttl`. */
  readonly eventTtlSeconds: number;
  /** `--service-node-port-range`. */
  readonly nodePorts: NodePortRange;
}

/** `strategyFor` with the settings laid over it. */
export function strategiesWith(settings: StrategySettings): typeof strategyFor {
  const ttlSeconds = (): number => settings.eventTtlSeconds;
  const events: Strategy = { ...strategyFor('', 'events'), ttlSeconds };
  const services: Strategy = {
    ...strategyFor('', 'services'),
    allocate: (ctx, service, old) => allocateForService(ctx, service, old, settings.nodePorts),
  };
  return (group, resource) => {
    if (group === '' && resource === 'events') return events;
    if (group === '' && resource === 'services') return services;
    return strategyFor(group, resource);
  };
}
