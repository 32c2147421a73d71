import { isDeepStrictEqual } from 'node:util';
import { child, children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { forbidden } from '../../machinery/status.js';
import type { AdmissionContext } from '../types.js';
import { mutating } from '../mutating.js';

const PODS = { group: '', resource: 'pods' };

/** A pod takes the overhead and the placement of its runtime class (plugin RuntimeClass, KEP-688). */
function admitRuntimeClass(ctx: AdmissionContext, pod: JsonObject): void {
  const spec = child(pod, 'spec');
  const className = str(spec, 'runtimeClassName');
  if (spec === undefined || className === '') return;
  const podName = str(child(pod, 'metadata'), 'name');
  const runtimeClass = ctx.reader.get('node.k8s.io', 'runtimeclasses', '', className);
  if (runtimeClass === undefined) throw forbidden(PODS, podName, `pod rejected: RuntimeClass "${className}" not found`);
  const fixed = child(child(runtimeClass, 'overhead'), 'podFixed');
  if (fixed !== undefined) {
    const given = child(spec, 'overhead');
    if (given !== undefined && !isDeepStrictEqual(given, fixed)) {
      throw forbidden(PODS, podName, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    spec['overhead'] = { ...fixed };
  }
  const scheduling = child(runtimeClass, 'scheduling');
  if (scheduling === undefined) return;
  const wanted = child(scheduling, 'nodeSelector') ?? {};
  if (Object.keys(wanted).length > 0) {
    const selector = ensureChild(spec, 'nodeSelector');
    for (const [k, v] of Object.entries(wanted)) {
      if (selector[k] !== undefined && selector[k] !== v) {
        throw forbidden(
          PODS,
          podName,
          `conflict: runtimeClass.scheduling.nodeSelector[${k}] = ${JSON.stringify(v)}; pod.spec.nodeSelector[${k}] = ${JSON.stringify(selector[k])}`,
        );
      }
      selector[k] = v;
    }
  }
  const missing = children(scheduling, 'tolerations').filter(
    (t) => !children(spec, 'tolerations').some((have) => isDeepStrictEqual(have, t)),
  );
  if (missing.length > 0) spec['tolerations'] = [...children(spec, 'tolerations'), ...structuredClone(missing)];
}

/** Pods take on what their runtime class says. */
export const runtimeClass = mutating('RuntimeClass', ['CREATE'], {
  group: '',
  resource: 'pods',
  change: admitRuntimeClass,
});
