import { StatusError } from '../machinery/status.js';

/** Times a patch that met a conflict is tried again (kube-apiserver's MaxRetryWhenPatchConflicts). */
const RETRIES = 5;

/**
 * A patch says what is to change, not from which version: on conflict it is applied to the newer one. Conflicts about
 * field ownership (which have causes) are answers. With `enabled` false it is tried once.
 */
export async function retryConflicts<T>(enabled: boolean, attempt: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (e) {
      if (!enabled || !(e instanceof StatusError) || e.reason !== 'Conflict' || retries >= RETRIES) throw e;
      if (e.status.details?.causes !== undefined) throw e;
    }
  }
}
