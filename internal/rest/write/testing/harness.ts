import { requestInfo } from '../../../server/request-info.js';
import { expect } from 'vitest';
import type { JsonObject } from '../../../machinery/json.js';
import { StatusError } from '../../../machinery/status.js';
import { strategyFor } from '../../../registry/index.js';
import type { Backend } from '../../../store/types.js';
import { startCluster, type TestCluster } from '../../../testing/cluster.js';
import type { RestDeps } from '../../deps.js';
import { createRest } from '../../index.js';
import { respondError } from '../../respond.js';
import type { ApiRequest, Handler, HandlerReply, Reply } from '../../types.js';

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
  readonly warnings: readonly string[];
}

export interface Call {
  readonly contentType?: string;
  readonly accept?: string;
  readonly user?: string;
  /** system:masters when absent. */
  readonly groups?: readonly string[];
  /** Where audit annotations go; then the request is one whose event records what the client sent. */
  readonly annotate?: (key: string, value: string) => void;
}

/** The verbs over one real replica, without the HTTP server. */
export interface ReplicaClient {
  readonly deps: RestDeps;
  call(method: string, path: string, body?: JsonObject | string | readonly unknown[], call?: Call): Promise<Answer>;
  /** As `call`, and expects this status code. */
  ok(
    code: number,
    method: string,
    path: string,
    body?: JsonObject | string | readonly unknown[],
    call?: Call,
  ): Promise<JsonObject>;
}

/** The clients of a cluster; as a client it is that of the first replica. */
export interface Rest extends ReplicaClient {
  readonly cluster: TestCluster;
  on(replica: number): ReplicaClient;
  close(): Promise<void>;
}

async function bodyOf(reply: Reply): Promise<string> {
  if ('body' in reply) return reply.body.toString();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    reply.stream({
      write: (chunk) => {
        chunks.push(Buffer.from(chunk));
        return true;
      },
      onWritable: () => undefined,
      onClose: () => undefined,
      closed: false,
      end: () => {
        resolve(Buffer.concat(chunks).toString());
      },
    });
  });
}

const RECORDS = { recordsRequest: true, requestObject: () => undefined, requestPatch: () => undefined };

async function answer(handler: Handler, request: ApiRequest): Promise<Answer> {
  let reply: HandlerReply;
  try {
    reply = await handler(request);
  } catch (e) {
    if (!(e instanceof StatusError)) throw e;
    reply = respondError(request, e);
  }
  if ('accept' in reply || 'handOver' in reply) throw new Error('the answer is a connection');
  const text = await bodyOf(reply);
  return {
    status: reply.status,
    body: text === '' ? {} : (JSON.parse(text) as JsonObject),
    warnings: reply.warnings ?? [],
  };
}

/** What verbs get beside the store and the strategies, or how it is made of the store. */
export type MoreDeps = Partial<RestDeps> | ((backend: Backend) => Partial<RestDeps>);

function clientOf(cluster: TestCluster, replica: number, more: MoreDeps): ReplicaClient {
  const { backend } = cluster.replica(replica);
  const parts = typeof more === 'function' ? more(backend) : more;
  const deps: RestDeps = { backend, strategyFor, now: Date.now, ...parts };
  const handler = createRest(deps);
  const call: ReplicaClient['call'] = (method, path, body, options = {}) => {
    const [route = '', query = ''] = path.split('?');
    const headers: Record<string, string> = {
      'content-type': options.contentType ?? 'application/json',
      accept: options.accept ?? 'application/json',
      'user-agent': 'test/1',
    };
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    return answer(handler, {
      method,
      path: route,
      query: new URLSearchParams(query),
      header: (name) => headers[name] ?? '',
      body: Buffer.from(text),
      user: { username: options.user ?? 'admin', uid: '', groups: options.groups ?? ['system:masters'], extra: {} },
      info: requestInfo(method, route, query),
      ...(options.annotate === undefined ? {} : { annotate: options.annotate, audit: RECORDS }),
    });
  };
  const ok: ReplicaClient['ok'] = async (code, method, path, body, options) => {
    const got = await call(method, path, body, options);
    expect(got, JSON.stringify(got.body)).toMatchObject({ status: code });
    return got.body;
  };
  return { deps, call, ok };
}

/** Starts one replica (or more) with the namespaces `default`, `kube-system` and `other`. Close it. `more` joins what verbs get. */
export async function startRest(size = 1, more: MoreDeps = {}): Promise<Rest> {
  const cluster = await startCluster(size === 1 ? {} : { size, unsafeNoTls: true });
  const clients = Array.from({ length: size }, (_, i) => clientOf(cluster, i, more));
  const on = (replica: number): ReplicaClient => clients[replica] ?? clientOf(cluster, replica, more);
  const first = on(0);
  for (const name of ['default', 'kube-system', 'other']) {
    await first.ok(201, 'POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const namespace of ['default', 'other']) {
    await first.ok(201, 'POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
  }
  return { ...first, cluster, on, close: () => cluster.close() };
}

/** The metadata of an answered object. */
export function meta(obj: JsonObject): Record<string, unknown> {
  return (obj['metadata'] ?? {}) as Record<string, unknown>;
}
