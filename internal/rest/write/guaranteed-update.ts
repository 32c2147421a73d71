import { conflict, OBJECT_MODIFIED } from '../../machinery/status.js';
import type { GroupResource } from '../../machinery/status.js';
import type { Backend, KeyValue } from '../../store/types.js';
import { StaleAdmission } from './admission.js';
import { commit, type WritePlan } from './plan.js';
import { rereadAfter } from './reread.js';

/** Times a write is worked out anew because the object, or something else that it read, changed under it. */
const ATTEMPTS = 32;

/**
 * What one attempt comes to: a plan to commit (with `others` in the same transaction), an answer without a write, or
 * the wish to look again.
 */
export type Step<T> =
  | { readonly plan: WritePlan<T>; readonly others?: readonly WritePlan<unknown>[] }
  | { readonly done: T }
  | 'again';

export interface Updating<T> {
  readonly key: string;
  /** Who is told of a conflict when every attempt failed. */
  readonly resource: GroupResource;
  readonly name: string;
  /** Works out the write from the stored object, which is undefined when there is none. */
  attempt(current: KeyValue | undefined): Step<T> | Promise<Step<T>>;
  /** Called after each attempt, when its outcome is known. */
  finished?(): void;
}

/**
 * Works out and commits a write of one key until it meets exactly what was read (storage.GuaranteedUpdate). The first
 * attempt trusts this replica's own copy; an error is believed only after a linearizable read. Throws what `attempt`
 * throws, and 409 after 32 attempts.
 */
export async function guaranteedUpdate<T>(backend: Backend, updating: Updating<T>): Promise<T> {
  const { key } = updating;
  let fresh = false;
  let current = backend.get(key);
  for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
    try {
      let step: Step<T>;
      try {
        step = await updating.attempt(current);
      } catch (e) {
        if (e instanceof StaleAdmission && attempts + 1 < ATTEMPTS) {
          current = backend.get(key);
          continue;
        }
        if (fresh) throw e;
        current = await rereadAfter(e, backend, key, current);
        fresh = true;
        continue;
      }
      if (step !== 'again') {
        if ('done' in step) return step.done;
        const { plan, others } = step;
        const result = await commit(backend, others === undefined ? [plan] : [plan, ...others]);
        if (result.succeeded) return plan.answer(result.revision);
      }
    } finally {
      updating.finished?.();
    }
    current = backend.get(key);
  }
  throw conflict(updating.resource, updating.name, OBJECT_MODIFIED);
}
