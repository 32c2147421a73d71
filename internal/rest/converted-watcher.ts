import { StatusError } from '../machinery/status.js';
import type { ChangeEvent } from '../store/types.js';
import type { EventEncoding } from './encoding.js';
import type { LazyObject } from './lazy.js';
import type { Prepare } from './lister.js';
import type { SharedEvent } from './watch-event.js';
import { BATCH_CHANGES } from './watch-hub.js';
import { Watcher } from './watcher.js';

/**
 * A watch in a version for which a conversion webhook has to be asked. It never joins those that the hub writes to, which
 * cannot wait: it reads the history by itself whenever something was applied. What the webhook makes of a change is
 * shared with the other watches of its kind. A conversion that fails ends the watch with the error.
 */
export class ConvertedWatcher extends Watcher {
  override readonly readsByItself = true;
  /** Has objects converted before the filter looks at them, where it must. */
  before: Prepare | undefined;
  private running = false;
  private again = false;

  protected override get isCurrent(): boolean {
    return !this.running && !this.waiting;
  }

  protected override advance(): void {
    this.again = true;
    if (this.running) return;
    this.running = true;
    void this.run();
  }

  private async run(): Promise<void> {
    try {
      while (this.again && !this.isOver()) {
        this.again = false;
        while (!this.isOver() && (await this.step()));
      }
    } catch (error) {
      if (error instanceof StatusError) this.fail(error);
      else this.broke(error);
    }
    this.running = false;
  }

  private isOver(): boolean {
    return this.closed || this.waiting;
  }

  /** Writes the next part; whether there is more. */
  private async step(): Promise<boolean> {
    const { initial, hub } = this;
    if (initial !== undefined) {
      const { before } = this;
      const page =
        before === undefined
          ? initial.page()
          : await initial.convertedPage((objects) => this.inTurn(() => before(objects)));
      if (this.isOver()) return false;
      await this.prepare(page);
      return this.isOver() ? false : this.readInitial(initial, page);
    }
    const { backend } = hub.deps;
    if (this.floor >= backend.revision) return false;
    const changes = backend.changes(this.floor, BATCH_CHANGES);
    if (changes.length === 0) {
      this.floor = backend.revision;
      return false;
    }
    const events = new Map<ChangeEvent, SharedEvent>(changes.map((change) => [change, hub.shared(change)]));
    const { before } = this;
    if (before !== undefined) {
      const sides = [...events.values()].flatMap((event) => event.sides(this.cls.filter));
      await this.inTurn(() => before(sides));
      if (this.isOver()) return false;
    }
    const objects: LazyObject[] = [];
    for (const event of events.values()) {
      const object = event.objectFor(this.cls.filter);
      if (object !== undefined) objects.push(object);
    }
    await this.prepare(objects);
    return this.isOver() ? false : this.writeHistory(changes, (change) => events.get(change) ?? hub.shared(change));
  }

  private prepare(objects: readonly LazyObject[]): Promise<void> {
    const { prepare } = this.cls.encoding;
    if (prepare === undefined || objects.length === 0) return Promise.resolve();
    return this.inTurn(() => prepare(objects));
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    return this.hub.inTurn(this.cls.resource, () => (this.closed ? Promise.resolve() : work()));
  }
}

/** Whether the events of this encoding have to be waited for. */
export function isConverted(encoding: EventEncoding): boolean {
  return encoding.prepare !== undefined;
}
