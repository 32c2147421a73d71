import { once } from 'node:events';
import net from 'node:net';
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

/** The same, with the pod told to run: kubectl waits for that. */
export async function createRunningPod(url: string, kubeletPort: number): Promise<void> {
  await createPodOnNode(url, kubeletPort);
  const { status, body } = await call(`${url}/api/v1/namespaces/default/pods/p/status`, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { status: { phase: 'Running' } },
  });
  if (status !== 200) throw new Error(body);
}

/** What a pod listens with on 127.0.0.1: it reads a question of so many bytes, and answers. */
export class AnsweringPod {
  /** The question of the last connection. */
  asked: Buffer = Buffer.alloc(0);
  readonly #server: net.Server;

  private constructor(questionBytes: number, answer: Buffer) {
    this.#server = net.createServer((socket) => {
      const taken: Buffer[] = [];
      let bytes = 0;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        taken.push(chunk);
        bytes += chunk.length;
        if (bytes < questionBytes) return;
        this.asked = Buffer.concat(taken);
        socket.end(answer);
      });
    });
  }

  static async start(questionBytes: number, answer: Buffer): Promise<AnsweringPod> {
    const pod = new AnsweringPod(questionBytes, answer);
    pod.#server.listen(0, '127.0.0.1');
    await once(pod.#server, 'listening');
    return pod;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}
