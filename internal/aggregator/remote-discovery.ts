import { isDeepStrictEqual } from 'node:util';
import { CallError } from '../callout/index.js';
import type { JsonObject } from '../machinery/json.js';
import { logger } from '../machinery/log.js';
import { type CatalogGroup, type CatalogVersion, isBuiltin } from '../schema/discovery/catalog.js';
import type { ApiService } from './api-service.js';
import type { ApiServices } from './api-services.js';
import type { BackendServers } from './backend-server.js';
import { discover, type DiscoveredVersions, DiscoveryError } from './discovery-fetch.js';
import { fingerprint } from './remote-rounds.js';
import { Rounds } from './rounds.js';

const log = logger('remote-discovery.ts');
/** Between two questions to a server whose APIServices do not change, milliseconds (kube-aggregator's discovery manager). */
const INTERVAL_MS = 60_000;
/** Servers asked at the same time. */
const CONCURRENCY = 8;

interface Known {
  /** What was told last. */
  readonly entry: JsonObject;
  /** The last question was not answered. */
  readonly stale: boolean;
}

const serverOf = ({ service, ca, insecureSkipTLSVerify }: ApiService): string =>
  JSON.stringify([service, ca, insecureSkipTLSVerify]);

/**
 * What is served because of APIServices, for discovery. The servers behind them are asked when one of their APIServices
 * changes, and once a minute; what a server told that does not answer any more stays, and is marked as stale.
 */
export class RemoteDiscovery {
  readonly #services: ApiServices;
  readonly #servers: BackendServers;
  readonly #publish: (groups: readonly CatalogGroup[]) => void;
  /** By the name of the APIService. */
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, string>();
  #published: readonly CatalogGroup[] = [];
  /** Asks the servers whose APIServices have changed since they were asked. */
  readonly #rounds = new Rounds<readonly ApiService[]>(
    CONCURRENCY,
    () => this.#due(),
    (apis) => this.#take(apis),
  );
  readonly #timer: NodeJS.Timeout;

  /** `publish` is told what is served, now and after each change. */
  constructor(services: ApiServices, servers: BackendServers, publish: (groups: readonly CatalogGroup[]) => void) {
    this.#services = services;
    this.#servers = servers;
    this.#publish = publish;
    services.onChange(() => {
      this.#changed();
    });
    this.#timer = setInterval(() => {
      this.#asked.clear();
      this.#changed();
    }, INTERVAL_MS).unref();
    this.#changed();
  }

  stop(): void {
    this.#rounds.stop();
    clearInterval(this.#timer);
  }

  #changed(): void {
    this.#tell();
    void this.#rounds.run();
  }

  #tell(): void {
    const groups = this.#groups();
    if (isDeepStrictEqual(groups, this.#published)) return;
    this.#published = groups;
    this.#publish(groups);
  }

  #groups(): CatalogGroup[] {
    const byGroup = new Map<string, { priority: number; versions: CatalogVersion[] }>();
    for (const api of this.#services.all()) {
      const version = this.#versionOf(api);
      if (version === undefined) continue;
      const group = byGroup.get(api.group) ?? { priority: 0, versions: [] };
      byGroup.set(api.group, group);
      group.priority = Math.max(group.priority, api.groupPriority);
      group.versions.push(version);
    }
    return [...byGroup].map(([group, rest]) => ({ group, ...rest }));
  }

  /** Undefined for what discovery knows by itself: built-in groups, custom resources. */
  #versionOf(api: ApiService): CatalogVersion | undefined {
    const { version, versionPriority: priority } = api;
    if (api.service === undefined) {
      const own = api.managed !== '' || isBuiltin(api.group);
      return own ? undefined : { version, priority, resources: [], declared: true };
    }
    const known = this.#known.get(api.name);
    return { version, priority, resources: [], remote: { entry: known?.entry ?? {} }, stale: known?.stale ?? true };
  }

  /** The APIServices that are to be asked about, those of one server together. */
  #due(): ApiService[][] {
    const remote = this.#services.all().filter((api) => api.service !== undefined);
    const names = new Set(remote.map((api) => api.name));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    for (const name of this.#asked.keys()) if (!names.has(name)) this.#asked.delete(name);
    const byServer = new Map<string, ApiService[]>();
    for (const api of remote) {
      if (this.#asked.get(api.name) === fingerprint(api)) continue;
      this.#asked.set(api.name, fingerprint(api));
      const peers = byServer.get(serverOf(api));
      if (peers === undefined) byServer.set(serverOf(api), [api]);
      else peers.push(api);
    }
    return [...byServer.values()];
  }

  async #take(apis: readonly ApiService[]): Promise<void> {
    let found: DiscoveredVersions | undefined;
    try {
      found = await discover(apis, this.#servers);
    } catch (error) {
      if (!(error instanceof DiscoveryError || error instanceof CallError)) throw error;
      log.verbose(2, `discovery of ${apis.map((a) => a.name).join(', ')}: ${error.message}`);
    }
    for (const api of apis) {
      const key = `${api.group}/${api.version}`;
      const entry = found?.get(key);
      const stale = found === undefined || (found.has(key) && entry === undefined);
      this.#known.set(api.name, { entry: entry ?? (stale ? (this.#known.get(api.name)?.entry ?? {}) : {}), stale });
    }
    if (!this.#rounds.stopped) this.#tell();
  }
}
