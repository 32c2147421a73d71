import { type Target, type ServiceResolver, webhookTarget } from '../../callout/index.js';
import { child, children, str, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { EVERYTHING, type LabelSelector } from '../../machinery/labels.js';
import { labelSelectorOf } from '../../machinery/label-selector-object.js';
import { type MatchCondition, matchConditionsOf } from '../expressions/match-conditions.js';
import { admissionEnvironment } from '../expressions/types.js';
import { type Rule, ruleOf } from '../matching/rules.js';

const DEFAULT_TIMEOUT_SECONDS = 10;
const ENVIRONMENT = admissionEnvironment({ params: false, authorizer: true });

/** One webhook of a configuration, ready to be asked. */
export interface Webhook {
  readonly name: string;
  readonly configuration: string;
  /** Tells webhooks of the same name in one configuration apart. */
  readonly uid: string;
  readonly rules: readonly Rule[];
  /** matchPolicy is Equivalent. */
  readonly equivalent: boolean;
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  /** failurePolicy is Ignore. */
  readonly ignoresFailures: boolean;
  readonly sideEffects: string;
  readonly timeoutMs: number;
  readonly reviewVersions: readonly string[];
  /** reinvocationPolicy is IfNeeded. */
  readonly reinvoked: boolean;
  /** Compiled when the first request asks for them. */
  readonly conditions: readonly MatchCondition[];
  /** Throws CallError when there can be no client. */
  readonly target: Target;
}

/** Reads the webhooks of a stored configuration, in their order. */
export function webhooksOf(configuration: JsonObject, resolve: ServiceResolver): Webhook[] {
  const of = str(child(configuration, 'metadata'), 'name');
  const count = new Map<string, number>();
  return children(configuration, 'webhooks').map((hook) => {
    const name = str(hook, 'name');
    const n = count.get(name) ?? 0;
    count.set(name, n + 1);
    let conditions: readonly MatchCondition[] | undefined;
    let target: Target | undefined;
    const { timeoutSeconds } = hook;
    return {
      name,
      configuration: of,
      uid: `${of}/${name}/${n}`,
      rules: children(hook, 'rules').map(ruleOf),
      equivalent: str(hook, 'matchPolicy') !== 'Exact',
      namespaceSelector: labelSelectorOf(child(hook, 'namespaceSelector')) ?? EVERYTHING,
      objectSelector: labelSelectorOf(child(hook, 'objectSelector')) ?? EVERYTHING,
      ignoresFailures: str(hook, 'failurePolicy') === 'Ignore',
      sideEffects: str(hook, 'sideEffects'),
      timeoutMs: (typeof timeoutSeconds === 'number' ? timeoutSeconds : DEFAULT_TIMEOUT_SECONDS) * 1000,
      reviewVersions: strings(hook, 'admissionReviewVersions'),
      reinvoked: str(hook, 'reinvocationPolicy') === 'IfNeeded',
      get conditions() {
        conditions ??= matchConditionsOf(hook, ENVIRONMENT);
        return conditions;
      },
      get target() {
        target ??= webhookTarget(child(hook, 'clientConfig'), resolve);
        return target;
      },
    };
  });
}
