import { child, children } from '../../machinery/access.js';
import { cloneJson } from '../../machinery/equal.js';
import { isObject, type JsonObject } from '../../machinery/json.js';

/** Where a suspended job will run is nobody's business yet: its queue may still decide (KEP-2926). */
const SCHEDULING = ['nodeSelector', 'tolerations', 'schedulingGates'] as const;

function take(to: JsonObject, key: string, from: JsonObject): void {
  if (from[key] === undefined) delete to[key];
  else to[key] = from[key];
}

/** Node affinity may change, the other affinities may not. */
function takeNodeAffinity(to: JsonObject, from: JsonObject): void {
  const was = child(to, 'affinity');
  const now = child(from, 'affinity');
  const affinity: JsonObject = { ...was };
  take(affinity, 'nodeAffinity', now ?? {});
  if (now === undefined && Object.values(affinity).every((v) => v === undefined)) delete to['affinity'];
  else to['affinity'] = affinity;
}

function isSuspended(job: JsonObject): boolean {
  if (child(job, 'spec')?.['suspend'] !== true) return false;
  const status = child(job, 'status');
  if (status?.['startTime'] === undefined) return true;
  const suspended = children(status, 'conditions').some((c) => c['type'] === 'Suspended' && c['status'] === 'True');
  return suspended && (status['active'] ?? 0) === 0;
}

/** The template of the old job, with everything in it that the new one may change already changed (validatePodTemplateUpdate). */
export function comparedTemplate(template: JsonObject, oldJob: JsonObject): JsonObject {
  const old = child(child(oldJob, 'spec'), 'template') ?? {};
  if (!isSuspended(oldJob)) return old;
  const compared = cloneJson(old);
  const spec = child(compared, 'spec') ?? {};
  const now = child(template, 'spec') ?? {};
  takeNodeAffinity(spec, now);
  for (const key of SCHEDULING) take(spec, key, now);
  for (const list of ['containers', 'initContainers']) {
    const wanted = children(now, list);
    for (const [i, container] of children(spec, list).entries()) take(container, 'resources', wanted[i] ?? {});
  }
  const meta: JsonObject = { ...child(compared, 'metadata') };
  const newMeta = child(template, 'metadata') ?? {};
  for (const key of ['labels', 'annotations']) take(meta, key, newMeta);
  if (isObject(compared['metadata']) || isObject(template['metadata'])) compared['metadata'] = meta;
  return compared;
}
