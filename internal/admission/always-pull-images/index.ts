import { child, children, str } from '../../machinery/access.js';
import { aggregateText, errorText, notSupported } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { admissionForbidden } from '../forbidden.js';
import { CONTAINER_LISTS, containersOf, isOfPods } from '../of-pods.js';
import type { AdmissionAttributes, AdmissionPlugin } from '../types.js';

const ALWAYS = 'Always';

/** An update that brings no image that was not there is nobody's business. */
function concerned(a: AdmissionAttributes): boolean {
  if (!isOfPods(a)) return false;
  if (a.operation !== 'UPDATE') return true;
  const before = new Set(containersOf(a.oldObject).map((container) => str(container, 'image')));
  return containersOf(a.object).some((container) => !before.has(str(container, 'image')));
}

const imageVolumes = (pod: JsonObject): { at: string; image: JsonObject }[] =>
  children(child(pod, 'spec'), 'volumes').flatMap((volume, i) => {
    const image = child(volume, 'image');
    return image === undefined ? [] : [{ at: `spec.volumes[${i}].image.pullPolicy`, image }];
  });

/**
 * Every image is pulled each time, so that only who may pull it can run it: without, a node gives everybody what it has
 * pulled for somebody (plugin AlwaysPullImages).
 */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  admit(_ctx, a) {
    if (a.object === undefined || !concerned(a)) return;
    for (const container of containersOf(a.object)) container['imagePullPolicy'] = ALWAYS;
    for (const { image } of imageVolumes(a.object)) image['pullPolicy'] = ALWAYS;
  },
  validate(_ctx, a) {
    if (a.object === undefined || !concerned(a)) return;
    const wrong: string[] = [];
    const check = (at: string, policy: string): void => {
      if (policy === ALWAYS) return;
      wrong.push(admissionForbidden(a, errorText(notSupported(at, policy, [ALWAYS]))).message);
    };
    const spec = child(a.object, 'spec');
    for (const list of CONTAINER_LISTS) {
      for (const [i, container] of children(spec, list).entries()) {
        check(`spec.${list}[${i}].imagePullPolicy`, str(container, 'imagePullPolicy'));
      }
    }
    for (const { at, image } of imageVolumes(a.object)) check(at, str(image, 'pullPolicy'));
    // kube-apiserver answers a list of refusals as an error that it does not know.
    if (wrong.length > 0) throw new StatusError(500, '', aggregateText(wrong));
  },
};
