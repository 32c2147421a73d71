import type { JsonObject } from '../machinery/json.js';
import { type InformedObjects, Informer } from '../store/informer.js';
import { resourcePrefix } from '../store/keys.js';
import type { StateReader } from '../store/types.js';
import { type Definition, definitionOf } from './definition.js';
import { ServedResources, type ServedVersion } from './served.js';

const PREFIX = resourcePrefix('apiextensions.k8s.io', 'customresourcedefinitions');
interface Known {
  readonly object: JsonObject;
  readonly definition: Definition;
}

/**
 * The CustomResourceDefinitions of this replica's own store, and what is served because of them. They are looked at when
 * somebody asks, so that writes to other kinds pay nothing.
 */
export class CustomResources {
  readonly served = new ServedResources();
  readonly #objects: InformedObjects<Known>;
  /** In the order in which they were last written. */
  #inOrder: readonly Known[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #definitionListeners = new Set<() => void>();

  constructor(backend: StateReader) {
    this.#objects = Informer.of(backend).objects(PREFIX, (object, _key, modRevision) => ({
      object,
      definition: definitionOf(object, modRevision),
    }));
    this.#objects.onChange(() => {
      this.#changed();
    });
    this.#changed();
  }

  /** Called after what is served has changed, and at once when something is served already: after a restart. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
    if (this.#inOrder.length > 0) listener();
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
    this.#objects.all();
  }

  #changed(): void {
    const known = [...this.#objects.all()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
    this.#inOrder = known.toSorted((a, b) => a.definition.revision - b.definition.revision);
    if (this.served.set(known.map(({ definition }) => definition))) {
      for (const listener of this.#listeners) listener();
    }
    for (const listener of this.#definitionListeners) listener();
  }
}
