import { type Flow, settled } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { forbidden } from '../../machinery/status.js';
import { kindOfPath } from '../../schema/kind-of-path.js';
import type { GroupVersionKind } from '../../schema/types.js';
import { matchConditions } from '../expressions/match-conditions.js';
import { checksOf, RequestValues } from '../expressions/request-values.js';
import { coversResource, coversScope, type RequestedResource } from '../matching/rules.js';
import { matchesNamespaceSelector, matchesObjectSelector } from '../matching/selectors.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import type { WebhookMetrics } from './metrics.js';
import type { Webhook } from './webhook.js';

/** A webhook that is to be asked, and in which version of the object. */
export interface Invocation {
  readonly webhook: Webhook;
  readonly resource: RequestedResource;
  readonly kind: GroupVersionKind;
}

/** Configurations of admission itself: no webhook is asked about them, so that none can keep itself from being mended. */
const EXEMPT: ReadonlySet<string> = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]);

export function isExempt(a: AdmissionAttributes): boolean {
  return a.def.group === 'admissionregistration.k8s.io' && EXEMPT.has(a.def.kind);
}

/** In which version the rules of a webhook are about the request; a rule for its own version goes before. */
function matchRules(webhook: Webhook, ctx: AdmissionContext, a: AdmissionAttributes): Invocation | undefined {
  const covers = (def: RequestedResource): boolean =>
    webhook.rules.some(
      (rule) => coversResource(rule, a.operation, def, a.subresource) && coversScope(rule, def, a.namespace),
    );
  if (covers(a.def)) return { webhook, resource: a.def, kind: a.kind };
  if (!webhook.equivalent) return undefined;
  const equivalents = ctx.resources.equivalents(a.def);
  for (const rule of webhook.rules) {
    for (const def of equivalents) {
      if (!coversResource(rule, a.operation, def, a.subresource) || !coversScope(rule, def, a.namespace)) continue;
      return { webhook, resource: def, kind: kindOfPath(def, a.subresource) };
    }
  }
  return undefined;
}

/** The objects of a request in the version of a kind. */
export interface Versioned {
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

export function* versioned(a: AdmissionAttributes, kind: GroupVersionKind): Flow<Versioned> {
  const object = yield* settled(a.objectAs(kind));
  const oldObject = yield* settled(a.oldObjectAs(kind));
  return { object, oldObject };
}

/**
 * Whether a webhook is to be asked (apiserver's webhook.ShouldCallHook): rules, namespaceSelector, objectSelector, then
 * matchConditions. Throws StatusError: 404 for a namespace that is not there, 403 for conditions in error with Fail.
 */
export function* invocationOf(
  webhook: Webhook,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
  metrics: WebhookMetrics,
): Flow<Invocation | undefined> {
  const invocation = matchRules(webhook, ctx, a);
  if (invocation === undefined) return undefined;
  if (!matchesNamespaceSelector(webhook.namespaceSelector, ctx, a)) return undefined;
  if (!matchesObjectSelector(webhook.objectSelector, a)) return undefined;
  const { conditions } = webhook;
  if (conditions.length === 0) return invocation;
  const { object, oldObject } = yield* versioned(a, invocation.kind);
  const values = new RequestValues(ctx, a, invocation.resource, invocation.kind, object, oldObject, checksOf(ctx, a));
  const { matches, error } = yield* matchConditions(conditions, webhook.ignoresFailures, {
    values,
    params: null,
    variables: undefined,
  });
  if (error !== undefined) {
    metrics.conditionError(webhook.name, a.operation);
    throw forbidden(a.def, a.name, error);
  }
  if (matches) return invocation;
  metrics.excluded(webhook.name, a.operation);
  return undefined;
}
