import type { JsonObject } from '../machinery/json.js';
import { prefixEnd, resourcePrefix } from '../store/keys.js';
import { type StateReader, CompactedError } from '../store/types.js';
import { type Definition, definitionOf } from './definition.js';
import { ServedResources, type ServedVersion } from './served.js';

const PREFIX = resourcePrefix('apiextensions.k8s.io', 'customresourcedefinitions');
/** So many changes behind, looking at the definitions costs less than looking at every change. */
const RELOAD_AFTER = 256;

interface Known {
  readonly modRevision: number;
  readonly object: JsonObject;
  readonly definition: Definition;
}

/**
 * The CustomResourceDefinitions of this replica's own store, and what is served because of them. They are looked at when
 * somebody asks, so that writes to other kinds pay nothing.
 */
export class CustomResources {
  readonly served = new ServedResources();
  #known = new Map<string, Known>();
  /** The same in the order in which they were last written. */
  #inOrder: readonly Known[] = [];
  #seen = -1;
  #listeners = new Set<() => void>();
  #definitionListeners = new Set<() => void>();

  constructor(private readonly backend: StateReader) {}

  /** Called after what is served has changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Called after a definition came, went or changed, whoever it was that asked and so found it. */
  onDefinitions(listener: () => void): void {
    this.#definitionListeners.add(listener);
  }

  /**
   * The stored definitions, as of the newest revision applied here, in the order in which they were last written. Nobody
   * may change them.
   */
  get definitions(): readonly { readonly object: JsonObject; readonly definition: Definition }[] {
    this.refresh();
    return this.#inOrder;
  }

  /** The served custom resource of this group, version and plural name, or undefined. */
  find(group: string, version: string, plural: string): ServedVersion | undefined {
    this.refresh();
    return this.served.find(group, version, plural);
  }

  /** The served custom resource of a kind, or undefined. */
  findKind(group: string, version: string, kind: string): ServedVersion | undefined {
    this.refresh();
    return this.served.findKind(group, version, kind);
  }

  /** Every served version of a custom resource. */
  versionsOf(group: string, plural: string): readonly ServedVersion[] {
    this.refresh();
    return this.served.versionsOf(group, plural);
  }

  /** Takes note of what was applied since the last time. */
  refresh(): void {
    const { revision } = this.backend;
    if (revision === this.#seen) return;
    const touched = this.#seen < 0 || revision - this.#seen > RELOAD_AFTER || this.#touchedSince(this.#seen, revision);
    this.#seen = revision;
    if (!touched || !this.#reload()) return;
    if (this.served.set([...this.#known.values()].map((k) => k.definition))) {
      for (const listener of this.#listeners) listener();
    }
    for (const listener of this.#definitionListeners) listener();
  }

  #touchedSince(after: number, revision: number): boolean {
    try {
      for (let at = after; at < revision; ) {
        const changes = this.backend.changes(at, RELOAD_AFTER);
        if (changes.some((c) => c.key.startsWith(PREFIX))) return true;
        const last = changes.at(-1);
        if (last === undefined) return false;
        at = last.revision;
      }
      return false;
    } catch (e) {
      if (!(e instanceof CompactedError)) throw e;
      return true; // what was missed is found by looking at everything
    }
  }

  #reload(): boolean {
    const next = new Map<string, Known>();
    let changed = false;
    let start = PREFIX;
    for (;;) {
      const { items, more } = this.backend.range({ start, end: prefixEnd(PREFIX) });
      for (const { key, value, modRevision } of items) {
        const known = this.#known.get(key);
        if (known?.modRevision === modRevision) {
          next.set(key, known);
          continue;
        }
        const object = JSON.parse(value.toString()) as JsonObject;
        next.set(key, { modRevision, object, definition: definitionOf(object, modRevision) });
        changed = true;
      }
      const last = items.at(-1);
      if (!more || last === undefined) break;
      start = `${last.key}\0`;
    }
    changed ||= next.size !== this.#known.size;
    this.#known = next;
    if (changed) this.#inOrder = [...next.values()].toSorted((a, b) => a.modRevision - b.modRevision);
    return changed;
  }
}
