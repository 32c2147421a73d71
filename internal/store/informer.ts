import type { JsonObject } from '../machinery/json.js';
import { prefixEnd, resourceOf } from './keys.js';
import { mayHaveChanged } from './last-changes.js';
import { type StateReader, CompactedError } from './types.js';

/** Changes read at a time while catching up. */
const STEP = 512;
/** So many revisions behind, reading everything anew costs less than reading every change. */
const RELOAD_AFTER = 20_000;

/** What the informer needs of those that keep objects. */
interface Kept {
  readonly prefix: string;
  put(key: string, value: Buffer | undefined, revision: number): void;
  clear(): void;
  changed(): void;
}

/** Makes of a stored object, its key and the revision at which it was written what is kept; undefined when it does not count. */
export type Parse<T> = (object: JsonObject, key: string, modRevision: number) => T | undefined;

/** The objects of one resource, parsed once and kept; as new as what this replica has applied whenever they are asked for. */
export class InformedObjects<T extends object> implements Kept {
  private readonly objects = new Map<string, T>();
  private readonly indexes: ObjectIndex<T>[] = [];
  private readonly listeners: (() => void)[] = [];

  /** Made by `Informer.objects`. */
  constructor(
    readonly prefix: string,
    private readonly informer: { sync(): void },
    private readonly parse: Parse<T>,
  ) {}

  /** The object with this key, or undefined. */
  get(key: string): T | undefined {
    this.informer.sync();
    return this.objects.get(key);
  }

  /** Every object by its key. Nobody may change them. */
  all(): ReadonlyMap<string, T> {
    this.informer.sync();
    return this.objects;
  }

  /** An index kept beside the objects: an object is found below each of the names that `namesOf` gives it. */
  indexBy(namesOf: (object: T, key: string) => Iterable<string>): (name: string) => ReadonlySet<T> {
    const index = new ObjectIndex(namesOf);
    for (const [key, object] of this.objects) index.add(key, object);
    this.indexes.push(index);
    return (name) => {
      this.informer.sync();
      return index.find(name);
    };
  }

  /** Called after one of the objects came, changed or went, by whoever asked next and so found it. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** For the informer: what is stored under the key since `revision`. */
  put(key: string, value: Buffer | undefined, revision: number): void {
    const old = this.objects.get(key);
    if (old !== undefined) {
      this.objects.delete(key);
      for (const index of this.indexes) index.remove(key, old);
    }
    const object =
      value === undefined ? undefined : this.parse(JSON.parse(value.toString()) as JsonObject, key, revision);
    if (object === undefined) return;
    this.objects.set(key, object);
    for (const index of this.indexes) index.add(key, object);
  }
  clear(): void {
    this.objects.clear();
    for (const index of this.indexes) index.clear();
  }
  changed(): void {
    for (const listener of this.listeners) listener();
  }
}

const NONE: ReadonlySet<never> = new Set<never>();

class ObjectIndex<T extends object> {
  private readonly byName = new Map<string, Set<T>>();
  constructor(private readonly namesOf: (object: T, key: string) => Iterable<string>) {}

  find(name: string): ReadonlySet<T> {
    return this.byName.get(name) ?? NONE;
  }
  add(key: string, object: T): void {
    for (const name of this.namesOf(object, key)) {
      const found = this.byName.get(name);
      if (found === undefined) this.byName.set(name, new Set([object]));
      else found.add(object);
    }
  }
  remove(key: string, object: T): void {
    for (const name of this.namesOf(object, key)) {
      const found = this.byName.get(name);
      found?.delete(object);
      if (found?.size === 0) this.byName.delete(name);
    }
  }
  clear(): void {
    this.byName.clear();
  }
}

const informers = new WeakMap<StateReader, Informer>();

/**
 * One reader of the change history for all that keep parsed objects beside the store. It costs nothing until somebody
 * asks; then each change since the last time is read once and handed to those that keep its resource. Bounded by what
 * the store holds of the resources that somebody keeps.
 */
export class Informer {
  private readonly kept = new Map<string, Kept[]>();
  /** Everything up to this revision is in the objects. */
  private seen: number;

  private constructor(private readonly backend: StateReader) {
    this.seen = backend.revision;
  }

  /** The one of this backend. */
  static of(backend: StateReader): Informer {
    let informer = informers.get(backend);
    if (informer === undefined) informers.set(backend, (informer = new Informer(backend)));
    return informer;
  }

  /** Keeps the objects of a resource from now on. `prefix` is `group/resource/`. */
  objects<T extends object>(prefix: string, parse: Parse<T>): InformedObjects<T> {
    this.sync();
    const objects = new InformedObjects<T>(prefix, this, parse);
    this.load(objects);
    const peers = this.kept.get(prefix);
    if (peers === undefined) this.kept.set(prefix, [objects]);
    else peers.push(objects);
    return objects;
  }

  /** Takes in what this replica has applied since the last time. */
  sync(): void {
    const { revision } = this.backend;
    if (revision === this.seen) return;
    if (!mayHaveChanged(this.backend, this.kept.keys(), this.seen)) {
      this.seen = revision;
      return;
    }
    if (revision - this.seen > RELOAD_AFTER) {
      this.reload(revision);
      return;
    }
    const touched = new Set<Kept>();
    const isKept = (key: string): boolean => this.kept.has(resourceOf(key));
    try {
      while (this.seen < revision) {
        const changes = this.backend.changes(this.seen, STEP, isKept);
        for (const { key, value, revision: at } of changes) {
          for (const objects of this.kept.get(resourceOf(key)) ?? []) {
            objects.put(key, value, at);
            touched.add(objects);
          }
        }
        this.seen = changes.at(-1)?.revision ?? revision;
      }
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.reload(revision);
      return;
    }
    for (const objects of touched) objects.changed();
  }

  private reload(revision: number): void {
    const all = [...this.kept.values()].flat();
    for (const objects of all) this.load(objects);
    this.seen = revision;
    for (const objects of all) objects.changed();
  }

  private load(objects: Kept): void {
    objects.clear();
    const end = prefixEnd(objects.prefix);
    for (let start = objects.prefix; ; ) {
      const { items, more } = this.backend.range({ start, end });
      for (const { key, value, modRevision } of items) objects.put(key, value, modRevision);
      const last = items.at(-1);
      if (!more || last === undefined) return;
      start = `${last.key}\0`;
    }
  }
}
