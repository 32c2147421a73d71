import { child, children, str, strings } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { admissionForbidden } from '../forbidden.js';
import { isOfPods } from '../of-pods.js';
import type { AdmissionPlugin } from '../types.js';

/** What a node must declare for an update of a pod on it (component-helpers/nodedeclaredfeatures of 1.36), by name. */
const NEEDED: readonly { readonly feature: string; by(pod: JsonObject, old: JsonObject): boolean }[] = [
  {
    feature: 'InPlacePodLevelResourcesVerticalScaling',
    by: (pod, old) => !deepEqual(child(pod, 'resources') ?? {}, child(old, 'resources') ?? {}),
  },
  {
    feature: 'InPlacePodVerticalScalingInitContainers',
    by(pod, old) {
      const now = children(pod, 'initContainers');
      return children(old, 'initContainers').some(
        (container, i) =>
          str(container, 'restartPolicy') !== 'Always' &&
          !deepEqual(child(container, 'resources') ?? {}, child(now[i], 'resources') ?? {}),
      );
    },
  },
];

/** An update of a pod that runs needs a node that can follow it (plugin NodeDeclaredFeatureValidator, KEP-5328). */
export const nodeDeclaredFeatureValidator: AdmissionPlugin = {
  name: 'NodeDeclaredFeatureValidator',
  handles: (operation) => operation === 'UPDATE',
  validate(ctx, a) {
    if (!isOfPods(a) && !isOfPods(a, 'resize')) return;
    const [spec, old] = [child(a.object, 'spec'), child(a.oldObject, 'spec')];
    const nodeName = str(spec, 'nodeName');
    if (spec === undefined || old === undefined || nodeName === '') return;
    // Only a change of the spec counts a generation.
    if (child(a.object, 'metadata')?.['generation'] === child(a.oldObject, 'metadata')?.['generation']) return;
    const needed = NEEDED.filter((one) => one.by(spec, old)).map(({ feature }) => feature);
    if (needed.length === 0) return;
    const node = ctx.reader.get('', 'nodes', '', nodeName);
    if (node === undefined) throw admissionForbidden(a, `node ${JSON.stringify(nodeName)} not found`);
    const declared = strings(child(node, 'status'), 'declaredFeatures');
    const missing = needed.filter((feature) => !declared.includes(feature));
    if (missing.length === 0) return;
    throw admissionForbidden(
      a,
      `pod update requires features ${missing.join(', ')} which are not available on node ${JSON.stringify(nodeName)}`,
    );
  },
};
