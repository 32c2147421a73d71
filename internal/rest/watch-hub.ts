import { Breath, type Steps } from '../machinery/breathe.js';
import { logger } from '../machinery/log.js';
import { internalError } from '../machinery/status.js';
import { resourceOf } from '../store/keys.js';
import { mayHaveChanged } from '../store/last-changes.js';
import type { ChangeEvent } from '../store/types.js';
import { CompactedError } from '../store/types.js';
import type { RestDeps } from './deps.js';
import type { EventEncoding } from './encoding.js';
import type { Filter } from './filter.js';
import { ConvertedEvents } from './converted-events.js';
import { SharedEvent } from './watch-event.js';
import type { Watcher } from './watcher.js';

const log = logger('watch-hub.ts');

/** Changes read from the history at a time. */
export const BATCH_CHANGES = 256;
/** Bytes collected for a class of watchers before they are written: bounds what a socket is handed at once. */
export const FLUSH_BYTES = 1024 * 1024;
/**
 * Up to this many deliveries to watchers (about 5 ms of work) are made at once, before the write that caused them is
 * answered: a controller that has its own write's answer then has the event, too. More than that goes on after the answer.
 */
export const AT_ONCE_DELIVERIES = 256;
/** How often the hub looks who is due a bookmark. */
const TICK_MS = 1_000;

/** What is written before the clock is looked at, bytes; a write costs as much as so many bytes of it. */
const LOOK_BYTES = 64 * 1024;
const WRITE_BYTES = 4 * 1024;

/** Tells after which writes it is time to look whether others are to have their turn. */
class Pace {
  private bytes = 0;

  /** So much was written to one watcher. */
  wrote(bytes: number): boolean {
    this.bytes += bytes + WRITE_BYTES;
    if (this.bytes < LOOK_BYTES) return false;
    this.bytes = 0;
    return true;
  }
}

interface Pending {
  readonly event: SharedEvent;
  readonly frame: Buffer;
}

/** Watchers that see the same objects in the same encoding: an event is filtered and encoded once for all of them. */
export class WatchClass {
  /** Those that have been written everything up to the hub's position. */
  readonly live = new Set<Watcher>();
  private pending: Pending[] = [];
  private pendingBytes = 0;
  members = 0;

  constructor(
    readonly key: string,
    readonly resource: string,
    readonly filter: Filter,
    readonly encoding: EventEncoding,
  ) {}

  /** Takes the event when it is one to this class; true when it is. */
  offer(event: SharedEvent): boolean {
    const type = event.seenBy(this.filter);
    if (type === undefined) return false;
    const frame = event.frame(type, this.encoding, false);
    this.pending.push({ event, frame });
    this.pendingBytes += frame.length;
    return true;
  }
  get full(): boolean {
    return this.pendingBytes >= FLUSH_BYTES;
  }

  /**
   * Writes what is pending to every live watcher, in steps of `pace`; all changes up to `revision` are in it. Whoever joins
   * between the steps has seen them, or is written what it has not.
   */
  *flush(revision: number, pace: Pace): Steps<void> {
    const { pending } = this;
    const first = pending[0];
    if (first === undefined) return;
    this.pending = [];
    this.pendingBytes = 0;
    const all = pending.length === 1 ? first.frame : Buffer.concat(pending.map((p) => p.frame));
    for (const watcher of this.live) {
      if (watcher.floor < first.event.revision && !watcher.needsFirst) {
        watcher.deliver(all, revision);
        if (pace.wrote(all.length)) yield;
        continue;
      }
      // Joined in the middle of the batch, or its first event is written in another way.
      const own: Buffer[] = [];
      for (const { event, frame } of pending) {
        if (event.revision <= watcher.floor) continue;
        own.push(watcher.needsFirst ? watcher.firstFrame(event) : frame);
      }
      if (own.length > 0) watcher.deliver(Buffer.concat(own), revision);
      if (pace.wrote(all.length)) yield;
    }
  }

  /** Gives up on every live watcher: an event could not be encoded. */
  fail(error: unknown): void {
    this.pending = [];
    this.pendingBytes = 0;
    log.error(`an event of ${this.resource} could not be written`, error);
    const told = internalError('the watch broke because of a bug; the log of this replica says which');
    for (const watcher of this.live) watcher.fail(told);
  }
}

/**
 * One per Backend: reads each applied batch of changes once and hands it to the watchers that are up to date. Whoever
 * is behind reads the history by himself (see Watcher) and joins when he has caught up.
 */
export class WatchHub {
  private readonly classes = new Map<string, WatchClass>();
  private readonly byResource = new Map<string, Set<WatchClass>>();
  private readonly watchers = new Set<Watcher>();
  /** Those that read the history by themselves whenever something was applied. */
  private readonly converting = new Set<Watcher>();
  private readonly converted = new ConvertedEvents();
  private readonly unsubscribe: () => void;
  private timer: NodeJS.Timeout | undefined;
  private scheduled = false;
  private dispatched: number;
  /** Read already and to be delivered by what is scheduled. */
  private held: readonly ChangeEvent[] | undefined;
  /** What is being written to watchers, until all of them have it. */
  private writing: Steps<void> | undefined;
  private ticking = false;

  constructor(readonly deps: RestDeps) {
    this.dispatched = deps.backend.revision;
    this.unsubscribe = deps.backend.onApplied(() => {
      this.arrived();
    });
  }

  /** The event of a change, one object for all that wait for a conversion of it; the newest of them are kept. */
  shared(change: ChangeEvent): SharedEvent {
    return this.converted.of(change);
  }

  /** Calls `work` when what was begun before for the same resource is done: what one watch has converted, others need not. */
  inTurn(resource: string, work: () => Promise<void>): Promise<void> {
    return this.converted.inTurn(resource, work);
  }

  /** Every change up to here has been written to every live watcher. */
  get position(): number {
    return this.dispatched;
  }
  /** Open watches. */
  get size(): number {
    return this.watchers.size;
  }

  classFor(resource: string, filter: Filter, encoding: EventEncoding): WatchClass {
    const key = `${encoding.key} ${filter.key}`;
    let found = this.classes.get(key);
    if (found === undefined) {
      found = new WatchClass(key, resource, filter, encoding);
      this.classes.set(key, found);
      let peers = this.byResource.get(resource);
      if (peers === undefined) this.byResource.set(resource, (peers = new Set()));
      peers.add(found);
    }
    return found;
  }

  add(watcher: Watcher): void {
    this.watchers.add(watcher);
    if (watcher.readsByItself) this.converting.add(watcher);
    watcher.cls.members++;
    this.timer ??= setInterval(() => void this.tick(), TICK_MS).unref();
  }
  remove(watcher: Watcher): void {
    if (!this.watchers.delete(watcher)) return;
    this.converting.delete(watcher);
    const { cls } = watcher;
    cls.live.delete(watcher);
    if (--cls.members === 0) {
      this.classes.delete(cls.key);
      const peers = this.byResource.get(cls.resource);
      peers?.delete(cls);
      if (peers?.size === 0) this.byResource.delete(cls.resource);
    }
    if (this.watchers.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  /** Ends every watch and stops listening to the store. */
  close(): void {
    this.unsubscribe();
    for (const watcher of this.watchers) watcher.end();
  }

  /** Called by the store when more is visible, before the writes that are in it are answered. Never throws. */
  private arrived(): void {
    if (this.converting.size > 0) for (const watcher of this.converting) watcher.wake();
    if (this.scheduled) return;
    try {
      const changes = this.read();
      if (changes.length === 0) return;
      this.held = changes;
      if (this.isFew(changes)) this.deliver();
    } catch (e) {
      // A bug in here must end the process as any other does, and not look like a failure of the store.
      setImmediate(() => {
        throw e;
      });
      return;
    }
    if (this.hasMore) this.schedule();
  }

  private get hasMore(): boolean {
    return this.writing !== undefined || this.held !== undefined || this.deps.backend.revision > this.dispatched;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.writing === undefined) this.held ??= this.read();
      this.deliver();
      if (this.hasMore) this.schedule();
    });
  }

  /** Whether these changes go to so few watchers that the store can wait for it. */
  private isFew(changes: readonly ChangeEvent[]): boolean {
    let deliveries = 0;
    for (const { key } of changes) {
      const classes = this.byResource.get(resourceOf(key));
      if (classes === undefined) continue;
      for (const cls of classes) {
        deliveries += 1 + cls.live.size;
        if (deliveries > AT_ONCE_DELIVERIES) return false;
      }
    }
    return true;
  }

  private readonly isWatched = (key: string): boolean => this.byResource.has(resourceOf(key));

  /** The next changes that nobody was told of; empty when nobody is interested or there are none. */
  private read(): readonly ChangeEvent[] {
    const { backend } = this.deps;
    if (mayHaveChanged(backend, this.byResource.keys(), this.dispatched)) {
      try {
        const changes = backend.changes(this.dispatched, BATCH_CHANGES, this.isWatched);
        if (changes.length > 0) return changes;
      } catch (e) {
        if (!(e instanceof CompactedError)) throw e;
        for (const watcher of this.watchers) watcher.overtaken();
      }
    }
    this.dispatched = backend.revision;
    return [];
  }

  /** Goes on with what is being written, and with the changes that are held, for as long as a turn may take. */
  private deliver(): void {
    const breath = new Breath();
    for (;;) {
      if (this.writing === undefined) {
        if (this.held === undefined) return;
        this.writing = this.write(this.held, breath);
      }
      while (this.writing.next().done !== true) if (breath.isOver()) return;
      this.writing = undefined;
      if (breath.isOver()) return;
    }
  }

  /**
   * Has these changes written to all whom they are for, or the first of them, where they are many: the rest is held. The
   * first step has encoded them, each other one writes to a few watchers.
   */
  private *write(changes: readonly ChangeEvent[], breath: Breath): Steps<void> {
    const touched = new Set<WatchClass>();
    let revision = this.dispatched;
    let isFull = false;
    this.held = undefined;
    for (const [i, change] of changes.entries()) {
      if (change.revision !== revision) {
        // Only whole transactions are written: a watcher's place in the history is a revision.
        if (i > 0 && (isFull || breath.isOver())) {
          this.held = changes.slice(i);
          break;
        }
        revision = change.revision;
      }
      const classes = this.byResource.get(resourceOf(change.key));
      if (classes === undefined) continue;
      const event = new SharedEvent(change);
      for (const cls of classes) {
        if (cls.live.size === 0) continue;
        try {
          if (cls.offer(event)) touched.add(cls);
          isFull ||= cls.full;
        } catch (e) {
          cls.fail(e);
        }
      }
    }
    yield;
    const pace = new Pace();
    for (const cls of touched) yield* cls.flush(revision, pace);
    this.dispatched = revision;
  }

  private async tick(): Promise<void> {
    if (this.ticking) return;
    this.ticking = true;
    const now = this.deps.now();
    const breath = new Breath();
    for (const watcher of this.watchers) {
      watcher.maybeBookmark(now, this.dispatched);
      if (breath.isOver()) await breath.rest();
    }
    this.ticking = false;
  }
}
