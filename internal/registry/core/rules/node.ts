import { duplicate, forbiddenField, invalidValue } from '../../../machinery/field.js';
import { deepEqual } from '../../../machinery/equal.js';
import { familyOfCidr, legacyCidr } from '../../../machinery/formats.js';
import type { JsonObject } from '../../../machinery/json.js';
import { labelValue, qualifiedName } from '../../../machinery/names.js';
import { asInGo } from '../../generic/as-in-go.js';
import { FieldNode, validating } from '../../generic/field-node.js';
import { checkResourceQuantity } from '../../generic/resource-names.js';
import type { Strategy } from '../../types.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, ValidateNode and ValidateNodeUpdate.

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Taints, one of a key and an effect. `at`: where field errors say they are. */
export function checkTaints(owner: FieldNode, key: string, at: string): void {
  const seen = new Set<string>();
  for (const [i, { value }] of owner.list(key).entries()) {
    const taint = new FieldNode(value, `${at}[${i}]`, owner.problems);
    taint.checkText('key', qualifiedName);
    const wrong = labelValue(taint.text('value'));
    if (wrong.length > 0) taint.invalid('value', wrong.join(';'), taint.text('value'));
    if (taint.text('effect') === '') taint.required('effect');
    else taint.requireOneOf('effect', TAINT_EFFECTS);
    const pair = `${taint.text('effect')}/${taint.text('key')}`;
    if (seen.has(pair)) {
      const detail = 'taints must be unique by key and effect pair';
      taint.add({ ...duplicate(taint.path, asInGo(value, 'io.k8s.api.core.v1.Taint')), detail });
    }
    seen.add(pair);
  }
}

function checkAmounts(root: FieldNode): void {
  const status = root.struct('status');
  for (const list of ['capacity', 'allocatable']) {
    for (const [name, text] of status.entries(list)) checkResourceQuantity(status, `${list}.${name}`, name, text);
  }
}

function checkPodCidrs(spec: FieldNode): void {
  const cidrs = spec.texts('podCIDRs');
  for (const [i, cidr] of cidrs.entries()) spec.checkText(`podCIDRs[${i}]`, legacyCidr, cidr);
  if (cidrs.length < 2) return;
  const families = cidrs.map(familyOfCidr);
  const wrong = cidrs.find((_, i) => families[i] === undefined);
  if (wrong !== undefined) {
    const detail = `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR address: ${wrong}`;
    spec.add({ type: 'InternalError', field: spec.at('podCIDRs'), detail });
  }
  if (wrong !== undefined || new Set(families).size < 2 || cidrs.length > 2) {
    spec.invalid('podCIDRs', 'may specify no more than one CIDR for each IP family', cidrs);
  }
}

const FEATURE = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;
const FEATURE_TEXT =
  "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or " +
  'MyFeature/mySubFeature), and contain only alphanumeric characters and slashes';
/** Bytes of the name of a feature. */
const MAX_FEATURE = 253;

/** Features that the kubelet says it has: sorted, each once (validateNodeDeclaredFeatures). */
function checkDeclaredFeatures(status: FieldNode): void {
  const features = status.texts('declaredFeatures');
  for (const [i, feature] of features.entries()) {
    const told = (text: string): void =>
      status.add(
        invalidValue(status.at(`declaredFeatures[${i}]`), feature, `invalid feature name "${feature}": ${text}`),
      );
    if (Buffer.byteLength(feature) > MAX_FEATURE) told(`must be no more than ${MAX_FEATURE} characters`);
    else if (!FEATURE.test(feature)) told(FEATURE_TEXT);
    const next = features[i + 1];
    if (next === undefined) continue;
    const at = status.at(`declaredFeatures[${i + 1}]`);
    if (next === feature) status.add(duplicate(at, next));
    else if (Buffer.compare(Buffer.from(feature), Buffer.from(next)) > 0) {
      status.add(invalidValue(at, next, 'list must be sorted alphabetically'));
    }
  }
}

function checkNode(root: FieldNode): void {
  checkAnnotations(root);
  checkTaints(root.struct('spec'), 'taints', 'metadata.taints');
  checkAmounts(root);
  checkDeclaredFeatures(root.struct('status'));
  checkPodCidrs(root.struct('spec'));
}

/** Where the kubelet's configuration would come from: nothing but a config map could be named. */
function checkConfigSource(spec: FieldNode): void {
  const source = spec.child('configSource');
  if (source === undefined) return;
  const map = source.child('configMap');
  if (map === undefined) {
    source.invalid('', 'exactly one reference subfield must be non-nil', asInGo(source.value, CONFIG_SOURCE));
    return;
  }
  for (const key of ['uid', 'resourceVersion']) {
    if (map.text(key) !== '') map.forbidden(key, `${key} must not be set in spec`);
  }
  for (const key of ['namespace', 'name', 'kubeletConfigKey']) map.requireText(key, undefined, `${key} must be set`);
}
const CONFIG_SOURCE = 'io.k8s.api.core.v1.NodeConfigSource';

function checkNodeUpdate(root: FieldNode, old: JsonObject): void {
  checkAnnotations(root);
  checkAmounts(root);
  checkDeclaredFeatures(root.struct('status'));
  const addresses = root.struct('status').list('addresses');
  for (const [i, address] of addresses.entries()) {
    if (addresses.slice(0, i).some((other) => deepEqual(other.value, address.value))) {
      root.add(duplicate(address.path, asInGo(address.value, 'io.k8s.api.core.v1.NodeAddress')));
    }
  }
  const spec = root.struct('spec');
  const was = new FieldNode(old).struct('spec');
  const [before, now] = [was.texts('podCIDRs'), spec.texts('podCIDRs')];
  if (before.length > 0) {
    const detail = 'node updates may not change podCIDR except from "" to valid';
    if (before.length !== now.length) spec.forbidden('podCIDRs', detail);
    else for (const [i, cidr] of before.entries()) if (cidr !== now[i]) spec.forbidden('podCIDRs', detail);
  }
  const provider = was.text('providerID');
  if (provider !== '' && provider !== spec.text('providerID')) {
    spec.forbidden('providerID', 'node updates may not change providerID except from "" to valid');
  }
  checkConfigSource(spec);
  checkTaints(spec, 'taints', 'metadata.taints');
  if (spec.text('externalID') !== was.text('externalID')) {
    root.add(forbiddenField('spec.externalID', 'may not be updated'));
  }
}

const PREFER_AVOID = 'scheduler.alpha.kubernetes.io/preferAvoidPods';

/** An annotation that the scheduler reads: it must at least be JSON (ValidateAvoidPodsInNodeAnnotations). */
function checkAnnotations(root: FieldNode): void {
  const text = root.struct('metadata').struct('annotations').text(PREFER_AVOID);
  if (text === '') return;
  try {
    JSON.parse(text);
  } catch (e) {
    root.add(invalidValue(`metadata.annotations.${PREFER_AVOID}`, '', (e as Error).message));
  }
}

export const nodeRules: Pick<Strategy, 'validate' | 'validateUpdate' | 'validateStatusUpdate'> = {
  validate: (o) => validating(o, checkNode),
  // As kube-apiserver does: what both report is said twice.
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkNode(root);
      checkNodeUpdate(root, old);
    }),
  validateStatusUpdate: (o, old) => validating(o, (root) => checkNodeUpdate(root, old)),
};
