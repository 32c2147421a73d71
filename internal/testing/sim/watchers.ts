import { type ChangeEvent, CompactedError } from '../../store/types.js';
import type { Node, SimCluster } from './cluster.js';
import { idOf, type Model, type ModelEvent, revisionIn } from './model.js';
import { isRotten } from './rot.js';
import { promise } from './violation.js';
import { STILL } from './world.js';

/**
 * One watch over everything, held to etcd's six promises: ordered, unique, reliable, atomic, resumable (on any
 * replica), bookmarkable. It reads at its own pace, so that compaction may overtake it: only then may it start anew.
 */
export class SimWatcher {
  #node: Node | undefined;
  #boots = 0;
  /** Everything up to this revision has been delivered. */
  #after = 0;
  #started = false;
  delivered = 0;
  compacted = 0;
  resumed = 0;

  constructor(
    private readonly name: string,
    private readonly cluster: SimCluster,
    private readonly model: Model,
    private readonly pollMs: number,
    private readonly batch: number,
  ) {}

  get after(): number {
    return this.#after;
  }

  start(): void {
    const { world } = this.cluster;
    world.schedule(world.random.exponential(this.pollMs), world.outside, () => {
      const found = this.poll();
      this.start();
      return found ? undefined : STILL;
    });
  }

  /** Reads one batch of changes. False when there was none. */
  poll(): boolean {
    const node = this.#attached();
    const backend = node?.replica?.backend;
    if (node === undefined || backend === undefined || backend.revision <= this.#after) return false;
    if (isRotten(node.machine)) return false;
    let changes: readonly ChangeEvent[];
    try {
      changes = this.cluster.world.as(node.machine.actor, () => backend.changes(this.#after, this.batch));
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      promise(this.#after < this.model.compactRevision, 'a watch is resumable until compacted', () => {
        return `${this.name} after ${this.#after} was told of compaction at ${error.compactRevision}`;
      });
      // 410 Gone: list and start anew from there.
      this.compacted += 1;
      this.#after = backend.revision;
      return true;
    }
    this.#check(node, changes, backend.revision);
    return true;
  }

  #attached(): Node | undefined {
    const node = this.#node;
    if (
      node?.replica !== undefined &&
      node.machine.boots === this.#boots &&
      !node.removing &&
      !isRotten(node.machine)
    ) {
      return node;
    }
    const { world } = this.cluster;
    const running = this.cluster.running.filter((n) => !n.removing && !isRotten(n.machine));
    if (running.length === 0) return undefined;
    const next = world.random.pick(running);
    this.#node = next;
    this.#boots = next.machine.boots;
    if (this.#started) this.resumed += 1;
    this.#started = true;
    return next;
  }

  #check(node: Node, changes: readonly ChangeEvent[], revision: number): void {
    const expected = this.model.eventsAfter(this.#after);
    for (const [i, change] of changes.entries()) {
      const event = expected[i];
      promise(
        event !== undefined && sameEvent(change, event),
        'watches are ordered, unique, reliable',
        () => `${this.name} at ${node.name} after ${this.#after} got ${describe(change)}, not ${JSON.stringify(event)}`,
      );
      this.#checkValues(change);
    }
    this.delivered += changes.length;
    const last = changes.at(-1);
    if (last === undefined) {
      // Nothing follows: a bookmark at the replica's revision may be sent.
      const missed = expected.find((e) => e.revision <= revision);
      promise(missed === undefined, 'a bookmark covers everything before it', () => {
        return `${this.name} at ${node.name}: nothing after ${this.#after} up to ${revision}, but ${JSON.stringify(missed)}`;
      });
      this.#after = revision;
      return;
    }
    const cut = expected[changes.length];
    promise(cut?.revision !== last.revision, 'watches are atomic', () => {
      return `${this.name} at ${node.name} got a part of revision ${last.revision}`;
    });
    this.#after = last.revision;
  }

  #checkValues(change: ChangeEvent): void {
    if (change.value !== undefined) {
      promise(revisionIn(change.value) === change.revision, 'a value carries its revision', () => describe(change));
    }
    if (change.prev !== undefined) {
      const before = this.model.asOf(change.key, change.revision - 1);
      const same =
        before !== undefined && before.id === idOf(change.prev.value) && before.revision === change.prev.modRevision;
      promise(same, 'an event carries the version before', () => describe(change));
    }
  }
}

function sameEvent(change: ChangeEvent, event: ModelEvent): boolean {
  return (
    change.revision === event.revision &&
    change.sub === event.sub &&
    change.type === event.type &&
    change.key === event.key &&
    (change.value === undefined ? undefined : idOf(change.value)) === event.id &&
    (change.prev?.modRevision ?? 0) === event.prevRevision
  );
}

function describe(change: ChangeEvent): string {
  const id = change.value === undefined ? '' : ` ${idOf(change.value)}`;
  return `${change.type} ${change.key}${id} at ${change.revision}.${change.sub} (before: ${change.prev?.modRevision ?? 0})`;
}
