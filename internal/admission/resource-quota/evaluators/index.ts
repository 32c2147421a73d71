import { objectCountEvaluator } from './object-count.js';
import { claimEvaluator } from './persistent-volume-claims.js';
import { podEvaluator } from './pods.js';
import { resourceClaimEvaluator } from './resource-claims.js';
import { serviceEvaluator } from './services.js';
import type { Evaluator } from './types.js';

/** Of the core group: what has rules of its own, and counts with an older name beside `count/...`. */
const CORE = new Map<string, Evaluator>([
  ['pods', podEvaluator],
  ['services', serviceEvaluator],
  ['persistentvolumeclaims', claimEvaluator],
  ...['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'].map((resource): [string, Evaluator] => [
    resource,
    objectCountEvaluator('', resource, resource),
  ]),
]);

/** Not stored, or never counted. */
const IGNORED: ReadonlySet<string> = new Set([
  '/bindings',
  '/componentstatuses',
  'authentication.k8s.io/tokenreviews',
  'authentication.k8s.io/selfsubjectreviews',
  'authorization.k8s.io/subjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  '/events',
  'events.k8s.io/events',
]);

/** Counts by resource, made when one is first asked for. Bounded by the resources that are served; cleared at 10,000. */
const counts = new Map<string, Evaluator>();
const COUNTS_MAX = 10_000;

/** How objects of a resource count; undefined for those that never do. Every resource in a namespace is at least counted. */
export function evaluatorOf(group: string, resource: string): Evaluator | undefined {
  if (group === '') {
    const own = CORE.get(resource);
    if (own !== undefined) return own;
  } else if (group === 'resource.k8s.io' && resource === 'resourceclaims') return resourceClaimEvaluator;
  const name = `${group}/${resource}`;
  if (IGNORED.has(name)) return undefined;
  let count = counts.get(name);
  if (count === undefined) {
    if (counts.size >= COUNTS_MAX) counts.clear();
    counts.set(name, (count = objectCountEvaluator(group, resource)));
  }
  return count;
}
