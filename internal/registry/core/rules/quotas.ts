import { Breath } from '../../../machinery/breathe.js';
import { type FieldError, invalidValue } from '../../../machinery/field.js';
import { drive, type Flow } from '../../../machinery/flow.js';
import type { JsonObject } from '../../../machinery/json.js';
import { qualifiedName } from '../../../machinery/names.js';
import {
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  scaledValue,
} from '../../../machinery/quantity.js';
import { asInGo } from '../../generic/as-in-go.js';
import { FieldNode, IMMUTABLE, validating } from '../../generic/field-node.js';
import {
  checkResourceQuantity,
  containerResourceName,
  isOvercommitAllowed,
  isStandardQuotaResource,
  quotaResourceName,
  resourceName,
} from '../../generic/resource-names.js';
import type { Strategy } from '../../types.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, ValidateLimitRange and ValidateResourceQuota.

type Amounts = ReadonlyMap<string, Quantity>;

const LIMIT_TYPES = ['Container', 'PersistentVolumeClaim', 'Pod'];
const ONE = parseQuantity('1');

function limitType(value: string): string[] {
  const out = qualifiedName(value);
  if (out.length === 0 && !value.includes('/') && !LIMIT_TYPES.includes(value)) {
    return ['must be a standard limit type or fully qualified'];
  }
  return out;
}

/** The amounts of a list, their names checked. */
const NOTHING: Amounts = new Map();

function amounts(limit: FieldNode, list: string): Amounts {
  if (!limit.has(list)) return NOTHING;
  const type = limit.text('type');
  const check = type === 'Pod' || type === 'Container' ? containerResourceName : resourceName;
  const out = new Map<string, Quantity>();
  for (const [name, text] of limit.entries(list)) {
    limit.checkText(`${list}[${name}]`, check, name);
    out.set(name, parseQuantity(text));
  }
  return out;
}

interface Bounds {
  readonly min: Amounts;
  readonly max: Amounts;
  readonly limits: Amounts;
  readonly requests: Amounts;
  readonly ratios: Amounts;
}

/** What the bounds of one resource must be to each other; the first of a pair must not be above the second. */
function checkBounds(limit: FieldNode, name: string, bounds: Bounds): void {
  const [min, max] = [bounds.min.get(name), bounds.max.get(name)];
  const [value, request] = [bounds.limits.get(name), bounds.requests.get(name)];
  const order = (list: string, bad: Quantity | undefined, low: Part, high: Part): void => {
    const [a, b] = [low[1], high[1]];
    if (a === undefined || b === undefined || bad === undefined || compareQuantity(a, b) <= 0) return;
    const words = `${low[0]} ${formatQuantity(a)} is greater than ${high[0]} ${formatQuantity(b)}`;
    limit.add(invalidValue(limit.at(`${list}[${name}]`), formatQuantity(bad), words));
  };
  order('min', min, ['min value', min], ['max value', max]);
  order('defaultRequest', request, ['min value', min], ['default request value', request]);
  order('defaultRequest', request, ['default request value', request], ['max value', max]);
  order('defaultRequest', request, ['default request value', request], ['default limit value', value]);
  order('default', min, ['min value', min], ['default value', value]);
  order('default', max, ['default value', value], ['max value', max]);
  checkRatio(limit, name, bounds.ratios.get(name), min, max);
  if (
    value !== undefined &&
    request !== undefined &&
    !isOvercommitAllowed(name) &&
    compareQuantity(value, request) !== 0
  ) {
    const words = `default value ${formatQuantity(value)} must equal to defaultRequest value ${formatQuantity(request)} in ${name}`;
    limit.add(invalidValue(limit.at(`defaultRequest[${name}]`), formatQuantity(request), words));
  }
}
type Part = readonly [string, Quantity | undefined];

function checkRatio(
  limit: FieldNode,
  name: string,
  ratio: Quantity | undefined,
  min: Quantity | undefined,
  max: Quantity | undefined,
): void {
  if (ratio === undefined) return;
  const text = formatQuantity(ratio);
  const report = (words: string): void =>
    limit.add(invalidValue(limit.at(`maxLimitRequestRatio[${name}]`), text, `ratio ${text} ${words}`));
  if (compareQuantity(ratio, ONE) < 0) report('is less than 1');
  if (min === undefined || max === undefined) return;
  const thousandths = (q: Quantity): number => Number(scaledValue(q, 3));
  const bound = thousandths(max) / thousandths(min);
  if (thousandths(ratio) / 1000 > bound) report(`is greater than max/min = ${bound.toFixed(6)}`);
}

function checkLimit(limit: FieldNode, types: Set<string>): void {
  const type = limit.text('type');
  limit.checkText('type', limitType);
  if (types.has(type)) limit.duplicate('type', type);
  types.add(type);
  const max = amounts(limit, 'max');
  const min = amounts(limit, 'min');
  let limits = NOTHING;
  let requests = NOTHING;
  if (type === 'Pod') {
    for (const list of ['default', 'defaultRequest']) {
      if (limit.count(list) > 0) limit.forbidden(list, "may not be specified when `type` is 'Pod'");
    }
  } else {
    limits = amounts(limit, 'default');
    requests = amounts(limit, 'defaultRequest');
  }
  if (type === 'PersistentVolumeClaim' && !min.has('storage') && !max.has('storage')) {
    limit.required('limits', 'either minimum or maximum storage value is required, but neither was provided');
  }
  const ratios = amounts(limit, 'maxLimitRequestRatio');
  // One list alone has nothing to be compared with.
  if (ratios.size === 0 && [max, min, limits, requests].filter((list) => list.size > 0).length < 2) return;
  const names = new Set([max, min, limits, requests, ratios].flatMap((list) => [...list.keys()]));
  for (const name of [...names].sort()) checkBounds(limit, name, { min, max, limits, requests, ratios });
}

/** There may be thousands of limits: others get their turn meanwhile. */
function* limitRangeErrors(limitRange: JsonObject): Flow<FieldError[]> {
  const root = new FieldNode(limitRange);
  const types = new Set<string>();
  const breath = new Breath();
  for (const limit of root.struct('spec').list('limits')) {
    checkLimit(limit, types);
    if (breath.isDue()) yield breath.rest();
  }
  return root.problems;
}

export const limitRangeRules: Pick<Strategy, 'validate' | 'validateUpdate'> = {
  validate: (o) => drive(limitRangeErrors(o)),
  validateUpdate: (o) => drive(limitRangeErrors(o)),
};

const POD_RESOURCES = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'pods', 'requests.cpu', 'requests.memory'];
/** Which resources a scope can narrow. */
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  BestEffort: ['pods'],
  CrossNamespacePodAffinity: POD_RESOURCES,
  NotBestEffort: POD_RESOURCES,
  NotTerminating: POD_RESOURCES,
  PriorityClass: POD_RESOURCES,
  Terminating: POD_RESOURCES,
  VolumeAttributesClass: ['persistentvolumeclaims', 'requests.storage'],
};
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
/** Scopes that a pod is in or not, whatever the value. */
const PLAIN_SCOPES = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const MUST_EXIST =
  "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

/** Says once for each bounded resource that the scope says nothing about it. */
function eachMisfit(spec: FieldNode, scope: string, report: (words: string) => void): void {
  for (const [name] of spec.entries('hard')) {
    if (!isStandardQuotaResource(name) || SCOPES[scope]?.includes(name) !== false) continue;
    report('unsupported scope applied to resource');
  }
}

const conflicts = (scopes: readonly string[]): number =>
  OPPOSITES.filter(([a, b]) => scopes.includes(a) && scopes.includes(b)).length;

function checkScopes(spec: FieldNode): void {
  const scopes = spec.texts('scopes');
  for (const scope of scopes) {
    if (!(scope in SCOPES)) spec.invalid('scopes', 'unsupported scope', scopes);
    eachMisfit(spec, scope, (words) => spec.invalid('scopes', words, scopes));
  }
  for (let i = 0; i < conflicts(scopes); i++) spec.invalid('scopes', 'conflicting scopes', scopes);
}

function checkScopeSelector(spec: FieldNode): void {
  const selector = spec.child('scopeSelector');
  if (selector === undefined) return;
  // kube-apiserver leaves the index out of these paths.
  const at = selector.at('matchExpressions');
  const problem = (key: string, bad: unknown, detail: string): void =>
    selector.add(invalidValue(key === '' ? at : `${at}.${key}`, bad, detail));
  const whole = asInGo(selector.value, 'io.k8s.api.core.v1.ScopeSelector');
  const scopes: string[] = [];
  for (const expression of selector.list('matchExpressions')) {
    const scope = expression.text('scopeName');
    const operator = expression.text('operator');
    const values = expression.texts('values');
    if (!(scope in SCOPES)) problem('scopeName', scope, 'unsupported scope');
    eachMisfit(spec, scope, (words) => problem('', whole, words));
    if (PLAIN_SCOPES.includes(scope) && operator !== 'Exists') problem('operator', operator, MUST_EXIST);
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        selector.required(
          'matchExpressions.values',
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        );
      }
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        problem('values', values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
      }
    } else problem('operator', operator, 'not a valid selector operator');
    scopes.push(scope);
  }
  for (let i = 0; i < conflicts(scopes); i++) problem('', spec.get('scopes') ?? null, 'conflicting scopes');
}

function checkQuantities(owner: FieldNode, list: string): void {
  for (const [name, text] of owner.entries(list)) {
    owner.checkText(`${list}[${name}]`, quotaResourceName, name);
    checkResourceQuantity(owner, `${list}[${name}]`, name, text);
  }
}

function checkQuota(root: FieldNode): void {
  const spec = root.struct('spec');
  checkQuantities(spec, 'hard');
  checkScopes(spec);
  checkScopeSelector(spec);
}

function checkUsage(root: FieldNode): void {
  for (const list of ['hard', 'used']) checkQuantities(root.struct('status'), list);
}

function checkSameScopes(root: FieldNode, old: JsonObject): void {
  const [before, now] = [old, root.value].map((o) => new Set(new FieldNode(o).struct('spec').texts('scopes')));
  const all = new Set([...(before ?? []), ...(now ?? [])]);
  if (all.size === before?.size && all.size === now?.size) return;
  const spec = root.struct('spec');
  spec.invalid('scopes', IMMUTABLE);
}

export const resourceQuotaRules: Pick<Strategy, 'validate' | 'validateUpdate' | 'validateStatusUpdate'> = {
  validate: (o) =>
    validating(o, (root) => {
      checkQuota(root);
      checkUsage(root);
    }),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkQuota(root);
      checkSameScopes(root, old);
    }),
  validateStatusUpdate: (o) => validating(o, checkUsage),
};
