import { performance } from 'node:perf_hooks';
import type { RequestInfo } from '../rest/types.js';
import { findResource } from '../schema/resources.js';
import { prefixEnd, resourcePrefix } from '../store/keys.js';
import type { StateReader } from '../store/types.js';
import type { Stored } from './work-estimate.js';

/** How long a size is believed, milliseconds: as often kube-apiserver counts its objects. */
const KEPT_MS = 60_000;
/** Sizes that are kept; the oldest makes room. */
const MAX_KEPT = 1024;
/** Objects and bytes that are read to know how long one is. */
const SAMPLE_OBJECTS = 64;
const SAMPLE_BYTES = 256 * 1024;

/** What a list asks for. */
type Listed = Pick<RequestInfo, 'group' | 'version' | 'resource' | 'namespace'>;

/** How much there is to be listed, as of the last minute. */
export class StoredSizes {
  readonly #kept = new Map<string, { readonly stored: Stored; readonly at: number }>();

  constructor(private readonly backend: StateReader) {}

  /** Of the objects that a list with this path reads; nothing is stored of what other servers serve. */
  of({ group, version, resource, namespace }: Listed): Stored {
    const storage = findResource(group, version, resource)?.storage ?? { group, resource };
    const prefix = resourcePrefix(storage.group, storage.resource) + (namespace === '' ? '' : `${namespace}/`);
    const now = performance.now();
    const known = this.#kept.get(prefix);
    if (known !== undefined && now - known.at < KEPT_MS) return known.stored;
    const stored = this.#measure(prefix);
    this.#kept.delete(prefix);
    this.#kept.set(prefix, { stored, at: now });
    if (this.#kept.size > MAX_KEPT) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    return stored;
  }

  #measure(start: string): Stored {
    const end = prefixEnd(start);
    const { items, more } = this.backend.range({ start, end, limit: SAMPLE_OBJECTS, bytesMax: SAMPLE_BYTES });
    if (items.length === 0) return { count: 0, averageBytes: 0 };
    const bytes = items.reduce((sum, { value }) => sum + value.length, 0);
    const count = more ? this.backend.count(start, end) : items.length;
    return { count, averageBytes: bytes / items.length };
  }
}
