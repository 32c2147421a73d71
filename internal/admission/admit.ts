import type { AttemptContext } from './context.js';
import { type Durations, pluginDurations, stepDurations } from './durations.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, Operation } from './types.js';

type Phase = 'admit' | 'validate';

/** A plugin in one phase of one operation, and where it is observed. */
interface Stop {
  readonly plugin: AdmissionPlugin;
  readonly durations: Durations;
}
interface Stops {
  readonly all: readonly Stop[];
  readonly durations: Durations;
}
type ByOperation = Readonly<Record<Operation, Stops>>;

function byOperation(plugins: readonly AdmissionPlugin[], phase: Phase): ByOperation {
  const of = (operation: Operation): Stops => ({
    all: plugins
      .filter((plugin) => plugin[phase] !== undefined && plugin.handles(operation))
      .map((plugin) => ({ plugin, durations: pluginDurations(plugin.name, operation, phase) })),
    durations: stepDurations(operation, phase),
  });
  return { CREATE: of('CREATE'), UPDATE: of('UPDATE'), DELETE: of('DELETE'), CONNECT: of('CONNECT') };
}

/** Runs one phase; a promise only from where a plugin needs one. */
function run(
  { all, durations }: Stops,
  phase: Phase,
  ctx: AdmissionContext,
  attributes: AdmissionAttributes,
): void | Promise<void> {
  const began = performance.now();
  let since = began;
  for (let i = 0; i < all.length; i++) {
    const stop = all[i];
    if (stop === undefined) break;
    let pending: void | Promise<void>;
    try {
      pending = stop.plugin[phase]?.(ctx, attributes);
    } catch (error) {
      const now = performance.now();
      stop.durations.rejected(now - since);
      durations.rejected(now - began);
      throw error;
    }
    if (pending instanceof Promise) return rest({ all, durations }, i, pending, began, since, phase, ctx, attributes);
    const now = performance.now();
    stop.durations.accepted(now - since);
    since = now;
  }
  durations.accepted(since - began);
}

/** Goes on with the one of this index, which is under way since `since`. */
async function rest(
  { all, durations }: Stops,
  index: number,
  underWay: Promise<void>,
  began: number,
  since: number,
  phase: Phase,
  ctx: AdmissionContext,
  attributes: AdmissionAttributes,
): Promise<void> {
  let [i, from, pending] = [index, since, underWay as void | Promise<void>];
  try {
    for (;;) {
      await pending;
      const now = performance.now();
      all[i]?.durations.accepted(now - from);
      from = now;
      if (++i >= all.length) break;
      pending = all[i]?.plugin[phase]?.(ctx, attributes);
    }
  } catch (error) {
    const now = performance.now();
    all[i]?.durations.rejected(now - from);
    durations.rejected(now - began);
    throw error;
  }
  durations.accepted(from - began);
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
