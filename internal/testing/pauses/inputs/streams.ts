import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import { type Input, ITEMS, members, must, NAMESPACED, OWNED, times } from '../input.js';
import type { MeasuredReplica, Sent } from '../measured-replica.js';
import type { Others } from '../others.js';

const MIB = 1024 * 1024;
const POD = `${NAMESPACED}/pods/streaming`;

/** A node whose kubelet is the other server, and a pod on it. */
async function pod(replica: MeasuredReplica, others: Others): Promise<void> {
  await must(replica, 'POST', '/api/v1/nodes', {
    metadata: { name: 'far' },
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: others.port } },
    },
  });
  await must(replica, 'POST', `${NAMESPACED}/pods`, {
    metadata: { name: 'streaming' },
    spec: { nodeName: 'far', containers: [{ name: 'c', image: 'i' }] },
  });
}

/** A command's session; `kubelet` has its end, `client` ours. Both are told when the other is done by the socket's end. */
const session = (name: string, kubelet: (socket: WebSocket) => void, client?: (socket: WebSocket) => void): Input => ({
  name,
  withOthers: true,
  method: 'GET',
  path: `${POD}/exec`,
  prepare: async (replica, others) => {
    others.session = kubelet;
    await pod(replica, others);
  },
  send: async (replica): Promise<Sent> => {
    const socket = replica.socket(`${POD}/exec?command=x&stdout=1&stdin=1`);
    let bytes = 0;
    socket.on('message', (data: Buffer) => (bytes += data.length));
    socket.on('open', () => client?.(socket));
    await once(socket, 'close');
    return { status: 200, body: `${bytes} bytes`, headers: {} };
  },
});

const frames = (count: number, bytes: number) => (socket: WebSocket) => {
  const frame = Buffer.alloc(bytes, 1);
  for (let i = 0; i < count; i++) socket.send(frame);
  socket.close();
};
/** Reads until the client says that it is done. */
const read = (socket: WebSocket): void => {
  socket.on('close', () => undefined);
};

const GROUP = 'remote.example.com';

/** An API that the other server serves: it answers so. */
async function aggregated(
  replica: MeasuredReplica,
  others: Others,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<void> {
  others.answer = answer;
  await must(replica, 'POST', `${NAMESPACED}/services`, {
    metadata: { name: 'remote' },
    spec: { type: 'ExternalName', externalName: '127.0.0.1', ports: [{ port: others.port }] },
  });
  await must(replica, 'POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
    metadata: { name: `v1.${GROUP}` },
    spec: {
      group: GROUP,
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { namespace: 'default', name: 'remote', port: others.port },
    },
  });
  for (let i = 0; i < 200; i++) {
    const { body } = await replica.send('GET', `/apis/apiregistration.k8s.io/v1/apiservices/v1.${GROUP}`);
    if (body.includes('"status":"True"')) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('the other server is not available');
}

const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: GROUP,
  resources: times(ITEMS, (i) => ({
    name: `things${i}`,
    singularName: '',
    namespaced: true,
    kind: `Thing${i}`,
    verbs: ['get'],
  })),
};
const schemas = (n: number): object =>
  members(n, (i) => [
    `com.example.T${i}`,
    { type: 'object', properties: { a: { type: 'string', description: 'text' } } },
  ]);
/** Made once: they are asked for again and again. */
const documents = new Map(
  Object.entries({
    [`/apis/${GROUP}/v1`]: () => resources,
    '/openapi/v2': () => ({
      swagger: '2.0',
      info: { title: 't', version: '1' },
      paths: {},
      definitions: schemas(25_000),
    }),
    '/openapi/v3': () => ({
      paths: members(2_000, (i) => [
        `apis/${GROUP}/v${i + 1}`,
        { serverRelativeURL: `/openapi/v3/apis/${GROUP}/v${i + 1}` },
      ]),
    }),
    [`/openapi/v3/apis/${GROUP}/v1`]: () => ({
      openapi: '3.0.0',
      info: {},
      paths: {},
      components: { schemas: schemas(100_000) },
    }),
    [`/apis/${GROUP}/v1/long`]: () => ({
      kind: 'ThingList',
      apiVersion: `${GROUP}/v1`,
      metadata: {},
      items: times(300_000, (i) => ({ i })),
    }),
  }).map(([path, make]) => {
    let text: string | undefined;
    return [path, () => (text ??= JSON.stringify(make()))];
  }),
);

const remote = (name: string, path: string, more: Partial<Input> = {}): Input => ({
  name,
  withOthers: true,
  method: 'GET',
  path,
  prepare: (replica, others) =>
    aggregated(replica, others, (request, response) => {
      const document = documents.get((request.url ?? '').split('?')[0] ?? '');
      if (request.url?.endsWith('/headers') === true) {
        for (let i = 0; i < 500; i++) response.setHeader(`x-header-${i}`, 'v'.repeat(100));
      }
      response.setHeader('content-type', 'application/json').end(document?.() ?? '{}');
    }),
  ...more,
});

const BIG = '/api/v1/namespaces/default';
const table = (kind: string, path: string, object: object): Input => ({
  name: `a table of ${kind}`,
  method: 'GET',
  path: `${path}/shown`,
  options: { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } },
  prepare: (replica) => must(replica, 'POST', path, { metadata: { name: 'shown' }, ...object }),
});

/** What comes from kubelets and aggregated servers, and tables of objects with long lists. */
export const streams: readonly Input[] = [
  session('50,000 frames of one byte from a kubelet', frames(50_000, 2)),
  session('frames of 1 MiB from a kubelet', frames(16, MIB)),
  session('50,000 frames of one byte from a client', read, frames(50_000, 2)),
  session('300,000 empty messages from a client', read, frames(300_000, 0)),
  session('frames of nearly 1 MiB from a client', read, frames(16, MIB - 1)),
  remote('a document of an aggregated server', `/apis/${GROUP}/v1/long`),
  remote('an answer of an aggregated server with many headers', `/apis/${GROUP}/v1/headers`, {
    refused: [200, 502, 503],
  }),
  remote('discovery of an aggregated server with many resources', `/apis/${GROUP}/v1`),
  remote('all discovery with an aggregated server of many resources', '/apis', {
    options: { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } },
  }),
  remote('OpenAPI v3 of an aggregated server', `/openapi/v3/apis/${GROUP}/v1`, { refused: [200, 503] }),
  remote('OpenAPI v2 with an aggregated server', '/openapi/v2'),
  table('an ingress of many hosts', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
    spec: {
      rules: times(6_000, (i) => ({
        host: `h${i}.com`,
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 1 } } } }] },
      })),
    },
  }),
  table('an autoscaler of many metrics', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
    spec: {
      maxReplicas: 2,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      metrics: times(9_000, () => ({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      })),
    },
  }),
  table('a service of many ports', `${BIG}/services`, {
    spec: { ports: times(OWNED, (i) => ({ name: `p${i}`, port: i + 1 })) },
  }),
  table('endpoints of many subsets', `${BIG}/endpoints`, {
    subsets: times(12_000, (i) => ({
      addresses: [{ ip: `10.${i % 200}.${(i >> 8) % 250}.1` }],
      ports: [{ port: i + 1 }],
    })),
  }),
  table('a pod of many containers', `${BIG}/pods`, {
    spec: {
      containers: times(3_000, (i) => ({ name: `c${i}`, image: 'i' })),
      readinessGates: times(1_000, (i) => ({ conditionType: `e.com/g${i}` })),
    },
  }),
  table('a node of many roles', '/api/v1/nodes', {
    metadata: { name: 'shown', labels: members(8_000, (i) => [`node-role.kubernetes.io/r${i}`, '']) },
    status: { addresses: times(5_000, (i) => ({ type: 'ExternalIP', address: `10.0.${i % 250}.${(i >> 8) % 250}` })) },
  }),
];
