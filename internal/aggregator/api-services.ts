import { type InformedObjects, Informer } from '../store/informer.js';
import { resourcePrefix } from '../store/keys.js';
import type { StateReader } from '../store/types.js';
import { type ApiService, apiServiceOf } from './api-service.js';

const PREFIX = resourcePrefix('apiregistration.k8s.io', 'apiservices');
/** Between two looks at what was applied, milliseconds: many writes to other kinds cost one look. */
const PAUSE_MS = 20;

/**
 * The APIServices of this replica's own store. Requests are routed by what was found at the last look, so that they pay
 * one look-up in a map, and nothing for writes to other kinds.
 */
export class ApiServices {
  readonly #objects: InformedObjects<ApiService>;
  readonly #listeners: (() => void)[] = [];
  /** By group, then version: those behind which another server stands. */
  #remote = new Map<string, Map<string, ApiService>>();
  #timer: NodeJS.Timeout | undefined;
  readonly #unsubscribe: () => void;

  constructor(backend: StateReader) {
    this.#objects = Informer.of(backend).objects(PREFIX, apiServiceOf);
    this.#objects.onChange(() => {
      this.#changed();
    });
    this.#changed();
    this.#unsubscribe = backend.onApplied(() => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.refresh();
      }, PAUSE_MS);
    });
  }

  /** Called after one of them came, changed or went. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Takes note of what was applied since the last look. */
  refresh(): void {
    this.#objects.all();
  }

  /** All of them, as of the newest revision applied here. */
  all(): ApiService[] {
    return [...this.#objects.all().values()];
  }

  /** The one of this name. */
  get(name: string): ApiService | undefined {
    return this.#objects.get(`${PREFIX}${name}`);
  }

  /** The one behind which another server serves this group and version, as of the last look; undefined when it is served here or by nobody. */
  remote(group: string, version: string): ApiService | undefined {
    return this.#remote.get(group)?.get(version);
  }

  stop(): void {
    this.#unsubscribe();
    clearTimeout(this.#timer);
  }

  #changed(): void {
    const remote = new Map<string, Map<string, ApiService>>();
    for (const service of this.#objects.all().values()) {
      if (service.service === undefined || service.group === '') continue;
      const versions = remote.get(service.group);
      if (versions === undefined) remote.set(service.group, new Map([[service.version, service]]));
      else versions.set(service.version, service);
    }
    this.#remote = remote;
    for (const listener of this.#listeners) listener();
  }
}
