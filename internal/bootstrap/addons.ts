import { child, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { type AddonObject, coreDns, kubeProxy } from './addon-objects.js';
import { type ApiClient, succeeded } from './api-client.js';
import { type KubeadmConfig, yamlOf } from './kubeadm-config.js';
import type { Patched } from './patches.js';

export const ADDONS = ['coredns', 'kube-proxy'] as const;
export type Addon = (typeof ADDONS)[number];

/** What addons are made of. */
export interface AddonOptions {
  readonly config: KubeadmConfig;
  /** https://host:port of the API, for kube-proxy. */
  readonly server: string;
  readonly advertiseAddress: string;
  /** What a person changes of a manifest, by kubeadm's name of it. */
  readonly patched: Patched;
}

async function objectsOf(addon: Addon, options: AddonOptions): Promise<AddonObject[]> {
  const { config, server, advertiseAddress, patched } = options;
  if (addon === 'kube-proxy') return kubeProxy(config, server, advertiseAddress);
  const objects: AddonObject[] = [];
  for (const { collection, object } of coreDns(config)) {
    const isDeployment = str(object, 'kind') === 'Deployment';
    objects.push({ collection, object: isDeployment ? await patched('corednsdeployment', object) : object });
  }
  return objects;
}

/** Is the addon switched off in the configuration? */
export function isDisabled(addon: Addon, { cluster }: KubeadmConfig): boolean {
  return child(cluster, addon === 'coredns' ? 'dns' : 'proxy')?.['disabled'] === true;
}

/** The YAML of an addon's objects. */
export async function addonManifest(addon: Addon, options: AddonOptions): Promise<string> {
  return (await objectsOf(addon, options)).map(({ object }) => `---\n${yamlOf(object)}`).join('');
}

/**
 * Makes an addon's objects, or brings them up to date. As with kubeadm, how many replicas CoreDNS has and a Corefile that
 * was changed stay as they are. Throws FatalError when that cannot be.
 */
export async function applyAddon(client: ApiClient, addon: Addon, options: AddonOptions): Promise<void> {
  for (const { collection, object } of await objectsOf(addon, options)) {
    const path = `${collection}/${encodeURIComponent(str(child(object, 'metadata'), 'name'))}`;
    const stored = await client.get(path);
    // A Service is not made a second time for another reason than that its name is taken: so is its address.
    if (stored === undefined) await client.apply(collection, object);
    else succeeded(await client.ask('PUT', path, kept(object, stored)), `updating ${path}`);
  }
}

function kept(object: JsonObject, stored: JsonObject): JsonObject {
  switch (str(object, 'kind')) {
    case 'Deployment':
      return { ...object, spec: { ...child(object, 'spec'), replicas: child(stored, 'spec')?.['replicas'] ?? 2 } };
    case 'ConfigMap': {
      const corefile = str(child(stored, 'data'), 'Corefile');
      return corefile === '' ? object : { ...object, data: { ...child(object, 'data'), Corefile: corefile } };
    }
    default:
      return object;
  }
}
