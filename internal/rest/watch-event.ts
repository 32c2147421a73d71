import type { ChangeEvent } from '../store/types.js';
import type { EventEncoding, EventType } from './encoding.js';
import type { Filter } from './filter.js';
import { withResourceVersion } from './json-scan.js';
import { LazyObject } from './lazy.js';

/** One change as every watcher shares it: parsed at most once, encoded at most once per encoding. */
export class SharedEvent {
  private readonly current: LazyObject | undefined;
  private readonly previous: LazyObject | undefined;
  private gone: LazyObject | undefined;
  private frames: Map<string, Buffer> | undefined;

  constructor(private readonly change: ChangeEvent) {
    if (change.value !== undefined) this.current = new LazyObject(change.key, change.value, change.revision);
    if (change.prev !== undefined)
      this.previous = new LazyObject(change.key, change.prev.value, change.prev.modRevision);
  }
  get key(): string {
    return this.change.key;
  }
  get revision(): number {
    return this.change.revision;
  }

  /** What the change is to somebody who sees only what `filter` selects, or undefined when it is nothing to him. */
  seenBy(filter: Filter): EventType | undefined {
    const { key } = this.change;
    if (key < filter.start || key >= filter.end) return undefined;
    const { current, previous } = this;
    const is = current !== undefined && (filter.matches === undefined || filter.matches(current));
    const was = previous !== undefined && (filter.matches === undefined || filter.matches(previous));
    if (is) return was ? 'MODIFIED' : 'ADDED';
    return was ? 'DELETED' : undefined;
  }

  /** What was and what is, where the change may be something to who sees what `filter` selects. */
  sides(filter: Filter): LazyObject[] {
    const { key } = this.change;
    if (key < filter.start || key >= filter.end) return [];
    return [this.current, this.previous].filter((object) => object !== undefined);
  }

  /** The object that an event of this type carries. */
  private object(type: EventType): LazyObject {
    if (type !== 'DELETED') return this.current ?? this.lost();
    // The last state that was seen, with the revision at which it went out of sight.
    const previous = this.previous ?? this.lost();
    this.gone ??= new LazyObject(
      previous.key,
      withResourceVersion(previous.value, this.change.revision),
      previous.modRevision,
    );
    return this.gone;
  }
  /** The object that an event for `filter` carries; undefined where there is none. */
  objectFor(filter: Filter): LazyObject | undefined {
    const type = this.seenBy(filter);
    return type === undefined ? undefined : this.object(type);
  }
  private lost(): never {
    throw new Error(`a change of ${this.change.key} at ${this.change.revision} has no object`);
  }

  /** The event as `encoding` writes it. */
  frame(type: EventType, encoding: EventEncoding, first: boolean): Buffer {
    if (first && encoding.firstDiffers) return encoding.event(type, this.object(type), true);
    this.frames ??= new Map();
    const key = `${type} ${encoding.key}`;
    let frame = this.frames.get(key);
    if (frame === undefined) {
      frame = encoding.event(type, this.object(type), false);
      this.frames.set(key, frame);
    }
    return frame;
  }
}
