import { MASTERS } from '../auth/authenticator.js';
import type { UserInfo } from '../auth/types.js';
import type { RequestInfo } from '../rest/types.js';
import type { RequestContext } from './request-context.js';

/** Whether a verb changes something: there are other bounds for those. */
export const isMutating = (verb: string): boolean => MUTATING.has(verb);

const MUTATING = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', 'post', 'put']);
const LONG_RUNNING_SUBRESOURCES = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Requests beyond the bounds that only renewals of leases may make. */
const RENEWAL_SEATS = 50;
const RENEWAL_VERBS = new Set(['get', 'create', 'update', 'patch']);
const CONTROLLERS = new Set(['system:kube-controller-manager', 'system:kube-scheduler']);

/**
 * Whether the request renews the lease of a control plane component or of a node: who cannot renew gives up its work.
 * The users are those of the flow schemas `system-leader-election`, `kube-system-service-accounts` and `system-node-high`.
 */
function isRenewal(info: RequestInfo, user: UserInfo): boolean {
  if (info.resource !== 'leases' || info.group !== 'coordination.k8s.io' || !RENEWAL_VERBS.has(info.verb)) return false;
  return (
    CONTROLLERS.has(user.username) ||
    user.groups.includes('system:nodes') ||
    user.groups.includes('system:serviceaccounts:kube-system')
  );
}

/** How many requests are being handled; watches and the like are counted by themselves and never refused. */
export interface InFlight {
  /** The function to call when the request is done, or undefined when there are too many. */
  enter(request: RequestContext): (() => void) | undefined;
  readonly readOnly: number;
  readonly mutating: number;
}

/** True for requests that stay open by nature (apiserver's BasicLongRunningRequestCheck). */
export function isLongRunning({ verb, subresource, isResourceRequest, path }: RequestInfo): boolean {
  if (verb === 'watch' || verb === 'proxy') return true;
  return isResourceRequest ? LONG_RUNNING_SUBRESOURCES.has(subresource) : path.startsWith('/debug/pprof/');
}

/**
 * Bounds what is being handled to `--max-requests-inflight` reads and `--max-mutating-requests-inflight` writes, 0 for
 * no bound. The group system:masters and health checks are exempt, as priority level "exempt" is in kube-apiserver;
 * renewals of leases have 50 seats more.
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
      if (isLongRunning(info)) return nothing;
      const exempt = !info.isResourceRequest || user.groups.includes(MASTERS);
      if (MUTATING.has(info.verb)) {
        if (!exempt && isFull(maxMutating, state.mutating, info, user)) return undefined;
        state.mutating++;
        return doneWriting;
      }
      if (!exempt && isFull(maxReadOnly, state.readOnly, info, user)) return undefined;
      state.readOnly++;
      return doneReading;
    },
  };
}

function isFull(max: number, now: number, info: RequestInfo, user: UserInfo): boolean {
  if (max === 0 || now < max) return false;
  return now >= max + RENEWAL_SEATS || !isRenewal(info, user);
}
