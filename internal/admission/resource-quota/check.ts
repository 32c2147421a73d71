import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { addQuantity, compareQuantity, signOfQuantity } from '../../machinery/quantity.js';
import { StatusError } from '../../machinery/status.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, ObjectReader } from '../types.js';
import { type Amounts, amountsOf, amountsText, increase, mask, withoutZeros } from './amounts.js';
import type { LimitedResource } from './config.js';
import type { Evaluator } from './evaluators/types.js';
import { requirementsText, type ScopeRequirement, scopesOf } from './scopes.js';

/** What is to be added to the usage of one quota. */
export interface Charge {
  readonly quota: JsonObject;
  readonly amounts: Amounts;
}

/** A quota that counts the object of a request. */
interface Concerned {
  readonly quota: JsonObject;
  readonly hard: Amounts;
  readonly used: Amounts;
}

const nameOf = (quota: JsonObject): string => str(child(quota, 'metadata'), 'name');

function isInScopes(evaluator: Evaluator, scopes: readonly ScopeRequirement[], object: JsonObject): boolean {
  return scopes.every((scope) => evaluator.inScope?.(scope, object) === true);
}

/**
 * What a request charges to which quotas of its namespace (resourcequota.CheckRequest). `status.hard` and `status.used`
 * count, which the quota controller keeps: a quota without a status bounds nothing. Throws 403 for what has no room, and
 * 500, as kube-apiserver does, where a scope that is limited by configuration has no quota.
 */
export function checkRequest(
  a: AdmissionAttributes,
  object: JsonObject,
  evaluator: Evaluator,
  quotas: readonly JsonObject[],
  limited: readonly LimitedResource[],
  reader: ObjectReader,
): Charge[] {
  const usage = evaluator.usage(object, a.namespace, reader);
  const scopesInQuotas = new Set<string>();
  const covered = new Set<string>();
  const concerned: Concerned[] = [];
  for (const quota of quotas) {
    const scopes = scopesOf(quota);
    for (const scope of scopes) if (evaluator.inScope?.(scope, object) === true) scopesInQuotas.add(scope.scopeName);
    const status = child(quota, 'status');
    const hard = amountsOf(child(status, 'hard'));
    const resources = evaluator.matching(hard.keys(), reader);
    if (resources.length === 0 || !isInScopes(evaluator, scopes, object)) continue;
    const unsaid = evaluator.constraints?.(resources, object);
    if (unsaid !== undefined) throw admissionForbidden(a, `failed quota: ${nameOf(quota)}: ${unsaid}`);
    const used = amountsOf(child(status, 'used'));
    if (resources.some((name) => !used.has(name))) {
      const names = resources.toSorted().join(',');
      throw admissionForbidden(a, `status unknown for quota: ${nameOf(quota)}, resources: ${names}`);
    }
    for (const name of resources) covered.add(name);
    concerned.push({ quota, hard, used });
  }
  const negative = [...usage].filter(([, amount]) => signOfQuantity(amount) < 0).map(([name]) => name);
  if (negative.length > 0) {
    throw admissionForbidden(a, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
  }
  const charges = chargesOf(a, evaluator, usage, concerned, reader);
  // Nothing more is used than before: then nothing need be covered either.
  if (charges.length === 0 && !isMore(a, evaluator, usage, concerned, reader)) return [];
  checkLimited(a, object, evaluator, usage, limited, covered, scopesInQuotas);
  for (const { quota, amounts } of charges) {
    const of = concerned.find((one) => one.quota === quota);
    if (of !== undefined && a.subresource !== 'status') checkRoom(a, of, amounts);
  }
  return charges;
}

/** What an update uses more than before; all that the object uses otherwise. */
function increaseOf(a: AdmissionAttributes, evaluator: Evaluator, usage: Amounts, reader: ObjectReader): Amounts {
  const { oldObject } = a;
  return a.operation === 'UPDATE' && oldObject !== undefined
    ? increase(usage, evaluator.usage(oldObject, a.namespace, reader))
    : usage;
}

function chargesOf(
  a: AdmissionAttributes,
  evaluator: Evaluator,
  usage: Amounts,
  concerned: readonly Concerned[],
  reader: ObjectReader,
): Charge[] {
  if (concerned.length === 0) return [];
  const { oldObject } = a;
  const more = increaseOf(a, evaluator, usage, reader);
  return concerned.flatMap(({ quota, hard }) => {
    // An object that comes into the scope of a quota by an update counts whole.
    const wasThere = oldObject === undefined || isInScopes(evaluator, scopesOf(quota), oldObject);
    const amounts = withoutZeros(mask(wasThere ? more : usage, hard));
    return amounts.size === 0 ? [] : [{ quota, amounts }];
  });
}

function isMore(
  a: AdmissionAttributes,
  evaluator: Evaluator,
  usage: Amounts,
  concerned: readonly Concerned[],
  reader: ObjectReader,
): boolean {
  if (withoutZeros(increaseOf(a, evaluator, usage, reader)).size > 0) return true;
  const { oldObject } = a;
  return oldObject !== undefined && concerned.some(({ quota }) => !isInScopes(evaluator, scopesOf(quota), oldObject));
}

function checkRoom(a: AdmissionAttributes, { quota, hard, used }: Concerned, amounts: Amounts): void {
  const exceeded = new Set<string>();
  for (const [name, amount] of amounts) {
    const bound = hard.get(name);
    const before = used.get(name);
    if (
      bound !== undefined &&
      compareQuantity(before === undefined ? amount : addQuantity(before, amount), bound) > 0
    ) {
      exceeded.add(name);
    }
  }
  if (exceeded.size === 0) return;
  const text = (of: Amounts): string => amountsText(mask(of, exceeded));
  throw admissionForbidden(
    a,
    `exceeded quota: ${nameOf(quota)}, requested: ${text(amounts)}, used: ${text(used)}, limited: ${text(hard)}`,
  );
}

/** What the configuration allows only under a quota must be under one. */
function checkLimited(
  a: AdmissionAttributes,
  object: JsonObject,
  evaluator: Evaluator,
  usage: Amounts,
  limited: readonly LimitedResource[],
  covered: ReadonlySet<string>,
  scopesInQuotas: ReadonlySet<string>,
): void {
  if (limited.length === 0) return;
  const { group, resource } = a.def;
  const parts = limited
    .filter((of) => of.apiGroup === group && of.resource === resource)
    .flatMap(({ matchContains }) => matchContains);
  const uncovered = [...usage]
    .filter(([name, amount]) => signOfQuantity(amount) > 0 && parts.some((part) => name.includes(part)))
    .map(([name]) => name)
    .filter((name) => !covered.has(name));
  if (uncovered.length > 0) throw admissionForbidden(a, `insufficient quota to consume: ${uncovered.sort().join(',')}`);
  const scopes = limited
    .flatMap(({ matchScopes }) => matchScopes)
    .filter((scope) => evaluator.inScope?.(scope, object) === true && !scopesInQuotas.has(scope.scopeName));
  if (scopes.length > 0) {
    throw new StatusError(500, '', `insufficient quota to match these scopes: ${requirementsText(scopes)}`);
  }
}
