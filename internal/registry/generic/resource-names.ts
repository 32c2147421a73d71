import { qualifiedName } from '../../machinery/names.js';
import { type Quantity, scaledValue, signOfQuantity } from '../../machinery/quantity.js';
import type { FieldNode } from './field-node.js';
import { quantityOf } from './quantities.js';

// Names of resources and their amounts: what core validation and its helpers know of them (ValidateResourceName,
// validateContainerResourceName, ValidateResourceQuotaResourceName, ValidateResourceQuantityValue).

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const COUNTS = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
/** What a quota can bound without a domain before its name. */
const QUOTA = new Set([
  ...COMPUTE,
  ...COMPUTE.map((name) => `requests.${name}`),
  ...COMPUTE.map((name) => `limits.${name}`),
  'requests.storage',
  ...COUNTS,
]);
/** Bytes of the prefix of a qualified name. */
const MAX_PREFIX = 253;
const isHugePage = (name: string): boolean => name.startsWith('hugepages-');
const isQuotaHugePage = (name: string): boolean => isHugePage(name) || name.startsWith('requests.hugepages-');

/** Resources of a container that have no domain before their name. */
export const isStandardContainerResource = (name: string): boolean => COMPUTE.includes(name) || isHugePage(name);

/** What a quota can bound and has no domain before its name. */
export const isStandardQuotaResource = (name: string): boolean => QUOTA.has(name) || isQuotaHugePage(name);

const isStandardResource = (name: string): boolean => isStandardQuotaResource(name) || name === 'storage';

/** A resource that Kubernetes itself defines: no domain, or its own. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

/** A resource with somebody else's domain, short enough for a quota to name. */
export const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) &&
  !name.startsWith('requests.') &&
  // What is a qualified name is one with `requests.` before it too, where its prefix stays short enough.
  name.indexOf('/') + 'requests.'.length <= MAX_PREFIX &&
  qualifiedName(name).length === 0;

/** Resources that may be promised more often than they are there. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePage(name);

/** Field errors of the name of a resource: qualified, and known when it has no domain. */
export function resourceName(name: string): string[] {
  const out = qualifiedName(name);
  if (out.length === 0 && !name.includes('/') && !isStandardResource(name)) {
    return ['must be a standard resource type or fully qualified'];
  }
  return out;
}

/** As `resourceName`, and a container can have it. */
export function containerResourceName(name: string): string[] {
  const out = resourceName(name);
  if (!name.includes('/')) {
    return isStandardContainerResource(name) ? out : [...out, 'must be a standard resource for containers'];
  }
  return isNativeResource(name) || isExtendedResource(name)
    ? out
    : [...out, "doesn't follow extended resource name standard"];
}

/** As `resourceName`, and a quota can bound it. */
export function quotaResourceName(name: string): string[] {
  const out = resourceName(name);
  return name.includes('/') || isStandardQuotaResource(name) ? out : [...out, 'must be a standard resource for quota'];
}

const NONE: readonly string[] = [];
const NEGATIVE: readonly string[] = ['must be greater than or equal to 0'];

/** What is wrong with an amount of a resource: it is not below zero, and whole where it counts things. */
export function quantityProblems(name: string, quantity: Quantity): readonly string[] {
  const problems = signOfQuantity(quantity) < 0 ? NEGATIVE : NONE;
  // Most are whole: the rest asks more of a name than of a number.
  const isWhole = quantity.scale <= 0 || scaledValue(quantity, 3) % 1000n === 0n;
  if (isWhole || !(COUNTS.includes(name) || isExtendedResource(name))) return problems;
  return [...problems, 'must be an integer'];
}

/** Field errors of an amount of a resource, at `key` of `owner`. */
export function checkResourceQuantity(owner: FieldNode, key: string, name: string, text: string): void {
  for (const problem of quantityProblems(name, quantityOf(text))) owner.invalid(key, problem, text);
}
