import type { RequestInfo } from '../rest/types.js';

/** Watches that are open, by what they see: a write costs more where many are told of it. */
export class WatchCounts {
  readonly #counts = new Map<string, number>();

  /** A watch has begun that sees all of a resource, or all of it in one namespace. */
  add(info: RequestInfo): void {
    const key = keyOf(info, info.namespace);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(info: RequestInfo): void {
    const key = keyOf(info, info.namespace);
    const left = (this.#counts.get(key) ?? 0) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }

  /** How many are told of a write. */
  interestedIn(info: RequestInfo): number {
    const everywhere = this.#counts.get(keyOf(info, '')) ?? 0;
    if (info.namespace === '') return everywhere;
    return everywhere + (this.#counts.get(keyOf(info, info.namespace)) ?? 0);
  }
}

const keyOf = ({ group, resource }: RequestInfo, namespace: string): string => `${group}/${resource}/${namespace}`;
