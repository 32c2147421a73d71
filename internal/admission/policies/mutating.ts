import { isCustom } from '../../schema/types.js';
import { fromJson } from '../../cel/index.js';
import { cloneJson, deepEqual } from '../../machinery/equal.js';
import { drive, type Flow, settled } from '../../machinery/flow.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import { StatusError, type StatusReason } from '../../machinery/status.js';
import { typeByKind } from '../../schema/index.js';
import { OutOfBudget } from '../expressions/evaluate.js';
import { matchConditions } from '../expressions/match-conditions.js';
import { checksOf, RequestValues } from '../expressions/request-values.js';
import { admissionForbidden } from '../forbidden.js';
import { type Matched, matchRequest } from '../matching/match-resources.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { observeMutation } from './metrics.js';
import { compileMutating, type MutatingPolicy } from './mutating-policy.js';
import { mutateObject, type Typed } from './mutate-object.js';
import { collectParams, ConfigurationError, policyProblem } from './params.js';
import { PatchFailure } from './patch-values.js';
import { type Binding, type Hook, isExempt, type Policy, sourcePerInformer } from './sources.js';
import { errorTypeOf } from './validate-request.js';

const NAME = 'MutatingAdmissionPolicy';

/** A policy that is to be run for a binding and one of its parameters. */
interface Invocation {
  readonly key: string;
  readonly policy: Policy<MutatingPolicy>;
  readonly binding: Binding;
  readonly matched: Matched;
  readonly param: JsonObject | null;
}

interface Problem {
  readonly policy: Policy<MutatingPolicy>;
  readonly binding: Binding | undefined;
  readonly message: string;
  readonly reason: '' | 'Invalid';
}

/** What is kept from the first run to the second (apiserver's policyReinvokeContext). */
interface Rerun {
  /** Invocations that ran and may run again, if something changes after them. */
  invoked: Set<string>;
  /** Those that are to run again. */
  readonly due: Set<string>;
  lastOutput: JsonObject | undefined;
}

const sourceOf = sourcePerInformer<MutatingPolicy>('mutatingadmissionpolic', compileMutating);

/** One run of all mutating policies that a request matches. */
class Mutations {
  private readonly problems: Problem[] = [];
  private readonly checks: ReturnType<typeof checksOf>;
  private readonly rerun: Rerun;

  constructor(
    private readonly ctx: AdmissionContext,
    private readonly a: AdmissionAttributes,
  ) {
    this.checks = checksOf(ctx, a);
    const kept = ctx.reinvocation.values.get(NAME) as Rerun | undefined;
    this.rerun = kept ?? { invoked: new Set(), due: new Set(), lastOutput: undefined };
    if (kept === undefined) ctx.reinvocation.values.set(NAME, this.rerun);
  }

  *run(hooks: readonly Hook<MutatingPolicy>[]): Flow<void> {
    const invocations: Invocation[] = [];
    for (const hook of hooks) yield* this.collect(hook, invocations);
    if (invocations.length > 0) yield* this.invoke(invocations);
    const problems = this.problems.filter(({ policy }) => !policy.ignoreErrors);
    if (problems.length > 0) throw this.refusal(problems);
  }

  private *collect({ policy, bindings }: Hook<MutatingPolicy>, into: Invocation[]): Flow<void> {
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
    for (const binding of bindings) {
      try {
        if (matchRequest(binding.match, ctx, a) === undefined) continue;
        for (const param of yield* collectParams(policy.paramKind, binding.paramRef, ctx, a)) {
          into.push({ key: keyOf(policy.name, binding.name, param), policy, binding, matched, param });
        }
      } catch (e) {
        this.misconfigured(e, policy, binding);
      }
    }
  }

  private *invoke(invocations: readonly Invocation[]): Flow<void> {
    const { ctx, a, rerun } = this;
    const again = ctx.reinvocation.isReinvocation;
    if (again && rerun.invoked.size > 0 && !deepEqual(rerun.lastOutput, a.object)) this.rerunInvoked();
    let changed = false;
    for (const invocation of invocations) changed = (yield* this.one(invocation, again)) || changed;
    if (changed) {
      this.rerunInvoked();
      ctx.reinvocation.request();
    }
    rerun.lastOutput = rerun.invoked.size > 0 && a.object !== undefined ? cloneJson(a.object) : undefined;
  }

  /** All that ran and may run again are due. */
  private rerunInvoked(): void {
    for (const key of this.rerun.invoked) this.rerun.due.add(key);
    this.rerun.invoked = new Set();
  }

  /** Whether it applied anything. */
  private *one(invocation: Invocation, again: boolean): Flow<boolean> {
    const { a, rerun } = this;
    const { key, policy, matched, param } = invocation;
    const compiled = policy.compiled();
    let object = yield* settled(a.objectAs(matched.kind));
    if (object === undefined) return false;
    const oldObject = yield* settled(a.oldObjectAs(matched.kind));
    const seen = (now: JsonObject): { values: RequestValues; params: ReturnType<typeof fromJson> } => ({
      values: new RequestValues(this.ctx, a, matched.resource, matched.kind, now, oldObject, this.checks),
      params: fromJson(param),
    });
    let inputs = { ...seen(object), variables: compiled.variables };
    const conditions = yield* matchConditions(compiled.conditions, policy.ignoreErrors, inputs);
    if (conditions.error !== undefined) this.failed(invocation, conditions.error);
    if (!conditions.matches || (again && !rerun.due.has(key))) return false;
    const typed = this.typed(matched);
    let applied = false;
    for (const mutation of compiled.mutations) {
      const started = performance.now();
      const seconds = (): number => (performance.now() - started) / 1000;
      try {
        const result = yield* mutateObject(mutation, object, typed, inputs);
        if (result !== undefined) {
          this.checkVersion(matched);
          yield* settled(a.replaceObject(result));
          object = (yield* settled(a.objectAs(matched.kind))) ?? object;
          inputs = { ...seen(object), variables: compiled.variables };
        }
        applied = true;
        observeMutation(policy.name, invocation.binding.name, 'no_error', seconds());
      } catch (e) {
        const why = e instanceof PatchFailure || e instanceof OutOfBudget ? e.message : undefined;
        const message = why ?? (e instanceof StatusError ? e.message : '');
        observeMutation(policy.name, invocation.binding.name, errorTypeOf(message), seconds());
        if (why === undefined) throw e;
        this.failed(invocation, why);
      }
    }
    if (compiled.reinvocable) rerun.invoked.add(key);
    return applied;
  }

  private typed({ kind, resource }: Matched): Typed {
    const own = resource.kind === kind.kind && resource.group === kind.group && resource.version === kind.version;
    const def = own ? resource : this.ctx.resources.ofKind(kind.group, kind.version, kind.kind);
    const type = own ? resource.type : (typeByKind(kind.group, kind.version, kind.kind)?.name ?? '');
    return { kind, type, plan: def === undefined ? undefined : this.ctx.resources.mergePlan(def) };
  }

  /** A built-in object cannot be brought back from another version than that of the request: kube-apiserver cannot. */
  private checkVersion({ kind, resource }: Matched): void {
    const { a } = this;
    if (isCustom(resource) || (kind.version === a.kind.version && kind.group === a.kind.group)) return;
    throw new PatchFailure(
      `converting (${kind.version}.${kind.kind}) to (${a.kind.version}.${a.kind.kind}): unknown conversion`,
    );
  }

  private failed({ policy, binding }: Invocation, message: string): void {
    this.problems.push({ policy, binding, message, reason: 'Invalid' });
  }

  private misconfigured(error: unknown, policy: Policy<MutatingPolicy>, binding: Binding | undefined): void {
    if (!(error instanceof ConfigurationError) && !(error instanceof StatusError)) throw error;
    const what = binding === undefined ? 'policy' : 'binding';
    this.problems.push({ policy, binding, message: `failed to configure ${what}: ${error.message}`, reason: '' });
  }

  /** 403 with a cause for each problem; the first one gives the message and the reason. */
  private refusal(problems: readonly Problem[]): StatusError {
    const causes = problems.map(({ policy, binding, message }) => ({
      message:
        binding === undefined
          ? `policy ${JSON.stringify(policy.name)} denied request: ${message}`
          : `policy '${policy.name}' with binding '${binding.name}' denied request: ${message}`,
    }));
    const { status } = admissionForbidden(this.a, 'admission request denied by policy');
    const reason: StatusReason = problems[0]?.reason === 'Invalid' ? 'Invalid' : 'Forbidden';
    return new StatusError(403, reason, causes[0]?.message ?? '', {
      ...status.details,
      causes: [...(status.details?.causes ?? []), ...causes],
    });
  }
}

function keyOf(policy: string, binding: string, param: JsonObject | null): string {
  const metadata = param?.['metadata'];
  const { namespace, name } = isObject(metadata) ? metadata : {};
  return JSON.stringify([policy, binding, namespace ?? '', name ?? '']);
}

/** MutatingAdmissionPolicy: the policies in the store, with their bindings and parameters. */
export const mutatingAdmissionPolicy: AdmissionPlugin = {
  name: NAME,
  handles: () => true,
  admit(ctx, a) {
    const hooks = sourceOf(ctx.reader.informer).candidatesFor(ctx, a);
    if (hooks.length === 0 || isExempt(a.def)) return undefined;
    return drive(new Mutations(ctx, a).run(hooks));
  },
};
