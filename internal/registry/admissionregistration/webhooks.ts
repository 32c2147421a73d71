import { child, children, defaultTo } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { fullyQualifiedName } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1035Label } from '../../machinery/names.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector } from '../generic/label-selector.js';
import { checkReviewVersions, checkWebhookClient } from '../generic/webhook-client.js';
import type { Strategy } from '../types.js';
import { defaultRules } from './defaults.js';
import { AdmissionExpressions } from './expressions.js';
import { checkMatchConditions } from './match-conditions.js';
import { checkRule, FAILURE_POLICIES, MATCH_POLICIES } from './rules.js';

const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
const MIN_TIMEOUT_SECONDS = 1;
const MAX_TIMEOUT_SECONDS = 30;

/** What an update may keep because the stored configuration already has it. */
interface Lenience {
  readonly sideEffects: boolean;
  readonly reviewVersions: boolean;
  readonly duplicateNames: boolean;
  readonly selectorValues: boolean;
  readonly matchConditions: boolean;
}

const STRICT: Lenience = {
  sideEffects: false,
  reviewVersions: false,
  duplicateNames: false,
  selectorValues: false,
  matchConditions: false,
};

function checkSideEffects(hook: FieldNode, any: boolean): void {
  const allowed = any ? SIDE_EFFECTS : NO_SIDE_EFFECTS;
  if (!hook.has('sideEffects')) hook.required('sideEffects', `must specify one of ${allowed.join(', ')}`);
  else hook.requireOneOf('sideEffects', allowed);
}

function checkHook(hook: FieldNode, lenience: Lenience): void {
  hook.requireText('name', fullyQualifiedName);
  hook.list('rules').forEach(checkRule);
  hook.checkOneOf('failurePolicy', FAILURE_POLICIES);
  hook.checkOneOf('matchPolicy', MATCH_POLICIES);
  checkSideEffects(hook, lenience.sideEffects);
  const timeout = hook.number('timeoutSeconds');
  if (timeout !== undefined && (timeout < MIN_TIMEOUT_SECONDS || timeout > MAX_TIMEOUT_SECONDS)) {
    hook.invalid(
      'timeoutSeconds',
      `the timeout value must be between ${MIN_TIMEOUT_SECONDS} and ${MAX_TIMEOUT_SECONDS} seconds`,
    );
  }
  for (const key of ['namespaceSelector', 'objectSelector']) {
    const selector = hook.child(key);
    if (selector !== undefined) checkLabelSelector(selector, { anyValue: lenience.selectorValues });
  }
  hook.checkOneOf('reinvocationPolicy', REINVOCATION_POLICIES);
  checkWebhookClient(hook.struct('clientConfig'), true);
  if (!lenience.matchConditions) checkMatchConditions(hook, new AdmissionExpressions(false));
}

function check(root: FieldNode, lenience: Lenience): void {
  const names = new Set<string>();
  for (const hook of root.list('webhooks')) {
    checkHook(hook, lenience);
    checkReviewVersions(hook, 'admissionReviewVersions', dns1035Label, !lenience.reviewVersions);
    const name = hook.text('name');
    if (!lenience.duplicateNames && name !== '' && names.has(name)) hook.duplicate('name', name);
    names.add(name);
  }
}

function knowsReview(hook: FieldNode): boolean {
  return hook.texts('admissionReviewVersions').some((v) => v === 'v1' || v === 'v1beta1');
}

function lenienceOf(config: JsonObject, old: JsonObject): Lenience {
  const before = new FieldNode(old);
  const hooks = before.list('webhooks');
  for (const hook of hooks) {
    for (const key of ['namespaceSelector', 'objectSelector']) checkLabelSelector(hook.struct(key));
  }
  const conditions = (o: JsonObject) => children(o, 'webhooks').map((h) => h['matchConditions'] ?? null);
  return {
    sideEffects: hooks.some((h) => !NO_SIDE_EFFECTS.includes(h.text('sideEffects'))),
    reviewVersions: hooks.some((h) => !knowsReview(h)),
    duplicateNames: new Set(hooks.map((h) => h.text('name'))).size < hooks.length,
    selectorValues: before.problems.length > 0,
    matchConditions: semanticEqual(conditions(config), conditions(old)),
  };
}

/** Mutating and validating configurations differ in reinvocation alone. */
export function webhookConfigurations(mutating: boolean): Strategy {
  return {
    defaults(config) {
      for (const hook of children(config, 'webhooks')) {
        defaultTo(hook, 'failurePolicy', 'Fail');
        defaultTo(hook, 'matchPolicy', 'Equivalent');
        defaultTo(hook, 'namespaceSelector', {});
        defaultTo(hook, 'objectSelector', {});
        defaultTo(hook, 'timeoutSeconds', 10);
        if (mutating) defaultTo(hook, 'reinvocationPolicy', 'Never');
        const service = child(child(hook, 'clientConfig'), 'service');
        if (service !== undefined) defaultTo(service, 'port', 443);
        defaultRules(children(hook, 'rules'));
      }
    },
    validate: (config) => validating(config, (root) => check(root, STRICT)),
    validateUpdate: (config, old) => validating(config, (root) => check(root, lenienceOf(config, old))),
  };
}
