import { child, children, str, strings } from '../../machinery/access.js';
import { isObject, type JsonObject } from '../../machinery/json.js';

// Fields that kube-apiserver's conversions between v1 and its internal types keep in step, or drop
// (k8s.io/kubernetes pkg/apis/core/v1/conversion.go). They hold after every decoding, whatever the verb or subresource,
// and therefore run with the defaults.

/** Init containers once travelled in annotations, which must not reach a kubelet that still reads them. */
const INIT_CONTAINER_ANNOTATIONS = [
  'pod.beta.kubernetes.io/init-containers',
  'pod.alpha.kubernetes.io/init-containers',
  'pod.beta.kubernetes.io/init-container-statuses',
  'pod.alpha.kubernetes.io/init-container-statuses',
];

/** Drops annotations that neither a pod nor a pod template may carry. `object` is the pod or the template. */
export function dropInitContainerAnnotations(object: JsonObject): void {
  const meta = child(object, 'metadata');
  const annotations = child(meta, 'annotations');
  if (meta === undefined || annotations === undefined) return;
  if (!INIT_CONTAINER_ANNOTATIONS.some((name) => Object.hasOwn(annotations, name))) return;
  for (const name of INIT_CONTAINER_ANNOTATIONS) delete annotations[name];
  if (Object.keys(annotations).length === 0) delete meta['annotations'];
}

/** `podIP` is the first of `podIPs`; where they differ, `podIP` wins, which is all that old kubelets know. */
function convertPodIPs(status: JsonObject): void {
  const ip = str(status, 'podIP');
  const first = str(children(status, 'podIPs')[0], 'ip');
  const some = Array.isArray(status['podIPs']) && status['podIPs'].length > 0;
  if (ip === '') {
    if (first !== '') status['podIP'] = first;
  } else if (!some || first !== ip) status['podIPs'] = [{ ip }];
}

/** Convert_v1_Pod_To_core_Pod and back. */
export function convertPod(pod: JsonObject): void {
  dropInitContainerAnnotations(pod);
  const spec = child(pod, 'spec');
  const grace = spec?.['terminationGracePeriodSeconds'];
  if (spec !== undefined && (typeof grace === 'number' || typeof grace === 'bigint') && grace < 0) {
    spec['terminationGracePeriodSeconds'] = 1;
  }
  const status = child(pod, 'status');
  if (status !== undefined) convertPodIPs(status);
}

/** Convert_v1_NodeSpec_To_core_NodeSpec and back: as for `podIP`, of `podCIDR` and `podCIDRs`. */
export function convertNode(node: JsonObject): void {
  const spec = child(node, 'spec');
  if (spec === undefined) return;
  const cidr = str(spec, 'podCIDR');
  const [first = ''] = strings(spec, 'podCIDRs');
  const some = Array.isArray(spec['podCIDRs']) && spec['podCIDRs'].length > 0;
  if (cidr === '') {
    if (first !== '') spec['podCIDR'] = first;
  } else if (!some || first !== cidr) spec['podCIDRs'] = [cidr];
}

/** Convert_v1_PodSpec_To_core_PodSpec: the deprecated alias follows serviceAccountName, and stands in for an empty one. */
export function convertServiceAccount(spec: JsonObject): void {
  const own = str(spec, 'serviceAccountName');
  const account = own === '' ? str(spec, 'serviceAccount') : own;
  if (account === '') return;
  spec['serviceAccountName'] = account;
  spec['serviceAccount'] = account;
}

/** Convert_v1_Secret_To_core_Secret: `stringData` overwrites `data`, and is not kept. */
export function convertSecret(secret: JsonObject): void {
  const plain = secret['stringData'];
  if (!isObject(plain)) return;
  delete secret['stringData'];
  if (Object.keys(plain).length === 0) return;
  const data = isObject(secret['data']) ? secret['data'] : {};
  for (const [k, v] of Object.entries(plain)) {
    if (typeof v === 'string') data[k] = Buffer.from(v, 'utf8').toString('base64');
  }
  secret['data'] = data;
}
