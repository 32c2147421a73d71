import type { CustomResources } from '../../extensions/custom-resources.js';
import type { Strategy } from '../types.js';
import type { Calls } from './conversion.js';
import { customStrategy } from './strategy.js';

export type StrategyLookup = (group: string, resource: string, version?: string) => Strategy;

/** `builtIn` with custom resources beside it; conversion webhooks are called with `calls`. */
export function withCustomResources(builtIn: StrategyLookup, custom: CustomResources, calls?: Calls): StrategyLookup {
  return (group, resource, version) => {
    if (version === undefined || !custom.served.hasGroup(group)) return builtIn(group, resource);
    const served = custom.served.find(group, version, resource);
    return served === undefined ? builtIn(group, resource) : customStrategy(served, calls);
  };
}
