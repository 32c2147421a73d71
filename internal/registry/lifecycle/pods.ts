import { child, children, ensureChild, str } from '../../machinery/access.js';
import { cloneJson } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { ephemeralContainersErrors, resizeErrors } from '../core/rules/pod/pod-subresources.js';
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

/** Resources and their resize policy, container by container; nothing else (dropNonResizeUpdates). */
function takeResources(pod: JsonObject, sent: JsonObject, list: 'containers' | 'initContainers'): void {
  const wanted = new Map(children(child(sent, 'spec'), list).map((c) => [str(c, 'name'), c]));
  for (const c of children(child(pod, 'spec'), list)) {
    const from = wanted.get(str(c, 'name'));
    if (from === undefined) continue;
    setOrDelete(c, 'resources', from);
    setOrDelete(c, 'resizePolicy', from);
    if (c['resources'] === undefined) c['resources'] = {};
  }
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
      prepare(_ctx, pod, old) {
        const sent = cloneJson(pod);
        revert(pod, old);
        takeResources(pod, sent, 'containers');
        takeResources(pod, sent, 'initContainers');
      },
      validate: resizeErrors,
    },
  },
};
