import { CallError } from '../callout/index.js';
import { queryValues } from '../machinery/go-url.js';
import { child, str } from '../machinery/access.js';
import { isObject, type JsonValue } from '../machinery/json.js';
import { logger } from '../machinery/log.js';
import type { RemoteOpenApiDocuments } from '../rest/openapi.js';
import type { ApiRequest, Reply } from '../rest/types.js';
import type { ApiService } from './api-service.js';
import type { ApiServices } from './api-services.js';
import { type BackendServers, SELF } from './backend-server.js';
import { goQuery } from './go-query.js';
import { plainError } from './proxy.js';
import { RemoteRounds } from './remote-rounds.js';

const log = logger('remote-openapi.ts');
/** Between two questions for the index of a server, milliseconds. */
const INTERVAL_MS = 60_000;
const INDEX_TIMEOUT_MS = 5_000;
const MAX_INDEX_BYTES = 1024 * 1024;
/** kube-apiserver reads a document whole as well. */
const DOCUMENT_TIMEOUT_MS = 30_000;
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
/** Servers asked at the same time. */
const CONCURRENCY = 4;

const pathOf = ({ group, version }: ApiService): string => `apis/${group}/${version}`;

/**
 * The OpenAPI v3 documents of the servers behind remote APIServices (kube-aggregator's openapiv3 controller): their
 * indexes are read when an APIService changes and once a minute, a document is asked for when a client asks.
 */
export class RemoteOpenApi implements RemoteOpenApiDocuments {
  readonly #services: ApiServices;
  readonly #servers: BackendServers;
  /** Hashes by path, such as `apis/metrics.k8s.io/v1beta1`; '' where a server tells none. */
  readonly #hashes = new Map<string, string>();
  /** Reads the indexes of the servers whose APIServices have changed since they were read. */
  readonly #rounds: RemoteRounds;

  constructor(services: ApiServices, servers: BackendServers) {
    this.#services = services;
    this.#servers = servers;
    this.#rounds = new RemoteRounds(services, {
      concurrency: CONCURRENCY,
      intervalMs: INTERVAL_MS,
      remain: (remote) => this.#forgetAllBut(new Set(remote.map(pathOf))),
      // A server that does not answer keeps what it told.
      read: (api) => this.#read(api),
    });
  }

  stop(): void {
    this.#rounds.stop();
  }

  index(): ReadonlyMap<string, string> {
    return this.#hashes;
  }

  document(request: ApiRequest, path: string): Promise<Reply> | undefined {
    const [root, group, version, ...rest] = path.split('/');
    if (root !== 'apis' || group === undefined || version === undefined || rest.length > 0) return undefined;
    const api = this.#services.remote(group, version);
    if (api === undefined || !this.#hashes.has(path)) return undefined;
    return this.#fetch(request, api);
  }

  async #fetch(request: ApiRequest, api: ApiService): Promise<Reply> {
    try {
      const query = goQuery(queryValues(request.query.toString()));
      const target = this.#servers.target(api, `/openapi/v3/${pathOf(api)}${query}`);
      const headers: Record<string, string | string[]> = { ...SELF };
      for (const name of ['accept', 'if-none-match'])
        if (request.header(name) !== '') headers[name] = request.header(name);
      const { method } = request;
      const answer = await this.#servers.callout.call(
        target,
        { method, headers, timeoutMs: DOCUMENT_TIMEOUT_MS },
        MAX_DOCUMENT_BYTES,
      );
      const kept = ['etag', 'cache-control', 'expires', 'location', 'vary'].flatMap((name): [string, string][] => {
        const value = answer.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      });
      const contentType = answer.status === 304 ? '' : (answer.headers['content-type'] ?? '');
      return { status: answer.status, contentType, passedOn: kept, body: answer.body };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return plainError(503, `error trying to reach service: ${error.reason}`);
    }
  }

  #forgetAllBut(paths: ReadonlySet<string>): void {
    for (const path of this.#hashes.keys()) if (!paths.has(path)) this.#hashes.delete(path);
  }

  async #read(api: ApiService): Promise<void> {
    const path = pathOf(api);
    try {
      const target = this.#servers.target(api, '/openapi/v3');
      const request = { method: 'GET', headers: { ...SELF, accept: 'application/json' }, timeoutMs: INDEX_TIMEOUT_MS };
      const { status, body } = await this.#servers.callout.call(target, request, MAX_INDEX_BYTES);
      const hash = status === 200 ? hashOf(body, path) : undefined;
      if (hash === undefined) this.#hashes.delete(path);
      else this.#hashes.set(path, hash);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      log.verbose(2, `the OpenAPI index of ${api.name}: ${error.message}`);
    }
  }
}

/** The hash that an index gives for a path: '' for none, undefined when the path is not in it. */
function hashOf(body: Buffer, path: string): string | undefined {
  let index: JsonValue;
  try {
    index = JSON.parse(body.toString('utf8')) as JsonValue;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const entry = isObject(index) ? child(child(index, 'paths'), path) : undefined;
  if (entry === undefined) return undefined;
  return /[?&]hash=([A-Za-z0-9]{1,256})$/.exec(str(entry, 'serverRelativeURL'))?.[1] ?? '';
}
