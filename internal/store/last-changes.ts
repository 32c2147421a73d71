import { resourceOf } from './keys.js';
import type { StateReader } from './types.js';

/** Has an object of one of these resources changed after a revision? May say yes where none has. */
export function mayHaveChanged(
  reader: Pick<StateReader, 'lastChange'>,
  resources: Iterable<string>,
  after: number,
): boolean {
  for (const resource of resources) if (reader.lastChange(resource) > after) return true;
  return false;
}

/** Resources remembered, at most; one more, and each counts as changed at the revision of that moment. */
const RESOURCES_MAX = 4_096;

/**
 * At which revision the objects of each resource changed last, so that whoever follows a few resources need not look at the
 * changes of all others. May tell a later revision than the true one, never an earlier one.
 */
export class LastChanges {
  readonly #revisions = new Map<string, number>();
  /** Of changes up to here nothing is known. */
  #unknown: number;

  /** `revision`: that of a state whose changes nobody noted. */
  constructor(revision: number) {
    this.#unknown = revision;
  }

  /** An object was written or deleted, at this revision or before. */
  note(key: string, revision: number): void {
    const resource = resourceOf(key);
    if (this.#revisions.size >= RESOURCES_MAX && !this.#revisions.has(resource)) this.reset(revision);
    this.#revisions.set(resource, revision);
  }

  /** Of a resource, by its prefix `group/resource/`. */
  of(resource: string): number {
    return Math.max(this.#revisions.get(resource) ?? 0, this.#unknown);
  }

  /** Another state, at this revision, is in the place of the one before. */
  reset(revision: number): void {
    this.#revisions.clear();
    this.#unknown = revision;
  }
}
