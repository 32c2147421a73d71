import type { CustomResources } from '../../extensions/custom-resources.js';
import type { Strategy } from '../types.js';
import { customStrategy } from './strategy.js';

export type StrategyLookup = (group: string, resource: string, version?: string) => Strategy;

/** `builtIn` with custom resources beside it. */
export function withCustomResources(builtIn: StrategyLookup, custom: CustomResources): StrategyLookup {
  return (group, resource, version) => {
    if (version === undefined || !custom.served.hasGroup(group)) return builtIn(group, resource);
    const served = custom.served.find(group, version, resource);
    return served === undefined ? builtIn(group, resource) : customStrategy(served);
  };
}
