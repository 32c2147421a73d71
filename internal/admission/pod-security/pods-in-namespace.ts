import { child, children, str } from '../../machinery/access.js';
import { Breath } from '../../machinery/breathe.js';
import type { JsonObject } from '../../machinery/json.js';
import { quote } from '../../machinery/status.js';
import type { ObjectReader } from '../types.js';
import { podView } from './check.js';
import { type Evaluator, reasonsOf } from './evaluator.js';
import { type LevelVersion, levelVersionText } from './levels.js';

/** Pods that are checked when a namespace gets a stricter level; of more only the first are. */
export const MAX_PODS = 3000;
/** Time for it, in milliseconds; what is not looked at by then is told. */
export const MAX_MS = 1000;

export interface NamespaceCheck {
  readonly evaluate: Evaluator;
  readonly isExempt: (pod: JsonObject) => boolean;
  /** At least 1. */
  readonly maxPods?: number;
  readonly maxMs?: number;
}

/** The pods with the same faults. */
interface Group {
  first: string;
  count: number;
}

/** The uid of the controller that a pod belongs to; '' for none. */
function controllerOf(pod: JsonObject): string {
  const owners = children(child(pod, 'metadata'), 'ownerReferences');
  return str(
    owners.find((owner) => owner['controller'] === true),
    'uid',
  );
}

/**
 * Warnings about pods that a new level would not allow (pod-security-admission: EvaluatePodsInNamespace). Pods without a
 * controller and one of each controller come first, then the rest: copies mostly have the same faults. Reads in pages and
 * rests in between, so that a large namespace holds nobody up; what is not reached within the bounds is told.
 */
export async function podsInNamespace(
  reader: ObjectReader,
  namespace: string,
  enforce: LevelVersion,
  { evaluate, isExempt, maxPods = MAX_PODS, maxMs = MAX_MS }: NamespaceCheck,
): Promise<string[]> {
  const groups = new Map<string, Group>();
  const breath = new Breath();
  const until = performance.now() + maxMs;
  const controllers = new Set<string>();
  const copies: string[] = [];
  let [checked, exempt, timeIsUp] = [0, 0, false];

  const look = (pod: JsonObject): void => {
    checked++;
    const violations = evaluate(enforce, podView(pod));
    if (violations.length > 0) count(groups, reasonsOf(violations), str(child(pod, 'metadata'), 'name'));
  };
  const first = (key: string, pod: JsonObject): void => {
    const controller = controllerOf(pod);
    if (controller !== '' && controllers.has(controller)) {
      if (copies.length < maxPods) copies.push(key);
      return;
    }
    if (controller !== '') controllers.add(controller);
    look(pod);
  };

  reading: for (const page of reader.pages('', 'pods', namespace)) {
    for (const { key, value } of page) {
      const pod = JSON.parse(value.toString('utf8')) as JsonObject;
      if (isExempt(pod)) exempt++;
      else first(key, pod);
      if (breath.isDue(64)) await breath.rest();
      timeIsUp = performance.now() > until;
      if (timeIsUp || checked === maxPods) break reading;
    }
  }
  for (const key of copies) {
    if (timeIsUp || checked === maxPods) break;
    const stored = reader.stored(key);
    if (stored !== undefined) look(JSON.parse(stored.value.toString('utf8')) as JsonObject);
    if (breath.isDue(64)) await breath.rest();
    timeIsUp = performance.now() > until;
  }
  return warningsOf(groups, namespace, enforce, checked, reader.count('', 'pods', namespace) - exempt);
}

function count(groups: Map<string, Group>, reasons: string, name: string): void {
  const group = groups.get(reasons);
  if (group === undefined) {
    groups.set(reasons, { first: name, count: 1 });
    return;
  }
  group.count++;
  if (name < group.first) group.first = name;
}

function warningsOf(
  groups: ReadonlyMap<string, Group>,
  namespace: string,
  enforce: LevelVersion,
  checked: number,
  total: number,
): string[] {
  const warnings: string[] = [];
  if (checked < total) {
    warnings.push(`new PodSecurity enforce level only checked against the first ${checked} of ${total} existing pods`);
  }
  if (groups.size === 0) return warnings;
  const level = quote(levelVersionText(enforce));
  warnings.push(`existing pods in namespace ${quote(namespace)} violate the new PodSecurity enforce level ${level}`);
  const lines = [...groups].map(([reasons, group]) => `${group.first}${others(group.count - 1)}: ${reasons}`);
  return [...warnings, ...lines.sort()];
}

const others = (n: number): string => (n === 0 ? '' : n === 1 ? ' (and 1 other pod)' : ` (and ${n} other pods)`);
