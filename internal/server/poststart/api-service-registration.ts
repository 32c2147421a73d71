import { isDeepStrictEqual } from 'node:util';
import { type ApiService, MANAGED_LABEL } from '../../aggregator/api-service.js';
import type { ApiServices } from '../../aggregator/api-services.js';
import { child } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { StatusError } from '../../machinery/status.js';
import {
  BUILTIN_PRIORITIES,
  CUSTOM_GROUP_PRIORITY,
  CUSTOM_VERSION_PRIORITY,
} from '../../schema/discovery/priorities.js';
import type { InternalClient } from '../internal-client.js';
import { Worker } from './worker.js';

const log = logger('api-service-registration.ts');
const PATH = '/apis/apiregistration.k8s.io/v1/apiservices';
const MANAGER = 'kube-apiserver';
/** After a change: what is written in one go by a person or a tool is looked at together. */
const PAUSE_MS = 50;
const RETRY_MS = 1_000;

/** A group and version that this server serves itself. */
export interface LocalGroupVersion {
  readonly group: string;
  readonly version: string;
}

interface Wanted {
  readonly managed: 'onstart' | 'true';
  readonly spec: JsonObject;
}

export interface RegistrationController {
  /** What is served because of custom resources has changed. */
  wake(): void;
  stop(): void;
}

/** The APIServices that there have to be, by name. */
function wantedServices(custom: readonly LocalGroupVersion[]): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  const add = (
    managed: Wanted['managed'],
    { group, version }: LocalGroupVersion,
    priority: number,
    own: number,
  ): void => {
    const name = `${version}.${group}`;
    if (wanted.has(name)) return;
    const spec: JsonObject = { ...(group === '' ? {} : { group }), version };
    wanted.set(name, { managed, spec: { ...spec, groupPriorityMinimum: priority, versionPriority: own } });
  };
  for (const [group, version, priority, own] of BUILTIN_PRIORITIES) add('onstart', { group, version }, priority, own);
  for (const served of custom) add('true', served, CUSTOM_GROUP_PRIORITY, CUSTOM_VERSION_PRIORITY);
  return wanted;
}

/**
 * Keeps an APIService for every group and version that this server serves itself (kube-aggregator's autoregister
 * controller and the registration of custom resources), where `leads()` is true: what is missing is made, a changed spec
 * is set back, what is served no more is removed. Labels that others add stay, and an APIService without the label that
 * says who keeps it is left alone.
 */
export function keepApiServices(
  services: ApiServices,
  client: InternalClient,
  custom: () => readonly LocalGroupVersion[],
  leads: () => boolean,
): RegistrationController {
  let led = false;
  const worker = new Worker(() => (leads() ? reconcile(services, client, wantedServices(custom())) : done()), {
    pauseMs: PAUSE_MS,
    retryMs: RETRY_MS,
    failed: (e) => {
      log.warn(`APIServices: ${e instanceof Error ? e.message : JSON.stringify(e)}`);
    },
  });
  services.onChange(() => {
    worker.wake();
  });
  // A replica may come to lead without any change.
  const tick = setInterval(() => {
    const leading = leads();
    if (leading && !led) worker.wake();
    led = leading;
  }, RETRY_MS).unref();
  worker.wake();
  return {
    wake() {
      worker.wake();
    },
    stop() {
      clearInterval(tick);
      worker.stop();
    },
  };
}

const done = (): Promise<boolean> => Promise.resolve(false);

/** One pass; true when something is left to do. */
async function reconcile(
  services: ApiServices,
  client: InternalClient,
  wanted: ReadonlyMap<string, Wanted>,
): Promise<boolean> {
  let left = false;
  const have = new Map(services.all().map((api) => [api.name, api]));
  for (const name of new Set([...wanted.keys(), ...have.keys()])) {
    try {
      await settle(client, name, wanted.get(name), have.get(name));
    } catch (error) {
      // Somebody was faster: it is looked at again as it is then.
      if (!(error instanceof StatusError) || (error.code !== 409 && error.code !== 404)) {
        log.warn(`${name}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
      }
      left = true;
    }
  }
  return left;
}

async function settle(
  client: InternalClient,
  name: string,
  wanted: Wanted | undefined,
  have: ApiService | undefined,
): Promise<void> {
  const path = `${PATH}/${encodeURIComponent(name)}`;
  if (have === undefined) {
    if (wanted !== undefined) await client.create(PATH, made(name, wanted), MANAGER);
    return;
  }
  if (have.managed === '') return;
  if (wanted === undefined) {
    await client.remove(path);
    return;
  }
  if (isDeepStrictEqual(child(have.object, 'spec'), wanted.spec)) return;
  await client.update(path, { ...have.object, spec: wanted.spec }, MANAGER);
}

function made(name: string, { managed, spec }: Wanted): JsonObject {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name, labels: { [MANAGED_LABEL]: managed } },
    spec,
  };
}
