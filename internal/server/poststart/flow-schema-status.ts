import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { type InformedObjects, Informer } from '../../store/informer.js';
import { resourcePrefix } from '../../store/keys.js';
import type { StateReader } from '../../store/types.js';
import type { InternalClient } from '../internal-client.js';
import { Worker } from './worker.js';

const log = logger('flow-schema-status.ts');
const GROUP = 'flowcontrol.apiserver.k8s.io';
const MANAGER = 'api-priority-and-fairness-config-consumer-v1';
const SCHEMAS = resourcePrefix(GROUP, 'flowschemas');
const LEVELS = resourcePrefix(GROUP, 'prioritylevelconfigurations');
/** Until the next attempt after a failure, and between two looks at who leads, milliseconds. */
const RETRY_MS = 1_000;

/** Keeps the `Dangling` condition of flow schemas true to whether their priority level exists (apiserver's config controller). */
export interface FlowSchemaStatus {
  stop(): void;
}

/** Starts it. Every replica follows the changes; only the one for which `leads()` is true writes. */
export function followFlowSchemas(
  backend: StateReader,
  client: InternalClient,
  leads: () => boolean,
): FlowSchemaStatus {
  let led = false;
  const informer = Informer.of(backend);
  const schemas = informer.objects(SCHEMAS, (object) => object);
  const levels = informer.objects(LEVELS, (object) => object);
  const worker = new Worker(
    async () => {
      if (leads()) await reconcileAll(schemas, levels, client);
      return false;
    },
    {
      pauseMs: 0,
      retryMs: RETRY_MS,
      failed: (e) => {
        log.warn(`flow schema status: ${e instanceof Error ? e.message : JSON.stringify(e)}`);
      },
    },
  );
  for (const objects of [schemas, levels]) {
    objects.onChange(() => {
      worker.wake();
    });
  }
  const look = (): void => {
    informer.sync();
    const leading = leads();
    // A new leader finishes what the last one may have left.
    if (leading && !led) worker.wake();
    led = leading;
  };
  const unsubscribe = backend.onApplied(look);
  // A replica may come to lead without any write.
  const tick = setInterval(look, RETRY_MS).unref();
  return {
    stop() {
      unsubscribe();
      clearInterval(tick);
      worker.stop();
    },
  };
}

async function reconcileAll(
  schemas: InformedObjects<JsonObject>,
  levels: InformedObjects<JsonObject>,
  client: InternalClient,
): Promise<void> {
  for (const schema of schemas.all().values()) {
    const name = str(child(schema, 'metadata'), 'name');
    const level = str(child(child(schema, 'spec'), 'priorityLevelConfiguration'), 'name');
    const exists = levels.get(`${LEVELS}${level}`) !== undefined;
    const wanted = danglingCondition(level, exists);
    const have = children(child(schema, 'status'), 'conditions').find((c) => str(c, 'type') === 'Dangling');
    if (have !== undefined && ['status', 'reason', 'message'].every((k) => have[k] === wanted[k])) continue;
    const lastTransitionTime =
      have !== undefined && have['status'] === wanted['status'] && have['lastTransitionTime'] !== undefined
        ? have['lastTransitionTime']
        : `${new Date().toISOString().slice(0, 19)}Z`;
    await client.apply(
      `/apis/${GROUP}/v1/flowschemas/${encodeURIComponent(name)}/status`,
      {
        apiVersion: `${GROUP}/v1`,
        kind: 'FlowSchema',
        metadata: { name },
        status: { conditions: [{ ...wanted, lastTransitionTime }] },
      },
      MANAGER,
    );
  }
}

/** The condition as kube-apiserver's texts have it. */
export function danglingCondition(level: string, exists: boolean): JsonObject {
  const quoted = JSON.stringify(level);
  return exists
    ? {
        type: 'Dangling',
        status: 'False',
        reason: 'Found',
        message: `This FlowSchema references the PriorityLevelConfiguration object named ${quoted} and it exists`,
      }
    : {
        type: 'Dangling',
        status: 'True',
        reason: 'NotFound',
        message: `This FlowSchema references the PriorityLevelConfiguration object named ${quoted} but there is no such object`,
      };
}
