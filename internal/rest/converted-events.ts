import type { ChangeEvent } from '../store/types.js';
import { SharedEvent } from './watch-event.js';

/** Bytes of the events that are kept for other watches to share. */
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_EVENTS = 1024;

/** What watches through a conversion webhook share: the newest events, with what was made of them, and whose turn it is to ask. */
export class ConvertedEvents {
  private readonly events = new Map<string, { readonly event: SharedEvent; readonly bytes: number }>();
  private bytes = 0;
  private readonly turns = new Map<string, Promise<void>>();

  /** The one event of a change. */
  of(change: ChangeEvent): SharedEvent {
    const key = `${change.revision}/${change.sub}`;
    const known = this.events.get(key);
    if (known !== undefined) return known.event;
    const event = new SharedEvent(change);
    const bytes = (change.value?.length ?? 0) + (change.prev?.value.length ?? 0);
    this.events.set(key, { event, bytes });
    this.bytes += bytes;
    for (const [oldest, { bytes: less }] of this.events) {
      if (oldest === key || (this.bytes <= MAX_BYTES && this.events.size <= MAX_EVENTS)) break;
      this.events.delete(oldest);
      this.bytes -= less;
    }
    return event;
  }

  /** Calls `work` when all that was begun for this resource before is done, however that ended. */
  inTurn(resource: string, work: () => Promise<void>): Promise<void> {
    const before = this.turns.get(resource) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.turns.set(resource, mine);
    const leave = (): void => {
      if (this.turns.get(resource) === mine) this.turns.delete(resource);
    };
    mine.then(leave, leave);
    return mine;
  }
}
