import {
  type Callout,
  CallError,
  joinHostPort,
  type ServiceResolver,
  type Target,
  type TlsOptions,
} from '../callout/index.js';
import type { ApiService } from './api-service.js';

/** With what the aggregator reaches the servers behind APIServices. */
export interface AggregatorParts {
  readonly callout: Callout;
  readonly resolve: ServiceResolver;
  /** Where clients reach this server that speak other protocols than WebSocket; 0 or absent for nowhere. */
  readonly spdyPort?: number | undefined;
  /** `--proxy-client-cert-file` and `--proxy-client-key-file`, PEM, as they are now; without them no certificate is shown. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined;
}

/** With which identity, as front-proxy headers: `['x-remote-user', name, 'x-remote-group', ...]`. */
export type IdentityHeaders = Readonly<Record<string, string | string[]>>;

/** The identity of the server itself: it is always allowed (kube-aggregator). */
export const SELF: IdentityHeaders = { 'x-remote-user': 'system:kube-aggregator', 'x-remote-group': 'system:masters' };

/** Finds the servers behind APIServices, and how to talk to them. */
export class BackendServers {
  readonly callout: Callout;
  readonly spdyPort: number | undefined;
  readonly #parts: AggregatorParts;
  readonly #tls = new WeakMap<ApiService, TlsOptions>();

  constructor(parts: AggregatorParts) {
    this.#parts = parts;
    this.callout = parts.callout;
    this.spdyPort = parts.spdyPort;
  }

  /**
   * Where a path (with its query) of a remote APIService is asked for. Throws CallError where the service cannot be
   * resolved.
   */
  target(api: ApiService, path: string): Target {
    const { service } = api;
    if (service === undefined) throw new CallError('dial', `${api.name} is served by this server itself`);
    const { host, port } = this.#parts.resolve(service.namespace, service.name, service.port);
    return {
      url: `https://${joinHostPort(host, port)}${path}`,
      tls: this.#tlsOf(api, `${service.name}.${service.namespace}.svc`),
    };
  }

  #tlsOf(api: ApiService, serverName: string): TlsOptions {
    let tls = this.#tls.get(api);
    const { clientCertificate } = this.#parts;
    // Another may have been put in its place.
    if (tls === undefined || tls.cert !== clientCertificate?.cert) {
      const caller = 'kube_aggregator';
      tls = { ca: api.ca, insecure: api.insecureSkipTLSVerify, serverName, caller, ...clientCertificate };
      this.#tls.set(api, tls);
    }
    return tls;
  }
}
