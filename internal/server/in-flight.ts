import { MASTERS } from '../auth/authenticator.js';
import type { RequestContext } from './request-context.js';

const MUTATING = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', 'post', 'put']);
const LONG_RUNNING_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** How many requests are being handled; watches and the like are counted by themselves and never refused. */
export interface InFlight {
  /** The function to call when the request is done, or undefined when there are too many. */
  enter(request: RequestContext): (() => void) | undefined;
  readonly readOnly: number;
  readonly mutating: number;
}

/** True for requests that stay open by nature (apiserver's BasicLongRunningRequestCheck). */
export function isLongRunning(verb: string, subresource: string): boolean {
  return verb === 'watch' || verb === 'proxy' || LONG_RUNNING_SUBRESOURCES.has(subresource);
}

/**
 * Bounds what is being handled to `--max-requests-inflight` reads and `--max-mutating-requests-inflight` writes, 0 for
 * no bound. The group system:masters and health checks are exempt, as priority level "exempt" is in kube-apiserver.
 */
export function inFlightLimit(maxReadOnly: number, maxMutating: number): InFlight {
  const state = { readOnly: 0, mutating: 0 };
  const doneReading = (): void => {
    state.readOnly--;
  };
  const doneWriting = (): void => {
    state.mutating--;
  };
  const nothing = (): void => undefined;
  return {
    get readOnly() {
      return state.readOnly;
    },
    get mutating() {
      return state.mutating;
    },
    enter(request) {
      const { info, user } = request;
      if (isLongRunning(info.verb, info.subresource)) return nothing;
      const exempt = !info.isResourceRequest || user.groups.includes(MASTERS);
      if (MUTATING.has(info.verb)) {
        if (!exempt && maxMutating > 0 && state.mutating >= maxMutating) return undefined;
        state.mutating++;
        return doneWriting;
      }
      if (!exempt && maxReadOnly > 0 && state.readOnly >= maxReadOnly) return undefined;
      state.readOnly++;
      return doneReading;
    },
  };
}
