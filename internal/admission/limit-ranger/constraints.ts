import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import {
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  scaledValue,
  signOfQuantity,
} from '../../machinery/quantity.js';
import type { Amounts } from './pod-resources.js';

/** What is measured against a limit. */
export interface Observed {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

type Constraint = (type: string, resource: string, enforced: Quantity, observed: Observed) => string | undefined;

const minimum: Constraint = (type, resource, enforced, { requests, limits }) => {
  const what = `minimum ${resource} usage per ${type} is ${formatQuantity(enforced)}`;
  const request = requests.get(resource);
  const limit = limits.get(resource);
  if (request === undefined) return `${what}.  No request is specified`;
  if (compareQuantity(request, enforced) < 0) return `${what}, but request is ${formatQuantity(request)}`;
  return limit !== undefined && compareQuantity(limit, enforced) < 0
    ? `${what}, but limit is ${formatQuantity(limit)}`
    : undefined;
};

const maximum: Constraint = (type, resource, enforced, { requests, limits }) => {
  const what = `maximum ${resource} usage per ${type} is ${formatQuantity(enforced)}`;
  const request = requests.get(resource);
  const limit = limits.get(resource);
  if (limit === undefined) return `${what}.  No limit is specified`;
  if (compareQuantity(limit, enforced) > 0) return `${what}, but limit is ${formatQuantity(limit)}`;
  return request !== undefined && compareQuantity(request, enforced) > 0
    ? `${what}, but request is ${formatQuantity(request)}`
    : undefined;
};

/** Claims have requests alone. */
const maximumRequest: Constraint = (type, resource, enforced, { requests }) => {
  const what = `maximum ${resource} usage per ${type} is ${formatQuantity(enforced)}`;
  const request = requests.get(resource);
  if (request === undefined) return `${what}.  No request is specified`;
  return compareQuantity(request, enforced) > 0 ? `${what}, but request is ${formatQuantity(request)}` : undefined;
};

const ratio: Constraint = (type, resource, enforced, { requests, limits }) => {
  const what = `${resource} max limit to request ratio per ${type} is ${formatQuantity(enforced)}`;
  const request = requests.get(resource);
  const limit = limits.get(resource);
  if (request === undefined || signOfQuantity(request) === 0) {
    return `${what}, but no request is specified or request is 0`;
  }
  if (limit === undefined || signOfQuantity(limit) === 0) return `${what}, but no limit is specified or limit is 0`;
  const observed = Number(scaledValue(limit, 3)) / Number(scaledValue(request, 3));
  return observed * 1000 > Number(scaledValue(enforced, 3))
    ? `${what}, but provided ratio is ${observed.toFixed(6)}`
    : undefined;
};

function held(limit: JsonObject, field: string, constraint: Constraint, type: string, observed: Observed): string[] {
  const list = child(limit, field);
  return Object.keys(list ?? {})
    .toSorted()
    .flatMap((resource) => constraint(type, resource, parseQuantity(str(list, resource)), observed) ?? []);
}

/** Which of a limit's bounds a container or a pod breaks, in kube-apiserver's words; by resource name. */
export function broken(limit: JsonObject, type: string, observed: Observed): string[] {
  return [
    ...held(limit, 'min', minimum, type, observed),
    ...held(limit, 'max', maximum, type, observed),
    ...held(limit, 'maxLimitRequestRatio', ratio, type, observed),
  ];
}

/** The same of a claim for a volume. */
export function brokenByClaim(limit: JsonObject, type: string, observed: Observed): string[] {
  return [...held(limit, 'min', minimum, type, observed), ...held(limit, 'max', maximumRequest, type, observed)];
}
