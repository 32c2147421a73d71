import { qualifiedName } from '../../../../machinery/names.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { quantityText } from '../../../generic/quantities.js';

// fieldRef and resourceFieldRef: what a container may learn about its pod.

const DOWNWARD_LABELS = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);

/** Field paths of environment variables. */
export const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** Field paths of files. */
export const FILE_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

const SUBSCRIPTED = /^([^[]+)\['(.*)'\]$/s;

/** The path in the internal type, or why there is none. */
function convertFieldPath(version: string, path: string): { path: string } | { problem: string } {
  if (version !== 'v1') return { problem: `unsupported pod version: ${version}` };
  const subscript = SUBSCRIPTED.exec(path);
  if (subscript !== null) {
    const base = subscript[1] ?? '';
    return base === 'metadata.annotations' || base === 'metadata.labels'
      ? { path }
      : { problem: `field label does not support subscript: ${path}` };
  }
  if (path === 'spec.host') return { path: 'spec.nodeName' };
  return DOWNWARD_LABELS.has(path) ? { path } : { problem: `field label not supported: ${path}` };
}

/** A reference to a field of the pod, one of `allowed`, or one annotation or label by its key. */
export function checkFieldRef(ref: FieldNode, allowed: readonly string[]): void {
  const version = ref.text('apiVersion');
  const written = ref.text('fieldPath');
  if (version === '') return ref.required('apiVersion');
  if (written === '') return ref.required('fieldPath');
  const converted = convertFieldPath(version, written);
  if ('problem' in converted) return ref.invalid('fieldPath', `error converting fieldPath: ${converted.problem}`);
  const subscript = SUBSCRIPTED.exec(converted.path);
  if (subscript === null) {
    if (!allowed.includes(converted.path)) ref.unsupported('fieldPath', allowed, converted.path);
    return;
  }
  const key = subscript[2] ?? '';
  ref.checkText('', qualifiedName, subscript[1] === 'metadata.annotations' ? key.toLowerCase() : key);
}

const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const HUGE_PAGES = ['limits.hugepages-', 'requests.hugepages-'];
const CPU_DIVISORS = new Set(['1m', '1']);
const SIZE_DIVISORS = new Set(['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']);
const SIZES = 'values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';

/** A reference to a resource of a container, which a volume must name. */
export function checkResourceFieldRef(ref: FieldNode, inVolume: boolean): void {
  const resource = ref.text('resource');
  if (inVolume && ref.text('containerName') === '') ref.required('containerName');
  else if (resource === '') ref.required('resource');
  else if (!RESOURCES.includes(resource) && !HUGE_PAGES.some((p) => resource.startsWith(p))) {
    ref.unsupported('resource', RESOURCES);
  }
  const divisor = quantityText(ref.get('divisor'));
  if (divisor === '0') return;
  const report = (detail: string): void => ref.invalid('divisor', `only divisor's ${detail}`, resource);
  if (resource === 'limits.cpu' || resource === 'requests.cpu') {
    if (!CPU_DIVISORS.has(divisor)) report('values 1m and 1 are supported with the cpu resource');
  } else if (SIZE_DIVISORS.has(divisor)) return;
  else if (resource.endsWith('.memory')) report(`${SIZES} are supported with the memory resource`);
  else if (resource.endsWith('.ephemeral-storage')) {
    report(`${SIZES} are supported with the local ephemeral storage resource`);
  } else if (HUGE_PAGES.some((p) => resource.startsWith(p))) {
    report(`${SIZES} are supported with the hugepages resource`);
  }
}
