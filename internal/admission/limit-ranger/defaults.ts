import { child, children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** What a limit range gives containers that say nothing; of several items the last that names a resource. */
function containerDefaults(limitRange: JsonObject, field: string): Map<string, JsonValue> {
  const out = new Map<string, JsonValue>();
  for (const limit of children(child(limitRange, 'spec'), 'limits')) {
    if (str(limit, 'type') !== 'Container') continue;
    for (const [name, value] of Object.entries(child(limit, field) ?? {})) {
      if (value !== undefined) out.set(name, value);
    }
  }
  return out;
}

/** Fills in what is missing; answers the names of what was filled in, sorted. */
function fill(container: JsonObject, field: string, defaults: ReadonlyMap<string, JsonValue>): string {
  const missing = [...defaults].filter(([name]) => child(child(container, 'resources'), field)?.[name] === undefined);
  if (missing.length === 0) return '';
  const list = ensureChild(ensureChild(container, 'resources'), field);
  for (const [name, value] of missing) list[name] = value;
  return missing
    .map(([name]) => name)
    .toSorted()
    .join(', ');
}

/** Gives a pod's containers the defaults of a limit range, and says so in an annotation (plugin LimitRanger). */
export function applyDefaults(limitRange: JsonObject, pod: JsonObject): void {
  const limits = containerDefaults(limitRange, 'default');
  const requests = containerDefaults(limitRange, 'defaultRequest');
  if (limits.size === 0 && requests.size === 0) return;
  const spec = child(pod, 'spec');
  const told: string[] = [];
  for (const [list, what] of [
    ['containers', 'container'],
    ['initContainers', 'init container'],
  ] as const) {
    for (const container of children(spec, list)) {
      const requested = fill(container, 'requests', requests);
      if (requested !== '') told.push(`${requested} request for ${what} ${str(container, 'name')}`);
      const limited = fill(container, 'limits', limits);
      if (limited !== '') told.push(`${limited} limit for ${what} ${str(container, 'name')}`);
    }
  }
  if (told.length > 0) {
    ensureChild(ensureChild(pod, 'metadata'), 'annotations')[ANNOTATION] = `LimitRanger plugin set: ${told.join('; ')}`;
  }
}
