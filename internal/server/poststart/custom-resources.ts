import type { CustomResources } from '../../extensions/custom-resources.js';
import type { Definition } from '../../extensions/definition.js';
import { child, children, str, strings } from '../../machinery/access.js';
import { Breath } from '../../machinery/breathe.js';
import type { JsonObject } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { CLEANUP_FINALIZER } from '../../registry/lifecycle/custom-resource-definitions.js';
import { commit } from '../../rest/write/plan.js';
import { prefixEnd, resourcePrefix } from '../../store/keys.js';
import type { Backend, KeyValue } from '../../store/types.js';
import type { InternalClient } from '../internal-client.js';
import { NamesInUse, namedStatus } from './custom-resource-names.js';
import { Worker } from './worker.js';

const log = logger('custom-resources.ts');
const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MANAGER = 'kube-apiserver';
/** Between two looks at what was applied, milliseconds: many writes to other kinds cost one look. */
const PAUSE_MS = 20;
/** Between two attempts while something is left to do, milliseconds. */
const RETRY_MS = 1_000;
/** Objects removed in one transaction. */
const BATCH_OBJECTS = 100;

export interface CustomResourceController {
  stop(): void;
}

/**
 * Keeps what is served true to the CustomResourceDefinitions on every replica; where `leads()` is true it also accepts
 * names, establishes definitions, and removes the objects of those that are being deleted.
 */
export function followCustomResources(
  backend: Backend,
  client: InternalClient,
  custom: CustomResources,
  leads: () => boolean,
): CustomResourceController {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let led = false;
  const worker = new Worker(
    () => {
      if (leads()) return reconcile(backend, client, custom, () => stopped);
      led = false; // what was not done now is due as soon as this replica leads
      return Promise.resolve(false);
    },
    {
      pauseMs: 0,
      retryMs: RETRY_MS,
      failed: (e) => {
        log.warn(`custom resource definitions: ${e instanceof Error ? e.message : JSON.stringify(e)}`);
      },
    },
  );
  custom.onDefinitions(() => {
    worker.wake();
  });
  // What is served follows at once, also while the worker waits for an answer.
  const look = (): void => {
    timer = undefined;
    custom.refresh();
    const leading = leads();
    if (leading && !led) worker.wake();
    led = leading;
  };
  const schedule = (ms: number): void => {
    if (!stopped) timer ??= setTimeout(look, ms);
  };
  const unsubscribe = backend.onApplied(() => {
    schedule(PAUSE_MS);
  });
  schedule(0);
  // A replica may come to lead without any write.
  const tick = setInterval(() => {
    if (leads() !== led) schedule(0);
  }, RETRY_MS).unref();
  return {
    stop() {
      stopped = true;
      unsubscribe();
      worker.stop();
      clearTimeout(timer);
      clearInterval(tick);
    },
  };
}

const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

/**
 * One pass over all definitions, in the order in which they were written, as kube-apiserver's queue has it: of two that
 * want the same names the first gets them. True when something is left to do later.
 */
async function reconcile(
  backend: Backend,
  client: InternalClient,
  custom: CustomResources,
  stopped: () => boolean,
): Promise<boolean> {
  let left = false;
  const breath = new Breath();
  // Whoever found the change has held the loop already.
  await breath.rest();
  for (const { object, definition } of custom.definitions) {
    if (breath.isDue()) await breath.rest();
    if (stopped()) return false;
    try {
      if (!(await settle(backend, client, custom, object, definition))) left = true;
    } catch (e) {
      left = true; // the others are not held up
      log.warn(`${definition.name}: ${e instanceof Error ? e.message : JSON.stringify(e)}`);
    }
  }
  return left;
}

/** Does what one definition is waiting for; true when nothing is left to do. */
async function settle(
  backend: Backend,
  client: InternalClient,
  custom: CustomResources,
  object: JsonObject,
  definition: Definition,
): Promise<boolean> {
  if (definition.terminating) {
    const kept = strings(child(object, 'metadata'), 'finalizers').includes(CLEANUP_FINALIZER);
    return !kept || cleanUp(backend, client, object, definition);
  }
  const status = namedStatus(object, namesIn(custom.definitions), now());
  if (status !== undefined) await client.update(`${pathOf(definition)}/status`, { ...object, status }, MANAGER);
  return true;
}

const inUse = new WeakMap<CustomResources['definitions'], NamesInUse>();

/** The names in use; gathered once as long as no definition changes. */
function namesIn(definitions: CustomResources['definitions']): NamesInUse {
  let names = inUse.get(definitions);
  if (names === undefined) {
    names = new NamesInUse(definitions.map((d) => d.object));
    inUse.set(definitions, names);
  }
  return names;
}

const pathOf = (definition: Definition): string => `${PATH}/${encodeURIComponent(definition.name)}`;

interface Ending {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}
const IN_PROGRESS: Ending = {
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
};
const COMPLETED: Ending = { status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' };
const NEVER: Ending = { status: 'False', reason: 'NeverEstablished', message: 'resource was never established' };

const conditionOf = (object: JsonObject, type: string): JsonObject | undefined =>
  children(child(object, 'status'), 'conditions').find((c) => str(c, 'type') === type);

/** Says in the definition's status how far its end has come (SetCRDCondition: its time is that of the status). */
function tell(client: InternalClient, object: JsonObject, definition: Definition, ending: Ending): Promise<JsonObject> {
  const was = conditionOf(object, 'Terminating');
  const since = str(was, 'status') === ending.status ? str(was, 'lastTransitionTime') : '';
  const condition = { type: 'Terminating', ...ending, lastTransitionTime: since === '' ? now() : since };
  const status: JsonObject = structuredClone(child(object, 'status')) ?? {};
  const others = children(status, 'conditions');
  status['conditions'] =
    was === undefined ? [...others, condition] : others.map((c) => (str(c, 'type') === 'Terminating' ? condition : c));
  return client.update(`${pathOf(definition)}/status`, { ...object, status }, MANAGER);
}

/** Removes the objects of a definition, then what keeps it; true when it is done. */
async function cleanUp(
  backend: Backend,
  client: InternalClient,
  object: JsonObject,
  definition: Definition,
): Promise<boolean> {
  let current = object;
  if (str(conditionOf(current, 'Terminating'), 'reason') !== IN_PROGRESS.reason) {
    current = await tell(client, current, definition, IN_PROGRESS);
  }
  // Names that were never accepted belong to another definition, and so do the objects.
  if (str(child(child(object, 'status'), 'acceptedNames'), 'plural') === definition.names.plural) {
    const prefix = resourcePrefix(definition.group, definition.names.plural);
    const end = prefixEnd(prefix);
    for (let start = prefix; ; ) {
      const { items } = backend.range({ start, end, limit: BATCH_OBJECTS });
      const last = items.at(-1);
      if (last === undefined) break;
      await removeAll(backend, client, definition, items);
      start = `${last.key}\0`;
    }
    await backend.readBarrier();
    if (backend.count(prefix, end) > 0) return false;
  }
  const finalizers = strings(child(object, 'metadata') ?? {}, 'finalizers').filter((f) => f !== CLEANUP_FINALIZER);
  const established = str(conditionOf(current, 'Established'), 'status') === 'True';
  const told = await tell(client, current, definition, established ? COMPLETED : NEVER);
  const rest: JsonObject = { ...child(told, 'metadata') };
  delete rest['finalizers'];
  await client.update(
    pathOf(definition),
    { ...told, metadata: { ...rest, ...(finalizers.length === 0 ? {} : { finalizers }) } },
    MANAGER,
  );
  return true;
}

/** Removes objects that nothing keeps; those with finalizers are marked, and go when their finalizers do. */
async function removeAll(
  backend: Backend,
  client: InternalClient,
  definition: Definition,
  items: readonly KeyValue[],
): Promise<void> {
  const gone: KeyValue[] = [];
  for (const item of items) {
    const meta = child(JSON.parse(item.value.toString()) as JsonObject, 'metadata');
    if (strings(meta, 'finalizers').length === 0) gone.push(item);
    else if (str(meta, 'deletionTimestamp') === '') await markDeleted(client, definition, meta);
  }
  if (gone.length === 0) return;
  const result = await commit(backend, [
    {
      compares: gone.map(({ key, modRevision }) => ({ key, modRevision })),
      operations: gone.map(({ key }) => ({ type: 'delete', key })),
      freesSpace: true,
      answer: () => undefined,
    },
  ]);
  // One of them changed meanwhile: the next pass sees it as it is then.
  if (!result.succeeded) log.verbose(2, `objects of ${definition.name} changed while they were removed`);
}

async function markDeleted(
  client: InternalClient,
  definition: Definition,
  meta: JsonObject | undefined,
): Promise<void> {
  const version = definition.versions.find((v) => v.served);
  if (version === undefined) return;
  const namespace = definition.namespaced ? `namespaces/${str(meta, 'namespace')}/` : '';
  const { group, names } = definition;
  await client.remove(
    `/apis/${group}/${version.name}/${namespace}${names.plural}/${encodeURIComponent(str(meta, 'name'))}`,
  );
}
