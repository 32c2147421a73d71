import type { Strategy } from '../registry/types.js';
import type { Backend } from '../store/types.js';

/** What every verb needs. */
export interface RestDeps {
  readonly backend: Backend;
  /** The particulars of a resource; an empty strategy for one that has none. */
  strategyFor(group: string, resource: string): Strategy;
  /** Milliseconds since the epoch. */
  now(): number;
}
