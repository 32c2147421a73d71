import { Counter, type Registry } from 'prom-client';

export interface CounterOptions {
  readonly name: string;
  readonly help: string;
  /** Their values must come from a small set, never from what a client writes freely. */
  readonly labelNames: readonly string[];
}

/**
 * The counter of this name in a registry, made when it is not there: a plugin that is made anew in the same process counts
 * on. Without a registry it counts for nobody.
 */
export function counterIn(registry: Registry | undefined, options: CounterOptions): Counter {
  const there = registry?.getSingleMetric(options.name);
  if (there instanceof Counter) return there;
  return new Counter({ ...options, labelNames: [...options.labelNames], registers: registry ? [registry] : [] });
}
