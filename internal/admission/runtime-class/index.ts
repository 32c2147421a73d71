import { child, ensureChild, children, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { admissionForbidden } from '../forbidden.js';
import { mutating } from '../mutating.js';
import { isOfPods } from '../of-pods.js';
import { mergeTolerations } from '../pod-toleration-restriction/tolerations.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';

/** The class that a pod names; undefined when it names none. Throws 403 when there is no such class. */
function classOf(ctx: AdmissionContext, pod: JsonObject, a: AdmissionAttributes): JsonObject | undefined {
  const className = str(child(pod, 'spec'), 'runtimeClassName');
  if (className === '') return undefined;
  const found = ctx.reader.get('node.k8s.io', 'runtimeclasses', '', className);
  if (found === undefined) throw admissionForbidden(a, `pod rejected: RuntimeClass "${className}" not found`);
  return found;
}

const fixedOf = (runtimeClass: JsonObject | undefined): JsonObject | undefined => {
  const overhead = child(runtimeClass, 'overhead');
  return overhead === undefined ? undefined : (child(overhead, 'podFixed') ?? {});
};

const otherOverhead = (a: AdmissionAttributes): Error =>
  admissionForbidden(a, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");

/** A pod takes the overhead and the placement of its runtime class (plugin RuntimeClass, KEP-688). */
function admitRuntimeClass(ctx: AdmissionContext, pod: JsonObject, a: AdmissionAttributes): void {
  const spec = child(pod, 'spec');
  const runtimeClass = classOf(ctx, pod, a);
  if (spec === undefined || runtimeClass === undefined) return;
  const fixed = fixedOf(runtimeClass);
  if (fixed !== undefined) {
    const given = child(spec, 'overhead') ?? {};
    if (Object.keys(given).length > 0 && !semanticEqual(given, fixed)) throw otherOverhead(a);
    spec['overhead'] = { ...fixed };
  }
  const scheduling = child(runtimeClass, 'scheduling');
  if (scheduling === undefined) return;
  const wanted = child(scheduling, 'nodeSelector') ?? {};
  if (Object.keys(wanted).length > 0) {
    const selector = ensureChild(spec, 'nodeSelector');
    for (const key of Object.keys(wanted)) {
      const [value, own] = [str(wanted, key), str(selector, key)];
      if (selector[key] !== undefined && own !== value) {
        const why = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
        throw admissionForbidden(a, `conflict: ${why}`);
      }
      selector[key] = value;
    }
  }
  const tolerations = structuredClone(children(scheduling, 'tolerations'));
  const merged = mergeTolerations(children(spec, 'tolerations'), tolerations);
  if (merged.length > 0) spec['tolerations'] = merged;
}

const plugin = mutating('RuntimeClass', ['CREATE'], { group: '', resource: 'pods', change: admitRuntimeClass });

/** Pods take on what their runtime class says, and have no overhead that it does not say. */
export const runtimeClass: AdmissionPlugin = {
  ...plugin,
  validate(ctx, a) {
    if (a.object === undefined || !isOfPods(a)) return;
    const overhead = child(child(a.object, 'spec'), 'overhead');
    const fixed = fixedOf(classOf(ctx, a.object, a));
    if (fixed !== undefined) {
      if (!semanticEqual(overhead, fixed)) throw otherOverhead(a);
    } else if (overhead !== undefined) {
      const why = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';
      throw admissionForbidden(a, why);
    }
  },
};
