import { append } from '../../machinery/append.js';
import { semanticEqual } from '../../machinery/equal.js';
import { sortedKeys } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { compareQuantity, formatQuantity, parseQuantity } from '../../machinery/quantity.js';
import { quote } from '../../machinery/status.js';
import { qualifiedName } from '../../machinery/names.js';
import { DEPRECATED_NODE_LABELS } from '../core/rules/pod/scheduling-warnings.js';
import { FieldNode } from '../generic/field-node.js';
import { ownedFinalizer } from '../generic/object-meta.js';

// Texts: k8s.io/kubernetes pkg/api/node, pkg/api/storage, and the strategies of the kinds.

/** Warnings about labels of nodes that a RuntimeClass selects by and that have other names now. */
export function runtimeClassWarnings(runtimeClass: JsonObject): string[] {
  const selector = new FieldNode(runtimeClass).struct('scheduling').get('nodeSelector');
  return sortedKeys(selector).flatMap((label) => {
    const text = DEPRECATED_NODE_LABELS[label];
    return text === undefined ? [] : [`scheduling.nodeSelector: ${text}`];
  });
}

/** The same about a StorageClass's topologies. */
export function storageClassWarnings(storageClass: JsonObject): string[] {
  const terms = new FieldNode(storageClass).list('allowedTopologies').flatMap((t) => t.list('matchLabelExpressions'));
  return terms.flatMap((term) => {
    const text = DEPRECATED_NODE_LABELS[term.text('key')];
    return text === undefined ? [] : [`${term.at('key')}: ${text}`];
  });
}

/** The same about a CSIStorageCapacity's topology. */
export function storageCapacityWarnings(capacity: JsonObject): string[] {
  const selector = new FieldNode(capacity).child('nodeTopology');
  if (selector === undefined) return [];
  const out: string[] = [];
  for (const expression of selector.list('matchExpressions')) {
    const key = expression.text('key');
    const text = DEPRECATED_NODE_LABELS[key];
    if (text !== undefined) out.push(`${expression.at('key')}: ${key} is ${text}`);
  }
  for (const label of sortedKeys(selector.get('matchLabels'))) {
    const text = DEPRECATED_NODE_LABELS[label];
    if (text !== undefined) out.push(`${selector.at('matchLabels')}.${label}: ${text}`);
  }
  return out;
}

/** A driver that is given tokens should be given them among the secrets. */
export function csiDriverWarnings(driver: JsonObject, old: JsonObject | undefined): string[] {
  const spec = new FieldNode(driver).struct('spec');
  if (spec.count('tokenRequests') === 0 || spec.has('serviceAccountTokenInSecrets')) return [];
  const before = old === undefined ? undefined : new FieldNode(old).struct('spec').get('tokenRequests');
  if (old !== undefined && semanticEqual(before, spec.get('tokenRequests'))) return [];
  return [
    'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
  ];
}

/** Names of drivers are lowercase. */
export function resourceSliceWarnings(slice: JsonObject): string[] {
  const driver = new FieldNode(slice).struct('spec').text('driver');
  if (driver === driver.toLowerCase()) return [];
  return [`spec.driver: driver names should be lowercase; ${quote(driver)} contains uppercase characters`];
}

/** A new quota whose requests are above its limits. */
export function resourceQuotaWarnings(quota: JsonObject, old: JsonObject | undefined): string[] {
  if (old !== undefined) return [];
  const hard = new FieldNode(quota).struct('spec').struct('hard');
  const out: string[] = [];
  for (const resource of ['cpu', 'memory', 'storage', 'ephemeral-storage']) {
    const bare = resource === 'cpu' || resource === 'memory';
    const request = hard.text(`requests.${resource}`) === '' && bare ? resource : `requests.${resource}`;
    const limit = `limits.${resource}`;
    if (hard.text(request) === '' || hard.text(limit) === '') continue;
    const [wanted, allowed] = [parseQuantity(hard.text(request)), parseQuantity(hard.text(limit))];
    if (compareQuantity(wanted, allowed) <= 0) continue;
    const [from, to] = [formatQuantity(wanted), formatQuantity(allowed)];
    out.push(`ResourceQuota ${request} (${from}) should be less than ${limit} (${to})`);
  }
  return out;
}

/** An annotation that is on its way out, when it is new. */
export function serviceAccountWarnings(account: JsonObject, old: JsonObject | undefined): string[] {
  const key = 'kubernetes.io/enforce-mountable-secrets';
  const has = (o: JsonObject): boolean => new FieldNode(o).struct('metadata').struct('annotations').has(key);
  if (!has(account) || (old !== undefined && has(old))) return [];
  return [
    `metadata.annotations[${key}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  ];
}

/** Finalizers that are added to a custom resource and could be anybody's. */
export function finalizerWarnings(obj: JsonObject, old: JsonObject | undefined): string[] {
  const of = (o: JsonObject): string[] => new FieldNode(o).struct('metadata').texts('finalizers');
  const before = new Set(old === undefined ? [] : of(old));
  const out: string[] = [];
  for (const name of [...new Set(of(obj))].filter((f) => !before.has(f)).sort()) {
    const at = `metadata.finalizers: ${quote(name)}`;
    append(
      out,
      qualifiedName(name).map((message) => `${at}: ${message}`),
    );
    if (ownedFinalizer(name).length === 0) continue;
    const path = name.includes('.') ? ' including a path (/)' : '';
    const why = 'to avoid accidental conflicts with other finalizer writers';
    out.push(`${at}: prefer a domain-qualified finalizer name${path} ${why}`);
  }
  return out;
}
