import { child, children, str } from '../../machinery/access.js';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { age, type Cells, condition, humanDuration, name, number, orNone, spec, status } from './human.js';

const isTrue = (c: JsonObject | undefined): boolean => str(c, 'status') === 'True';
const terminatedOf = (c: JsonObject, state: string): JsonObject | undefined => child(child(c, state), 'terminated');
const time = (v: unknown): number => (typeof v === 'string' ? Date.parse(v) : 0) || 0;

const isOver = (pod: JsonObject): boolean => ['Succeeded', 'Failed'].includes(str(status(pod), 'phase'));

/** What a row of a pod that is over says beside its cells. */
export function podRowConditions(pod: JsonObject): JsonValue[] {
  const reason = str(status(pod), 'phase');
  if (!isOver(pod)) return [];
  const message = reason === 'Failed' ? 'The pod failed.' : 'The pod has completed successfully.';
  return [{ type: 'Completed', status: 'True', reason, message }];
}

interface PodView {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  lastRestart: number;
}

/** Reason of a container that ended: its own, or the signal or exit code. */
function ended(t: JsonObject, prefix: string): string {
  if (str(t, 'reason') !== '') return `${prefix}${str(t, 'reason')}`;
  const signal = number(t, 'signal');
  return signal === 0 ? `${prefix}ExitCode:${number(t, 'exitCode')}` : `${prefix}Signal:${signal}`;
}

/** What `kubectl get pods` says of a pod (printPod of kube-apiserver: init containers first, then the others, last one wins). */
function view(pod: JsonObject): PodView {
  const v: PodView = { reason: str(status(pod), 'phase'), ready: 0, total: 0, restarts: 0, lastRestart: 0 };
  if (str(status(pod), 'reason') !== '') v.reason = str(status(pod), 'reason');
  const scheduled = condition(pod, 'PodScheduled');
  if (str(scheduled, 'reason') === 'SchedulingGated') v.reason = 'SchedulingGated';
  const inits = children(spec(pod), 'initContainers');
  const sidecars = new Set(inits.filter((c) => str(c, 'restartPolicy') === 'Always').map((c) => str(c, 'name')));
  v.total = children(spec(pod), 'containers').length + sidecars.size;
  let sidecarRestarts = 0;
  let sidecarLast = 0;
  const initStatuses = children(status(pod), 'initContainerStatuses');
  let initializing = false;
  for (const [i, c] of initStatuses.entries()) {
    v.restarts += number(c, 'restartCount');
    v.lastRestart = Math.max(v.lastRestart, time(terminatedOf(c, 'lastState')?.['finishedAt']));
    const sidecar = sidecars.has(str(c, 'name'));
    if (sidecar) {
      sidecarRestarts += number(c, 'restartCount');
      sidecarLast = Math.max(sidecarLast, time(terminatedOf(c, 'lastState')?.['finishedAt']));
    }
    const terminated = terminatedOf(c, 'state');
    if (terminated !== undefined && number(terminated, 'exitCode') === 0) continue;
    if (sidecar && c['started'] === true) {
      if (c['ready'] === true) v.ready += 1;
      continue;
    }
    const waiting = child(child(c, 'state'), 'waiting');
    if (terminated !== undefined) v.reason = ended(terminated, 'Init:');
    else if (waiting !== undefined && str(waiting, 'reason') !== '' && str(waiting, 'reason') !== 'PodInitializing') {
      v.reason = `Init:${str(waiting, 'reason')}`;
    } else v.reason = `Init:${i}/${inits.length}`;
    initializing = true;
    break;
  }
  if (!initializing || isTrue(condition(pod, 'Initialized'))) {
    v.restarts = sidecarRestarts;
    v.lastRestart = sidecarLast;
    let running = false;
    let failure = '';
    for (const c of children(status(pod), 'containerStatuses').reverse()) {
      v.restarts += number(c, 'restartCount');
      v.lastRestart = Math.max(v.lastRestart, time(terminatedOf(c, 'lastState')?.['finishedAt']));
      const waiting = child(child(c, 'state'), 'waiting');
      const terminated = terminatedOf(c, 'state');
      if (waiting !== undefined && str(waiting, 'reason') !== '') v.reason = str(waiting, 'reason');
      else if (terminated !== undefined) {
        v.reason = ended(terminated, '');
        if (number(terminated, 'exitCode') !== 0) failure = v.reason;
      } else if (c['ready'] === true && child(child(c, 'state'), 'running') !== undefined) {
        running = true;
        v.ready += 1;
      }
    }
    if (v.reason === 'Completed') {
      // Who runs is said before who failed, and that before who completed.
      if (running && children(status(pod), 'conditions').some((c) => str(c, 'type') === 'Ready' && isTrue(c))) {
        v.reason = 'Running';
      } else if (failure !== '') v.reason = failure;
      else if (running) v.reason = 'NotReady';
    }
  }
  if (child(pod, 'metadata')?.['deletionTimestamp'] !== undefined) {
    if (str(status(pod), 'reason') === 'NodeLost') v.reason = 'Unknown';
    else if (!isOver(pod)) v.reason = 'Terminating';
  }
  return v;
}

export const podCells: Cells = (pod, now) => {
  const v = view(pod);
  const restarts =
    v.restarts !== 0 && v.lastRestart !== 0
      ? `${v.restarts} (${humanDuration(now - v.lastRestart)} ago)`
      : String(v.restarts);
  const podIPs = children(status(pod), 'podIPs');
  const ip = podIPs.length > 0 ? str(podIPs[0], 'ip') : str(status(pod), 'podIP');
  const gates = children(spec(pod), 'readinessGates');
  const passed = gates.filter((g) => isTrue(condition(pod, str(g, 'conditionType')))).length;
  return [
    name(pod),
    `${v.ready}/${v.total}`,
    v.reason,
    restarts,
    age(pod, now),
    orNone(ip),
    orNone(str(spec(pod), 'nodeName')),
    orNone(str(status(pod), 'nominatedNodeName')),
    gates.length === 0 ? '<none>' : `${passed}/${gates.length}`,
  ];
};
