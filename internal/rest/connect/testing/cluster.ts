import { Callout } from '../../../callout/index.js';
import type { JsonObject } from '../../../machinery/json.js';
import { startTestServer, type TestServer } from '../../../server/testing.js';
import { createRest } from '../../index.js';
import { TestStore } from '../../testing.js';
import type { RestDeps } from '../../deps.js';
import { DEFAULT_ADDRESS_TYPES } from '../connections.js';
import { TestKubelet } from './kubelet.js';

/** A server, and a kubelet that it reaches as node `n`; pod `p` of namespace `ns` with container `c` runs there. */
export interface TestCluster {
  readonly server: TestServer;
  readonly store: TestStore;
  readonly kubelet: TestKubelet;
  putPod(name: string, more: JsonObject): Promise<void>;
  close(): Promise<void>;
}

export async function startTestCluster(more: Partial<RestDeps> = {}): Promise<TestCluster> {
  const kubelet = await TestKubelet.start();
  const store = await TestStore.open();
  const callout = new Callout();
  const connections = {
    callout,
    kubelet: { ca: kubelet.ca.cert, cert: kubelet.client.cert, key: kubelet.client.key },
    preferredAddressTypes: DEFAULT_ADDRESS_TYPES,
    mayProxyTo: () => true,
  };
  const server = await startTestServer(0, createRest({ ...store.deps, connections, ...more }));
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } },
  };
  await store.put('', 'n', { status }, 'Node');
  await store.put('', 'w', { status: { ...status, declaredFeatures: ['ExtendWebSocketsToKubelet'] } }, 'Node');
  const putPod = async (name: string, extra: JsonObject): Promise<void> => {
    const spec = {
      nodeName: 'n',
      containers: [{ name: 'c', image: 'i' }],
      ...(extra['spec'] as JsonObject | undefined),
    };
    await store.put('ns', name, { ...extra, spec }, 'Pod');
  };
  await putPod('p', { status: { podIPs: [{ ip: '127.0.0.1' }] } });
  return {
    server,
    store,
    kubelet,
    putPod,
    close: async () => {
      callout.close();
      await server.close();
      await kubelet.close();
      await store.close();
    },
  };
}
