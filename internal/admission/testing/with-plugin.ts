import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import type { PluginConfiguration } from '../config-file.js';
import { admissionChain } from '../plugins.js';

/** One replica with the default plugins and one more, as this object configures it. Close it. */
export function startWithPlugin(name: string, object?: JsonObject): Promise<Rest> {
  const configurations = new Map<string, PluginConfiguration>();
  if (object !== undefined) configurations.set(name, { path: 'test.yaml', object });
  return startRest(1, { admission: admissionChain({ enable: [name], configurations }) });
}

export const NAMESPACE = '/api/v1/namespaces/default';
export const MERGE = { contentType: 'application/merge-patch+json' };

/** A pod with one container, with `spec` over it. */
export const podOf = (name: string, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
});
