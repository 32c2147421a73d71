import { type FieldError, fieldNotFound, forbiddenField, notSupported, required } from '../../../../machinery/field.js';
import { dns1123Label } from '../../../../machinery/names.js';
import { isObject, type JsonObject } from '../../../../machinery/json.js';
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  type Quantity,
  scaledValue,
  signOfQuantity,
} from '../../../../machinery/quantity.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { compareQuantities, quantityOf, quantityText } from '../../../generic/quantities.js';
import {
  containerResourceName,
  isOvercommitAllowed,
  quantityProblems,
  resourceName,
} from '../../../generic/resource-names.js';

/** Members of a resource list. */
export function quantitiesOf(owner: FieldNode, key: string): [name: string, value: JsonObject[string]][] {
  const list = owner.get(key);
  return isObject(list) ? Object.entries(list) : [];
}

/** Memory in pages of the size that the name says. */
export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');

/** Memory in huge pages comes in whole pages, whose size is in the name. */
function isWholePages(name: string, value: JsonObject[string]): boolean {
  const page = quantityOf(name.slice('hugepages-'.length));
  const size = scaledValue(page, 0);
  return size > 0n && scaledValue(page, 3) % 1000n === 0n && scaledValue(quantityOf(value), 0) % size === 0n;
}

/** Names that need no check: what almost every container asks for. */
const KNOWN = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** `key` is the list of `node` in which the name stands. */
type ResourceNameCheck = (node: FieldNode, key: string, name: string) => void;

const checkContainerResourceName: ResourceNameCheck = (node, key, name) => {
  for (const message of containerResourceName(name)) node.invalid(`${key}[${name}]`, message, name);
};

/** What older objects may keep. */
export interface ResourceRules {
  readonly name?: ResourceNameCheck;
  readonly indivisibleHugePages?: boolean;
}

/** `limits` and `requests` of a container or of a whole pod (validateResourceRequirements). */
export function checkResourceRequirements(resources: FieldNode, rules: ResourceRules = {}): void {
  const checkName = rules.name ?? checkContainerResourceName;
  const limits = resources.get('limits');
  let compute = false;
  let huge = false;
  /** Requests are defaulted from limits: what was right there need not be looked at again. */
  let right: JsonObject | undefined;
  const before = resources.problems.length;
  for (const key of ['limits', 'requests'] as const) {
    const list = resources.get(key);
    if (!isObject(list)) continue;
    for (const name of Object.keys(list)) {
      const value = list[name];
      const known = KNOWN.has(name) || (right !== undefined && right[name] === value);
      if (!known || rules.name !== undefined) checkName(resources, key, name);
      const quantity = quantityOf(value);
      if (!known || signOfQuantity(quantity) < 0) {
        for (const problem of quantityProblems(name, quantity)) {
          resources.invalid(`${key}[${name}]`, problem, formatQuantity(quantity));
        }
      }
      if (name === 'cpu' || name === 'memory') compute = true;
      if (key === 'requests') checkAgainstLimit(resources, name, value, isObject(limits) ? limits[name] : undefined);
      if (!isHugePages(name)) continue;
      huge = true;
      if (rules.indivisibleHugePages === true || isWholePages(name, value)) continue;
      const text = quantityText(value);
      resources.invalid(`${key}[${name}]`, `${text} is not positive integer multiple of ${name}`, text);
    }
    if (resources.problems.length === before && isObject(limits)) right = limits;
  }
  if (huge && !compute) resources.forbidden('', 'HugePages require cpu or memory');
}

function checkAgainstLimit(
  resources: FieldNode,
  name: string,
  value: JsonObject[string],
  limit: JsonObject[string],
): void {
  if (value === limit) return;
  const elastic = isOvercommitAllowed(name);
  if (limit === undefined) {
    if (!elastic) resources.required('limits', 'Limit must be set for non overcommitable resources');
    return;
  }
  const order = compareQuantities(value, limit);
  if (order < 0 ? elastic : order === 0) return;
  const bad = quantityText(value);
  if (!elastic) {
    resources.invalid('requests', `must be equal to ${name} limit of ${quantityText(limit)}`, bad);
  } else {
    resources.invalid('requests', `must be less than or equal to ${name} limit of ${quantityText(limit)}`, bad);
  }
}

/** `resources.claims` of a container: each is one of the pod's, and named once. */
export function checkResourceClaims(resources: FieldNode, podClaims: ReadonlySet<string>): void {
  const seen = new Set<string>();
  for (const claim of resources.list('claims')) {
    const name = claim.text('name');
    const request = claim.text('request');
    if (name === '') {
      claim.required('');
      continue;
    }
    // A claim as a whole and one of its requests are the same devices.
    if (seen.has(name)) claim.duplicate('', name);
    else {
      const key = request === '' ? name : `${name}/${request}`;
      if (request !== '') claim.checkText('request', dns1123Label);
      if (seen.has(key)) claim.duplicate('', key);
      else if (request === '') for (const other of seen) if (other.startsWith(`${name}/`)) claim.duplicate('', name);
      seen.add(key);
    }
    if (podClaims.has(name)) continue;
    const known = podClaims.size === 0 ? ' which is empty' : `: ${[...podClaims].sort().join(', ')}`;
    claim.add({
      ...fieldNotFound(claim.path, name),
      detail: `must be one of the names in pod.spec.resourceClaims${known}`,
    });
  }
}

const RESIZABLE = ['cpu', 'memory'];
const RESIZE_RESTARTS = ['NotRequired', 'RestartContainer'];

/** What a change of each resource asks of the container. */
export function checkResizePolicy(container: FieldNode, podRestartPolicy: string): void {
  const at = container.at('resizePolicy');
  const seen = new Set<string>();
  const oneOf = (value: string, allowed: readonly string[]): FieldError[] =>
    allowed.includes(value) ? [] : [value === '' ? required(at) : notSupported(at, value, allowed)];
  for (const policy of container.list('resizePolicy')) {
    const name = policy.text('resourceName');
    const restart = policy.text('restartPolicy');
    if (seen.has(name)) policy.duplicate('', name);
    seen.add(name);
    container.add(...oneOf(name, RESIZABLE), ...oneOf(restart, RESIZE_RESTARTS));
    if (podRestartPolicy === 'Never' && restart !== 'NotRequired') {
      container.invalid('resizePolicy', "must be 'NotRequired' when pod `restartPolicy` is 'Never'", restart);
    }
  }
}

const POD_LEVEL = ['cpu', 'hugepages-', 'memory'];

const checkPodResourceName: ResourceNameCheck = (node, key, name) => {
  const at = `${key}[${name}]`;
  const messages = resourceName(name);
  for (const message of messages) node.invalid(at, message, name);
  if (messages.length > 0) return;
  if (name !== 'cpu' && name !== 'memory' && !isHugePages(name)) node.add(notSupported(node.at(at), name, POD_LEVEL));
};

/** Resources of the pod as a whole, which its containers share. */
export function checkPodResources(spec: FieldNode, podClaims: ReadonlySet<string>): void {
  const resources = spec.child('resources');
  if (resources === undefined) return;
  if (spec.struct('os').text('name') === 'windows') {
    spec.forbidden('resources', 'may not be set for a windows pod');
    return;
  }
  if (resources.shown('claims') !== undefined) {
    resources.add(forbiddenField(resources.at('claims'), 'claims may not be set for Resources at pod-level'));
  }
  checkResourceRequirements(resources, { name: checkPodResourceName });
  checkResourceClaims(resources, podClaims);
  for (const [name, value] of quantitiesOf(resources, 'requests')) {
    const total = aggregateOf(spec, 'requests', name);
    if (total !== undefined && compareQuantity(total, quantityOf(value)) > 0) {
      const text = `must be greater than or equal to aggregate container requests of ${formatQuantity(total)}`;
      resources.invalid(`requests[${name}]`, text, quantityText(value));
    }
  }
  const limits = quantitiesOf(resources, 'limits');
  for (const [name, value] of limits) {
    const total = isHugePages(name) ? aggregateOf(spec, 'limits', name) : undefined;
    if (total !== undefined && compareQuantity(total, quantityOf(value)) > 0) {
      const text = `must be greater than or equal to aggregate container limits of ${formatQuantity(total)}`;
      resources.invalid(`limits[${name}]`, text, quantityText(value));
    }
  }
  for (const [i, container] of spec.list('containers').entries()) {
    const own = container.struct('resources').struct('limits');
    for (const [name, value] of limits) {
      const limit = own.get(name);
      if (limit === undefined || compareQuantities(limit, value) <= 0) continue;
      const text = `must be less than or equal to pod limits of ${quantityText(value)}`;
      // No such path is there: it is kube-apiserver's.
      resources.invalid(`containers[${i}][${name}].limits`, text, quantityText(limit));
    }
  }
}

/**
 * What containers take together: those that run side by side, sidecars among them, or an init container with the sidecars
 * that were started before it, whichever is more (AggregateContainerRequests). Undefined when none names the resource.
 */
export function aggregateOf(spec: FieldNode, key: 'requests' | 'limits', name: string): Quantity | undefined {
  const plus = (a: Quantity | undefined, b: Quantity | undefined): Quantity | undefined =>
    a === undefined || b === undefined ? (a ?? b) : addQuantity(a, b);
  const own = (container: FieldNode): Quantity | undefined => {
    const value = container.struct('resources').struct(key).get(name);
    return value === undefined ? undefined : quantityOf(value);
  };
  let sidecars: Quantity | undefined;
  let most: Quantity | undefined;
  for (const container of spec.list('initContainers')) {
    const peak = plus(sidecars, own(container));
    if (container.text('restartPolicy') === 'Always') sidecars = peak;
    if (peak !== undefined && (most === undefined || compareQuantity(peak, most) > 0)) most = peak;
  }
  let total = sidecars;
  for (const container of spec.list('containers')) total = plus(total, own(container));
  if (total === undefined || most === undefined) return total ?? most;
  return compareQuantity(total, most) >= 0 ? total : most;
}
