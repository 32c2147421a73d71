import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { CallError } from '../callout/index.js';
import { isObject, type JsonValue } from '../machinery/json.js';
import { errorText, logger } from '../machinery/log.js';
import { type RemoteSpec, remoteSpec } from '../schema/openapi/index.js';
import type { ApiService } from './api-service.js';
import type { ApiServices } from './api-services.js';
import { type BackendServers, SELF } from './backend-server.js';
import { RemoteRounds } from './remote-rounds.js';

const log = logger('remote-openapi-v2.ts');
/** Between two questions for the document of a server, milliseconds. */
const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 30_000;
/** A document is parsed in one go: 4 MiB take some 40 ms. That of a server with 50 kinds has 1 MiB. */
const MAX_BYTES = 4 * 1024 * 1024;
/** APIServices whose documents are kept. */
const MAX_KEPT = 64;
/** Servers asked at the same time. */
const CONCURRENCY = 2;

interface Kept {
  readonly etag: string;
  readonly spec: RemoteSpec;
}

/**
 * Reads the OpenAPI v2 documents of the servers behind remote APIServices, for them to be merged into ours
 * (kube-aggregator's openapi controller): when an APIService changes, and once a minute with the ETag of the last one.
 * What a server told stays while it does not answer.
 */
export class RemoteOpenApiV2 {
  readonly #servers: BackendServers;
  readonly #publish: (specs: readonly RemoteSpec[]) => void;
  readonly #kept = new Map<string, Kept>();
  readonly #rounds: RemoteRounds;

  constructor(services: ApiServices, servers: BackendServers, publish: (specs: readonly RemoteSpec[]) => void) {
    this.#servers = servers;
    this.#publish = publish;
    this.#rounds = new RemoteRounds(services, {
      concurrency: CONCURRENCY,
      intervalMs: INTERVAL_MS,
      remain: (remote) => this.#forgetAllBut(new Set(remote.map(({ name }) => name))),
      read: (api) => this.#read(api),
    });
  }

  stop(): void {
    this.#rounds.stop();
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#kept.keys()) if (!names.has(name)) this.#keep(name, undefined);
  }

  async #read(api: ApiService): Promise<void> {
    try {
      const target = this.#servers.target(api, '/openapi/v2');
      const etag = this.#kept.get(api.name)?.etag ?? '';
      const headers = { ...SELF, accept: 'application/json', ...(etag === '' ? {} : { 'if-none-match': etag }) };
      const request = { method: 'GET', headers, timeoutMs: TIMEOUT_MS };
      const answer = await this.#servers.callout.call(target, request, MAX_BYTES);
      if (answer.status === 304) return;
      if (answer.status !== 200) {
        this.#keep(api.name, undefined);
        return;
      }
      const fingerprint = createHash('sha256').update(answer.body).digest('hex');
      const document = JSON.parse(answer.body.toString('utf8')) as JsonValue;
      if (!isObject(document)) throw new RangeError('it is no object');
      await setImmediate();
      const spec = remoteSpec(document, api.group, api.version, fingerprint);
      this.#keep(api.name, { etag: answer.headers.etag ?? '', spec });
    } catch (error) {
      if (!(error instanceof CallError || error instanceof SyntaxError || error instanceof RangeError)) throw error;
      log.verbose(2, `the OpenAPI v2 document of ${api.name} is not merged: ${errorText(error)}`);
    }
  }

  /** Takes over what a server has now, and publishes what has changed. */
  #keep(name: string, kept: Kept | undefined): void {
    const before = this.#kept.get(name);
    if (kept === undefined) this.#kept.delete(name);
    else if (before !== undefined || this.#kept.size < MAX_KEPT) this.#kept.set(name, kept);
    if (before?.spec.fingerprint === kept?.spec.fingerprint) return;
    const sorted = [...this.#kept].toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#publish(sorted.map(([, { spec }]) => spec));
  }
}
