import { child, children, ensureChild, str } from '../../machinery/access.js';
import { cloneJson } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { resizeErrors } from '../core/rules/pod/pod-resize.js';
import { ephemeralContainersErrors } from '../core/rules/pod/pod-subresources.js';
import type { Strategy } from '../types.js';

/** Makes `pod` the old pod, but for what every write may bring along. */
function revert(pod: JsonObject, old: JsonObject): void {
  const meta = child(pod, 'metadata') ?? {};
  const kept: JsonObject = { ...child(old, 'metadata') };
  for (const f of ['resourceVersion', 'uid', 'managedFields'] as const) {
    if (meta[f] === undefined) delete kept[f];
    else kept[f] = meta[f];
  }
  for (const f of Object.keys(pod)) if (f !== 'kind' && f !== 'apiVersion') delete pod[f];
  Object.assign(pod, cloneJson(old));
  pod['metadata'] = kept;
}

function setOrDelete(o: JsonObject, key: string, from: JsonObject | undefined): void {
  const v = from?.[key];
  if (v === undefined) delete o[key];
  else o[key] = v;
}

const LISTS = ['containers', 'initContainers'] as const;

const listOf = (pod: JsonObject, list: (typeof LISTS)[number]): JsonObject[] => children(child(pod, 'spec'), list);

/** Resources and their resize policy, container by container; containers in another order come as they are, to be refused. */
function takeResources(pod: JsonObject, sent: JsonObject, list: (typeof LISTS)[number]): void {
  const wanted = listOf(sent, list);
  const own = listOf(pod, list);
  if (own.some((c, i) => str(c, 'name') !== str(wanted[i], 'name'))) {
    ensureChild(pod, 'spec')[list] = wanted;
    return;
  }
  for (const [i, c] of own.entries()) {
    setOrDelete(c, 'resources', wanted[i]);
    setOrDelete(c, 'resizePolicy', wanted[i]);
    if (c['resources'] === undefined) c['resources'] = {};
  }
}

/** Takes resources from what was sent and nothing else (dropNonResizeUpdates). Other containers are left to validation. */
function prepareResize(pod: JsonObject, old: JsonObject): void {
  if (LISTS.some((list) => listOf(pod, list).length !== listOf(old, list).length)) return;
  const sent = cloneJson(pod);
  revert(pod, old);
  setOrDelete(ensureChild(pod, 'spec'), 'resources', child(sent, 'spec'));
  for (const list of LISTS) takeResources(pod, sent, list);
}

/** The parts of a pod that can only be changed through a subresource of their own (pkg/registry/core/pod). */
export const pods: Strategy = {
  statusKeepsMetadata: ['ownerReferences', 'deletionTimestamp'],
  subresources: {
    ephemeralcontainers: {
      generation: true,
      prepare(_ctx, pod, old) {
        const sent = child(pod, 'spec')?.['ephemeralContainers'];
        revert(pod, old);
        const spec = ensureChild(pod, 'spec');
        if (sent === undefined) delete spec['ephemeralContainers'];
        else spec['ephemeralContainers'] = sent;
      },
      validate: ephemeralContainersErrors,
    },
    resize: {
      generation: true,
      prepare: (_ctx, pod, old) => prepareResize(pod, old),
      validate: resizeErrors,
    },
  },
};
