import type { AttemptContext } from './context.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, Operation } from './types.js';

type Phase = 'admit' | 'validate';
type ByOperation = Readonly<Record<Operation, readonly AdmissionPlugin[]>>;

function byOperation(plugins: readonly AdmissionPlugin[], phase: Phase): ByOperation {
  const of = (operation: Operation): readonly AdmissionPlugin[] =>
    plugins.filter((plugin) => plugin[phase] !== undefined && plugin.handles(operation));
  return { CREATE: of('CREATE'), UPDATE: of('UPDATE'), DELETE: of('DELETE'), CONNECT: of('CONNECT') };
}

/** Runs one phase; a promise only from where a plugin needs one. */
function run(
  plugins: readonly AdmissionPlugin[],
  phase: Phase,
  ctx: AdmissionContext,
  attributes: AdmissionAttributes,
): void | Promise<void> {
  for (let i = 0; i < plugins.length; i++) {
    const pending = plugins[i]?.[phase]?.(ctx, attributes);
    if (pending instanceof Promise) {
      return i + 1 === plugins.length ? pending : rest(plugins, i + 1, pending, phase, ctx, attributes);
    }
  }
}

async function rest(
  plugins: readonly AdmissionPlugin[],
  from: number,
  pending: Promise<void>,
  phase: Phase,
  ctx: AdmissionContext,
  attributes: AdmissionAttributes,
): Promise<void> {
  await pending;
  for (let i = from; i < plugins.length; i++) await plugins[i]?.[phase]?.(ctx, attributes);
}

/** The plugins that are on, in their order, and the phases in which they run. */
export class AdmissionChain {
  private readonly mutating: ByOperation;
  private readonly validating: ByOperation;

  constructor(readonly plugins: readonly AdmissionPlugin[]) {
    this.mutating = byOperation(plugins, 'admit');
    this.validating = byOperation(plugins, 'validate');
  }

  /**
   * Decides about one attempt at a request: mutating plugins, mutating policies and webhooks (twice where one asks for
   * it), then `registry`, which completes the object and validates it, then validating plugins, policies and webhooks,
   * the quota last: each phase in the order of the list. An object that a policy or webhook replaces is defaulted again
   * by `replaceObject`. Throws or rejects with the StatusError of the first that refuses. A promise only when a plugin
   * or the registry needs one: most writes are admitted without waiting.
   */
  admit(ctx: AttemptContext, a: AdmissionAttributes, registry: () => void | Promise<void>): void | Promise<void> {
    const plugins = this.mutating[a.operation];
    const mutating = run(plugins, 'admit', ctx, a);
    if (mutating !== undefined) return this.afterWaiting(mutating, ctx, a, registry);
    if (ctx.beginReinvocation()) {
      return this.afterWaiting(run(plugins, 'admit', ctx, a) ?? Promise.resolve(), ctx, a, registry);
    }
    const preparing = registry();
    if (preparing !== undefined) return preparing.then(() => run(this.validating[a.operation], 'validate', ctx, a));
    return run(this.validating[a.operation], 'validate', ctx, a);
  }

  private async afterWaiting(
    mutating: Promise<void>,
    ctx: AttemptContext,
    a: AdmissionAttributes,
    registry: () => void | Promise<void>,
  ): Promise<void> {
    await mutating;
    if (ctx.beginReinvocation()) await run(this.mutating[a.operation], 'admit', ctx, a);
    await registry();
    await run(this.validating[a.operation], 'validate', ctx, a);
  }
}
