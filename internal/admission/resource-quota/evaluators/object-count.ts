import { countOf } from '../amounts.js';
import { objectCount } from '../names.js';
import type { Evaluator } from './types.js';

/** What only counts: one for each object that is created. `aliases` are older names of the count. */
export function objectCountEvaluator(group: string, resource: string, ...aliases: readonly string[]): Evaluator {
  const names = [objectCount(group, resource), ...aliases];
  const usage = new Map(names.map((name) => [name, countOf(1)]));
  return {
    handles: (a) => a.operation === 'CREATE' && a.subresource === '',
    matching: (asked) => [...asked].filter((name) => usage.has(name)),
    inScope: undefined,
    usage: () => usage,
  };
}
