import { call } from './cluster.js';

/** Makes node `n`, whose kubelet listens on this port of 127.0.0.1, and pod `p` on it in namespace default. Throws what is refused. */
export async function createPodOnNode(url: string, kubeletPort: number): Promise<void> {
  const create = async (where: string, body: object): Promise<void> => {
    const { status, body: text } = await call(`${url}${where}`, { method: 'POST', body });
    if (status !== 201) throw new Error(text);
  };
  await create('/api/v1/nodes', {
    metadata: { name: 'n' },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
    },
  });
  await create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  await create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  });
}
