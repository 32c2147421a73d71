import { drive, type Flow, settled } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { StatusError, type StatusReason } from '../../machinery/status.js';
import { fromJson } from '../../cel/index.js';
import { checksOf, RequestValues } from '../expressions/request-values.js';
import { admissionForbidden } from '../forbidden.js';
import { type Matched, matchRequest } from '../matching/match-resources.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { AnnotationCollector } from './annotations.js';
import { type Enforcement, observeValidation } from './metrics.js';
import { collectParams, ConfigurationError, policyProblem } from './params.js';
import { type Binding, type Hook, isExempt, type Policy, sourcePerInformer } from './sources.js';
import { type Decision, validateRequest, type Verdict } from './validate-request.js';
import { compileValidating, type ValidatingPolicy } from './validating-policy.js';

const CODES: Readonly<Record<string, number>> = { Forbidden: 403, RequestEntityTooLarge: 413, Unauthorized: 401 };

/** A denial: the first one is what the client is told. */
interface Denial {
  readonly message: string;
  readonly reason: string;
  readonly policy: string;
  readonly binding: string | undefined;
}

const sourceOf = sourcePerInformer<ValidatingPolicy>('validatingadmissionpolic', compileValidating);

/** One request under all policies that it matches. */
class Validation {
  private readonly denials: Denial[] = [];
  private readonly values = new Map<string, RequestValues>();
  private checks: ReturnType<typeof checksOf> | undefined;

  constructor(
    private readonly ctx: AdmissionContext,
    private readonly a: AdmissionAttributes,
  ) {}

  *run(hooks: readonly Hook<ValidatingPolicy>[]): Flow<void> {
    for (const hook of hooks) yield* this.policy(hook);
    const [first] = this.denials;
    if (first !== undefined) throw this.refusal(first);
  }

  private *policy({ policy, bindings }: Hook<ValidatingPolicy>): Flow<void> {
    const { ctx, a } = this;
    let matched: Matched | undefined;
    try {
      matched = matchRequest(policy.match, ctx, a);
      const problem = matched === undefined ? undefined : policyProblem(policy.paramKind, ctx);
      if (problem !== undefined) throw problem;
    } catch (e) {
      this.misconfigured(e, policy, undefined);
      return;
    }
    if (matched === undefined) return;
    const annotations = new AnnotationCollector(policy.name);
    for (const binding of bindings) yield* this.binding(policy, binding, matched, annotations);
    annotations.publish(ctx);
  }

  private *binding(
    policy: Policy<ValidatingPolicy>,
    binding: Binding,
    matched: Matched,
    annotations: AnnotationCollector,
  ): Flow<void> {
    const { ctx, a } = this;
    let params: readonly (JsonObject | null)[];
    try {
      if (matchRequest(binding.match, ctx, a) === undefined) return;
      params = yield* collectParams(policy.paramKind, binding.paramRef, ctx, a);
    } catch (e) {
      this.misconfigured(e, policy, binding);
      return;
    }
    const verdicts: Verdict[] = [];
    for (const param of params) {
      const values = yield* this.valuesFor(matched);
      const inputs = { values, params: fromJson(param) };
      verdicts.push(yield* validateRequest(policy.compiled(), policy.ignoreErrors, inputs));
    }
    for (const verdict of verdicts) this.enforce(policy, binding, verdict, annotations);
  }

  private *valuesFor({ resource, kind }: Matched): Flow<RequestValues> {
    const key = `${kind.group}/${kind.version}/${kind.kind} ${resource.version}`;
    const known = this.values.get(key);
    if (known !== undefined) return known;
    const { a } = this;
    const values = new RequestValues(
      this.ctx,
      a,
      resource,
      kind,
      yield* settled(a.objectAs(kind)),
      yield* settled(a.oldObjectAs(kind)),
      (this.checks ??= checksOf(this.ctx, a)),
    );
    this.values.set(key, values);
    return values;
  }

  private enforce(
    policy: Policy<ValidatingPolicy>,
    binding: Binding,
    { decisions, annotations }: Verdict,
    collector: AnnotationCollector,
  ): void {
    for (const [i, decision] of decisions.entries()) {
      if (decision.denied) this.deny(policy, binding, decision, i);
      else if (decision.errorType !== 'no_error') this.observe(policy, binding, decision, 'allow');
    }
    for (const { key, value, error } of annotations) {
      if (error === '') collector.add(key, value);
      else if (!policy.ignoreErrors) {
        const decision: Decision = { denied: true, message: error, reason: '', errorType: 'invalid_error', seconds: 0 };
        this.denials.push({ message: error, reason: '', policy: policy.name, binding: binding.name });
        this.observe(policy, binding, decision, 'deny');
      }
    }
  }

  private deny(policy: Policy<ValidatingPolicy>, binding: Binding, decision: Decision, index: number): void {
    const { message, reason } = decision;
    for (const action of binding.actions) {
      switch (action) {
        case 'Deny':
          this.denials.push({ message, reason, policy: policy.name, binding: binding.name });
          this.observe(policy, binding, decision, 'deny');
          break;
        case 'Audit':
          this.ctx.annotate(
            'validation.policy.admission.k8s.io/validation_failure',
            JSON.stringify([
              {
                message,
                policy: binding.policyName,
                binding: binding.name,
                expressionIndex: index,
                validationActions: binding.actions,
              },
            ]),
          );
          this.observe(policy, binding, decision, 'audit');
          break;
        case 'Warn':
          this.ctx.warnings.push(
            `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${message}`,
          );
          this.observe(policy, binding, decision, 'warn');
          break;
        default:
      }
    }
  }

  private observe(
    policy: Policy<ValidatingPolicy>,
    binding: Binding,
    { errorType, seconds }: Decision,
    enforcement: Enforcement,
  ): void {
    observeValidation(policy.name, binding.name, errorType, enforcement, seconds);
  }

  /** A policy that cannot be used denies, unless its errors are ignored. */
  private misconfigured(error: unknown, policy: Policy<ValidatingPolicy>, binding: Binding | undefined): void {
    if (!(error instanceof ConfigurationError) && !(error instanceof StatusError)) throw error;
    if (policy.ignoreErrors) return;
    const what = binding === undefined ? 'policy' : 'binding';
    const message = `failed to configure ${what}: ${error.message}`;
    this.denials.push({ message, reason: '', policy: policy.name, binding: binding?.name });
  }

  private refusal({ message: why, reason: given, policy, binding }: Denial): StatusError {
    const by = binding === undefined ? '' : ` with binding '${binding}'`;
    const message = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${why}`;
    const error = admissionForbidden(this.a, message);
    const reason = given === '' ? 'Invalid' : given;
    const refusal = new StatusError(CODES[reason] ?? 422, reason as StatusReason, error.message, {
      ...error.status.details,
      causes: [...(error.status.details?.causes ?? []), { message }],
    });
    return refusal;
  }
}

/** ValidatingAdmissionPolicy: the policies in the store, with their bindings and parameters. */
export const validatingAdmissionPolicy: AdmissionPlugin = {
  name: 'ValidatingAdmissionPolicy',
  handles: () => true,
  validate(ctx, a) {
    const hooks = sourceOf(ctx.reader.informer).candidatesFor(ctx, a);
    if (hooks.length === 0 || isExempt(a.def)) return undefined;
    return drive(new Validation(ctx, a).run(hooks));
  },
};
