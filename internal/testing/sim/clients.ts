import { CorruptRecordError } from '../../store/rows.js';
import { type Compare, type Op, OverloadedError, type TxnResult, UnavailableError } from '../../store/types.js';
import type { Node, SimCluster } from './cluster.js';
import type { Call, HistoryChecks } from './history-checks.js';
import { idOf, type Model, valueWith } from './model.js';
import { isRotten, mayAnswerWrongly } from './rot.js';
import type { RunOptions } from './options.js';

const TIMEOUT_MS = 12_000;
const PREFIX = 'core/configmaps/default/';
const PREFIX_END = 'core/configmaps/default0';

/** One user of the API: makes one call at a time, at a replica of its choice, and reports what it was told. */
export class SimClient {
  #number = 0;
  /** What it last saw of each key: revisions to compare with. */
  readonly #seen = new Map<string, number>();
  stopped = false;

  constructor(
    private readonly name: string,
    private readonly cluster: SimCluster,
    private readonly checks: HistoryChecks,
    private readonly model: Model,
    private readonly options: RunOptions,
  ) {}

  start(): void {
    this.#think();
  }

  #think(): void {
    const { world } = this.cluster;
    world.schedule(world.random.exponential(this.options.thinkMs), world.outside, () => {
      if (!this.stopped) this.#act();
    });
  }

  #act(): void {
    const { world } = this.cluster;
    const { running } = this.cluster;
    if (running.length === 0) {
      this.#think();
      return;
    }
    const node = world.random.pick(running);
    const dice = world.random.next();
    if (dice < 0.45) this.#write(node);
    else if (dice < 0.75) this.#read(node);
    else if (dice < 0.85) this.#list(node);
    else if (dice < 0.95) this.#staleRead(node);
    else this.#past(node);
  }

  #key(): string {
    return `${PREFIX}cm-${this.cluster.world.random.below(this.options.keys)}`;
  }

  /** Runs one call to its end, or until the client has waited long enough. */
  #call<T>(
    node: Node,
    what: string,
    ask: (replica: NonNullable<Node['replica']>) => Promise<T>,
    answered: (call: Call, outcome: { readonly value: T } | { readonly error: unknown }) => void,
  ): void {
    const { replica, machine } = node;
    const { world } = this.cluster;
    if (replica === undefined) return;
    const call = this.checks.begin(`${this.name} ${what} at ${node.name}`, world.now);
    let done = false;
    const finish = (report: () => void): void => {
      if (done) return;
      done = true;
      // What a state answers that has lost a record says nothing.
      if (mayAnswerWrongly(machine)) this.checks.lost(call);
      else report();
      this.#think();
    };
    world.schedule(TIMEOUT_MS, world.outside, () => finish(() => this.checks.lost(call)));
    // Not at once: a paused process takes the call when it goes on.
    const begin = (): void => {
      ask(replica)
        .then(
          (value) => finish(() => answered(call, { value })),
          (error: unknown) => finish(() => answered(call, { error })),
        )
        .catch((error: unknown) => world.fail(error));
    };
    world.schedule(0.2, machine.actor, begin, true);
  }

  #put(key: string): { readonly op: Op; readonly id: string } {
    this.#number += 1;
    const id = `${this.name}-${this.#number}`;
    const { random } = this.cluster.world;
    const put: Op = { type: 'put', key, ...valueWith(id, random.below(200)) };
    return { op: random.chance(0.1) ? { ...put, ttlSeconds: 1 + random.below(4) } : put, id };
  }

  #write(node: Node): void {
    const { random } = this.cluster.world;
    const key = this.#key();
    const kind = random.pick(['create', 'update', 'update', 'put', 'put', 'delete', 'two'] as const);
    const expected = this.#seen.get(key) ?? 0;
    const compares: Compare[] = [];
    const ops: Op[] = [];
    const ids: string[] = [];
    if (kind === 'delete') {
      compares.push({ key, exists: true });
      ops.push({ type: 'delete', key });
      this.model.deletes.asked(key);
    } else {
      if (kind === 'create') compares.push({ key, modRevision: 0 });
      if (kind === 'update') compares.push({ key, modRevision: expected });
      const keys = kind === 'two' ? [...new Set([key, this.#key()])] : [key];
      for (const each of keys) {
        const { op, id } = this.#put(each);
        ops.push(op);
        ids.push(id);
      }
    }
    this.#call<TxnResult>(
      node,
      `${kind} ${ops.map((op) => op.key.slice(PREFIX.length)).join(' and ')} (${ids.join(', ')})`,
      (replica) => replica.backend.txn({ compares, ops }),
      (call, outcome) => {
        if ('error' in outcome) this.#failed(call, outcome.error, ids);
        else if (outcome.value.succeeded) {
          for (const op of ops) this.#seen.set(op.key, op.type === 'put' ? outcome.value.revision : 0);
          this.checks.wrote(call, outcome.value.revision, ids);
        } else {
          this.checks.conflicted(call, outcome.value.revision, ids, {
            key,
            modRevision: kind === 'create' ? 0 : kind === 'update' ? expected : undefined,
          });
        }
        if (kind === 'delete') this.model.deletes.answered(key, 'value' in outcome ? outcome.value : undefined);
      },
    );
  }

  #failed(call: Call, error: unknown, ids: readonly string[]): void {
    if (error instanceof OverloadedError || (error instanceof UnavailableError && !error.outcomeUnknown)) {
      this.checks.refused(call, ids);
    } else if (error instanceof UnavailableError) {
      this.checks.lost(call);
    } else {
      throw error;
    }
  }

  #readFailed({ machine }: Node, call: Call, error: unknown): void {
    if (error instanceof CorruptRecordError && isRotten(machine)) this.checks.lost(call);
    else this.#failed(call, error, []);
  }

  #read(node: Node): void {
    const key = this.#key();
    this.#call(
      node,
      `reads ${key.slice(PREFIX.length)}`,
      async ({ backend }) => {
        await backend.readBarrier();
        return { found: backend.get(key), revision: backend.revision };
      },
      (call, outcome) => {
        if ('error' in outcome) return this.#readFailed(node, call, outcome.error);
        const { found, revision } = outcome.value;
        this.#seen.set(key, found?.modRevision ?? 0);
        this.checks.read(call, revision, new Map([[key, found === undefined ? undefined : idOf(found.value)]]));
      },
    );
  }

  #list(node: Node): void {
    this.#call(
      node,
      'lists',
      async ({ backend }) => {
        await backend.readBarrier();
        return { items: backend.range({ start: PREFIX, end: PREFIX_END }).items, revision: backend.revision };
      },
      (call, outcome) => {
        if ('error' in outcome) return this.#readFailed(node, call, outcome.error);
        // Damaged records are left out, and told of elsewhere.
        if (isRotten(node.machine)) return this.checks.lost(call);
        const seen = new Map<string, string | undefined>();
        for (let i = 0; i < this.options.keys; i += 1) seen.set(`${PREFIX}cm-${i}`, undefined);
        for (const item of outcome.value.items) seen.set(item.key, idOf(item.value));
        this.checks.read(call, outcome.value.revision, seen);
      },
    );
  }

  /** What `resourceVersion=0` does: this replica's state as it is. */
  #staleRead(node: Node): void {
    const key = this.#key();
    const { backend } = node.replica ?? {};
    if (backend !== undefined && !isRotten(node.machine)) {
      const found = this.cluster.world.as(node.machine.actor, () => backend.get(key));
      const id = found === undefined ? undefined : idOf(found.value);
      this.checks.saw(`${this.name} stale read at ${node.name}`, backend.revision, new Map([[key, id]]));
    }
    this.#think();
  }

  /** A read of the past, at any revision that is not compacted. */
  #past(node: Node): void {
    const { world } = this.cluster;
    const { backend } = node.replica ?? {};
    if (backend !== undefined && !isRotten(node.machine)) {
      const revision = backend.compactRevision + world.random.below(backend.revision - backend.compactRevision + 1);
      const items = world.as(
        node.machine.actor,
        () => backend.range({ start: PREFIX, end: PREFIX_END, revision }).items,
      );
      const seen = new Map<string, string | undefined>();
      for (let i = 0; i < this.options.keys; i += 1) seen.set(`${PREFIX}cm-${i}`, undefined);
      for (const item of items) seen.set(item.key, idOf(item.value));
      this.checks.saw(`${this.name} read of the past at ${node.name}`, revision, seen);
    }
    this.#think();
  }
}
