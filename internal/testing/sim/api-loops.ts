import { CompactedError, type TxnResult, UnavailableError } from '../../store/types.js';
import { CorruptRecordError } from '../../store/rows.js';
import type { Node, SimCluster } from './cluster.js';
import { idOf, type Model, valueWith } from './model.js';
import type { RunOptions } from './options.js';
import { isRotten, mayAnswerWrongly } from './rot.js';
import { promise } from './violation.js';

const TIMEOUT_MS = 12_000;
const COUNTER = 'core/configmaps/loops/counter';
const PREFIX = 'core/configmaps/default/';
const PREFIX_END = 'core/configmaps/default0';

type Replica = NonNullable<Node['replica']>;
type Outcome<T> = { readonly value: T } | { readonly error: unknown } | 'no answer';

/**
 * Works as the API's handlers do on behalf of clients: reads an object, changes it and writes it on condition that it is as
 * it was, again and again until that is done (PATCH); and lists in pages as of the revision of the first (continue), each at
 * whichever replica the balancer picks.
 */
export class ApiLoop {
  stopped = false;
  /** Increments that were told to be done, and those of which nobody knows. */
  done = 0;
  unknown = 0;
  #number = 0;

  constructor(
    private readonly index: number,
    private readonly cluster: SimCluster,
    private readonly model: Model,
    private readonly options: RunOptions,
  ) {}

  start(): void {
    const { world } = this.cluster;
    world.schedule(world.random.exponential(this.options.thinkMs * 3), world.outside, () => {
      if (this.stopped) return;
      if (world.random.chance(0.6)) this.#increment();
      else this.#list();
    });
  }

  /** Asks a replica; `then` runs exactly once. False when there is none to ask. */
  #ask<T>(ask: (replica: Replica) => Promise<T>, then: (outcome: Outcome<T>, node: Node) => void): void {
    const { world, running } = this.cluster;
    const whole = running.filter(({ machine }) => !isRotten(machine));
    if (whole.length === 0) {
      this.start();
      return;
    }
    const node = world.random.pick(whole);
    const { replica, machine } = node;
    if (replica === undefined) return this.start();
    let over = false;
    const finish = (outcome: Outcome<T>): void => {
      if (over) return;
      over = true;
      try {
        then(outcome, node);
      } catch (error) {
        world.fail(error);
      }
    };
    world.schedule(TIMEOUT_MS, world.outside, () => finish('no answer'));
    const begin = (): void => {
      ask(replica).then(
        (value) => finish({ value }),
        (error: unknown) => finish({ error }),
      );
    };
    world.schedule(0.2, machine.actor, begin, true);
  }

  /** One more, as a PATCH does it: a conflict is no answer, but a reason to read again. */
  #increment(): void {
    const read = async ({ backend }: Replica): Promise<{ readonly n: number; readonly modRevision: number }> => {
      await backend.readBarrier();
      const found = backend.get(COUNTER);
      return { n: found === undefined ? 0 : countIn(found.value), modRevision: found?.modRevision ?? 0 };
    };
    this.#ask(read, (outcome, node) => {
      if (outcome === 'no answer' || 'error' in outcome || mayAnswerWrongly(node.machine)) return this.start();
      const { n, modRevision } = outcome.value;
      this.#number += 1;
      const op = { type: 'put', key: COUNTER, ...valueWith(`${n + 1}.l${this.index}-${this.#number}`, 0) } as const;
      // Until something else is known.
      this.unknown += 1;
      this.#ask(
        ({ backend }) => backend.txn({ compares: [{ key: COUNTER, modRevision }], ops: [op] }),
        (written, at) => {
          const isConflict = this.#count(written, at);
          if (isConflict && !this.stopped) this.#increment();
          else this.start();
        },
      );
    });
  }

  /** Takes note of an answer; true when it was a conflict. */
  #count(written: Outcome<TxnResult>, { machine }: Node): boolean {
    if (written === 'no answer' || mayAnswerWrongly(machine)) return false;
    if ('error' in written) {
      const isKnown = !(written.error instanceof UnavailableError && written.error.outcomeUnknown);
      if (isKnown) this.unknown -= 1;
      return false;
    }
    this.unknown -= 1;
    if (written.value.succeeded) this.done += 1;
    return !written.value.succeeded;
  }

  /** Everything, a few at a time. */
  #list(): void {
    const limit = 1 + this.cluster.world.random.below(3);
    const seen = new Map<string, string>();
    const page = (start: string, revision: number | undefined): void => {
      const read = async ({ backend }: Replica): Promise<{ readonly next: string; readonly revision: number }> => {
        await backend.readBarrier();
        const as = revision ?? backend.revision;
        const { items, more } = backend.range({ start, end: PREFIX_END, limit, revision: as });
        for (const { key, value } of items) seen.set(key, idOf(value));
        return { next: more ? `${items.at(-1)?.key ?? ''}\0` : '', revision: as };
      };
      this.#ask(read, (outcome, { machine }) => {
        // Records that are damaged are left out; those are told of elsewhere.
        if (isRotten(machine)) return this.start();
        if (outcome === 'no answer') return this.start();
        if ('error' in outcome) {
          const { error } = outcome;
          const isGone =
            error instanceof CompactedError && revision !== undefined && revision < this.model.compactRevision;
          const isKnown = isGone || error instanceof UnavailableError || error instanceof CorruptRecordError;
          if (!isKnown && error instanceof Error && error.name !== 'OverloadedError') throw error;
          return this.start();
        }
        const { next, revision: as } = outcome.value;
        if (next !== '') return page(next, as);
        const expected = this.model.keysAsOf(as).filter((key) => key.startsWith(PREFIX));
        promise(
          expected.length === seen.size && expected.every((key) => seen.get(key) === this.model.asOf(key, as)?.id),
          'pages of a list are of one revision',
          () => `as of ${as} they held ${[...seen.keys()].join(' ')}, not ${expected.join(' ')}`,
        );
        this.start();
      });
    };
    page(PREFIX, undefined);
  }
}

/** At the end: nobody's increment was lost, and none was done twice. */
export function checkCounter(loops: readonly ApiLoop[], node: Node | undefined): void {
  if (node?.replica === undefined) return;
  const { backend } = node.replica;
  const found = backend.get(COUNTER);
  const n = found === undefined ? 0 : countIn(found.value);
  const done = loops.reduce((sum, loop) => sum + loop.done, 0);
  const unknown = loops.reduce((sum, loop) => sum + loop.unknown, 0);
  promise(n >= done && n <= done + unknown, 'no increment is lost or done twice', () => {
    return `the counter is at ${n}, after ${done} increments and ${unknown} of which nobody knows`;
  });
}

/** The number at the beginning of the mark in a value. */
function countIn(value: Buffer): number {
  return Number(idOf(value).split('.')[0]);
}
