import type { HandlerReply } from '../rest/types.js';
import type { ApiServices } from './api-services.js';
import type { BackendServers } from './backend-server.js';
import { type ForwardableRequest, forward, forwardUpgrade, type ProxyOptions, serviceUnavailable } from './proxy.js';

/** Answers requests for groups and versions that another server serves; undefined for all others. */
export type Aggregator = (request: ForwardableRequest) => HandlerReply | Promise<HandlerReply> | undefined;

/** `[group, version]` of a path below /apis, or undefined. */
function groupVersionOf(path: string): readonly [string, string] | undefined {
  if (!path.startsWith('/apis/')) return undefined;
  const end = path.indexOf('/', 6);
  if (end < 0) return undefined;
  const after = path.indexOf('/', end + 1);
  const version = path.slice(end + 1, after < 0 ? undefined : after);
  return version === '' ? undefined : [path.slice(6, end), version];
}

const asksForUpgrade = (request: ForwardableRequest): boolean =>
  request.header('upgrade') !== '' && /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(request.header('connection'));

/**
 * The aggregation layer: passes what is asked of remote APIServices on to the servers behind them; 503 for one that is
 * not available (kube-aggregator's proxyHandler).
 */
export function createAggregator(services: ApiServices, servers: BackendServers, options: ProxyOptions): Aggregator {
  return (request) => {
    const names = groupVersionOf(request.path);
    if (names === undefined) return undefined;
    const api = services.remote(...names);
    if (api === undefined) return undefined;
    if (!api.available) return serviceUnavailable();
    return asksForUpgrade(request)
      ? forwardUpgrade(request, api, servers, options)
      : forward(request, api, servers, options);
  };
}
