import { type ApiService, availableCondition } from '../../aggregator/api-service.js';
import type { ApiServices } from '../../aggregator/api-services.js';
import { type Availability, availabilityOf } from '../../aggregator/availability.js';
import type { BackendServers } from '../../aggregator/backend-server.js';
import type { ServiceObjects } from '../../callout/index.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { StatusError } from '../../machinery/status.js';
import { objectKey, prefixEnd } from '../../store/keys.js';
import type { Backend } from '../../store/types.js';
import type { InternalClient } from '../internal-client.js';

const log = logger('api-service-availability.ts');
const PATH = '/apis/apiregistration.k8s.io/v1/apiservices';
const MANAGER = 'kube-apiserver';
/** Between two looks at whether an APIService is due, milliseconds. */
const TICK_MS = 500;
/** Between two checks of one that is available (kube-aggregator's resync). */
const RESYNC_MS = 30_000;
/** Between two checks of one that is not: doubled up to RESYNC_MS. */
const RETRY_MS = 1_000;
/** APIServices that are checked at the same time: those that do not answer hold up no others for long. */
const CONCURRENCY = 32;
/** Endpoint slices of one service whose changes are noticed at once. */
const MAX_SLICES = 32;
/** Checks remembered of APIServices that may be gone. */
const MAX_FORGOTTEN = 4096;

export interface AvailabilityController {
  /** Names of the APIServices that are not available. */
  unavailable(): string[];
  stop(): void;
}

interface Check {
  /** What was checked. */
  readonly seen: string;
  /** Milliseconds of `performance.now()`. */
  readonly due: number;
  readonly pauseMs: number;
}

export interface AvailabilityParts {
  readonly backend: Backend;
  readonly services: ApiServices;
  readonly servers: BackendServers;
  readonly objects: ServiceObjects;
  readonly client: InternalClient;
  readonly leads: () => boolean;
}

/**
 * Keeps the condition Available of every APIService true (kube-aggregator's AvailableConditionControllers): where
 * `leads()` is true it looks at the service and asks the server behind it, when the APIService, the service or its
 * endpoint slices change, and again and again after that.
 */
export function keepAvailability(parts: AvailabilityParts): AvailabilityController {
  const { backend, services, leads } = parts;
  const checks = new Map<string, Check>();
  const running = new Set<string>();
  let stopped = false;

  const check = async (api: ApiService, seen: string): Promise<void> => {
    const before = checks.get(api.name);
    let good = false;
    try {
      const found = await availabilityOf(api, parts.objects, parts.servers);
      good = found?.status === 'True';
      if (found !== undefined && !stopped) await tell(parts.client, api, found);
    } catch (error) {
      log.warn(`${api.name}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
    } finally {
      const first = before?.seen === seen ? before.pauseMs * 2 : RETRY_MS;
      const pauseMs = good ? RESYNC_MS : Math.min(RESYNC_MS, first);
      checks.set(api.name, { seen, due: performance.now() + pauseMs, pauseMs });
      running.delete(api.name);
      look();
    }
  };
  const look = (): void => {
    if (stopped) return;
    if (!leads()) {
      checks.clear();
      return;
    }
    for (const api of services.all()) {
      if (running.size >= CONCURRENCY) return;
      if (running.has(api.name) || (api.service === undefined && api.available)) continue;
      const known = checks.get(api.name);
      const seen = seenOf(backend, api);
      if (known?.seen === seen && known.due > performance.now()) continue;
      running.add(api.name);
      void check(api, seen);
    }
    if (checks.size > MAX_FORGOTTEN)
      for (const name of checks.keys()) if (services.get(name) === undefined) checks.delete(name);
  };
  services.onChange(look);
  const tick = setInterval(look, TICK_MS).unref();
  look();
  return {
    unavailable: () =>
      services
        .all()
        .filter((api) => !api.available)
        .map((api) => api.name),
    stop() {
      stopped = true;
      clearInterval(tick);
    },
  };
}

/** Changes whenever the spec does, or the service, or the endpoint slices that are named after it, as they are by their controller. */
function seenOf(backend: Backend, api: ApiService): string {
  const spec = JSON.stringify(child(api.object, 'spec'));
  if (api.service === undefined) return spec;
  const { namespace, name } = api.service;
  const service = backend.get(objectKey('', 'services', namespace, name))?.modRevision ?? 0;
  const start = objectKey('discovery.k8s.io', 'endpointslices', namespace, name);
  const { items } = backend.range({ start, end: prefixEnd(start), limit: MAX_SLICES });
  return [spec, service, ...items.map((i) => i.modRevision)].join(' ');
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

/** Writes the condition, unless it says so already. */
async function tell(client: InternalClient, api: ApiService, found: Availability): Promise<void> {
  const have = availableCondition(api.object);
  if (have !== undefined && ['status', 'reason', 'message'].every((k) => have[k] === found[k as keyof Availability]))
    return;
  const same = have !== undefined && have['status'] === found.status;
  const condition: JsonObject = {
    type: 'Available',
    status: found.status,
    lastTransitionTime: same ? (have['lastTransitionTime'] ?? now()) : now(),
    reason: found.reason,
    message: found.message,
  };
  const old = child(api.object, 'status');
  const others = children(old, 'conditions').filter((c) => str(c, 'type') !== 'Available');
  const status: JsonObject = { ...old, conditions: [...others, condition] };
  try {
    await client.update(`${PATH}/${encodeURIComponent(api.name)}/status`, { ...api.object, status }, MANAGER);
  } catch (error) {
    // It changed or went meanwhile, and is looked at again as it is then.
    if (!(error instanceof StatusError) || (error.code !== 409 && error.code !== 404)) throw error;
  }
}
