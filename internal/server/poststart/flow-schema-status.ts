import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { objectKey, prefixEnd, resourcePrefix } from '../../store/keys.js';
import { type Backend, CompactedError } from '../../store/types.js';
import type { InternalClient } from '../internal-client.js';
import { Worker } from './worker.js';

const log = logger('flow-schema-status.ts');
const GROUP = 'flowcontrol.apiserver.k8s.io';
const MANAGER = 'api-priority-and-fairness-config-consumer-v1';
const SCHEMAS = resourcePrefix(GROUP, 'flowschemas');
const LEVELS = resourcePrefix(GROUP, 'prioritylevelconfigurations');
/** Until the next attempt after a failure, and between two looks at who leads, milliseconds. */
const RETRY_MS = 1_000;
/** Changes looked at in one go. */
const BATCH_CHANGES = 1024;

/** Keeps the `Dangling` condition of flow schemas true to whether their priority level exists (apiserver's config controller). */
export interface FlowSchemaStatus {
  stop(): void;
}

/** Starts it. Every replica follows the changes; only the one for which `leads()` is true writes. */
export function followFlowSchemas(backend: Backend, client: InternalClient, leads: () => boolean): FlowSchemaStatus {
  let seen = backend.revision;
  let led = false;
  const worker = new Worker(
    async () => {
      if (leads()) await reconcileAll(backend, client);
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
  const touched = (): boolean => {
    let relevant = false;
    try {
      for (;;) {
        const changes = backend.changes(seen, BATCH_CHANGES);
        const last = changes.at(-1);
        if (last === undefined) break;
        seen = last.revision;
        relevant ||= changes.some((c) => c.key.startsWith(SCHEMAS) || c.key.startsWith(LEVELS));
      }
    } catch (e) {
      if (!(e instanceof CompactedError)) throw e;
      seen = backend.revision; // what was missed is found by looking at everything
      relevant = true;
    }
    return relevant;
  };
  const look = (): void => {
    const leading = leads();
    // A new leader finishes what the last one may have left.
    if (touched() || (leading && !led)) worker.wake();
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

async function reconcileAll(backend: Backend, client: InternalClient): Promise<void> {
  for (const kv of backend.range({ start: SCHEMAS, end: prefixEnd(SCHEMAS) }).items) {
    const schema = JSON.parse(kv.value.toString('utf8')) as JsonObject;
    const name = str(child(schema, 'metadata'), 'name');
    const level = str(child(child(schema, 'spec'), 'priorityLevelConfiguration'), 'name');
    const exists = backend.get(objectKey(GROUP, 'prioritylevelconfigurations', '', level)) !== undefined;
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
