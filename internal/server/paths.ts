import { dumpFairness } from '../flowcontrol/dump.js';
import type { PriorityAndFairness } from '../flowcontrol/index.js';
import { pageNotFound } from '../rest/not-served.js';
import type { ApiRequest, BytesReply, Handler, Reply } from '../rest/types.js';
import { handleRaft, type RaftControl } from './debug-raft.js';
import { handleHealth, type HealthSources, healthEndpoints } from './health.js';
import type { RequestMetrics } from './metrics.js';
import { handleOpenId, type OpenIdOptions } from './openid.js';
import { flagzPage, slisPage, statuszPage } from './pages.js';
import { handleProfiling } from './profiling.js';
import { VERSION } from './version.js';

export interface PathParts {
  readonly health: HealthSources;
  readonly metrics: RequestMetrics;
  readonly openId: OpenIdOptions;
  /** Status of the replica, and its membership as an operation. */
  readonly raft: RaftControl;
  /** /api, /apis and what lies below them without naming a resource; undefined when it is no such path. */
  readonly discovery: (request: ApiRequest) => Reply | Promise<Reply> | undefined;
  /** /openapi/v2 and /openapi/v3; undefined when it is no such path. */
  readonly openApi: (request: ApiRequest) => Reply | Promise<Reply> | undefined;
  /** /swagger-ui, when it is on. */
  readonly swaggerUi?: ((request: ApiRequest) => Reply | undefined) | undefined;
  /** What /debug/api_priority_and_fairness shows; absent where it is switched off. */
  readonly fairness?: PriorityAndFairness | undefined;
  /** Whether there is /debug/pprof (`--profiling`); not when absent. */
  readonly profiling?: boolean;
  /** Every flag with its value. */
  readonly flags: ReadonlyMap<string, string>;
  /** Paths of the served groups and versions, for the index at `/`. */
  readonly groupPaths: () => readonly string[];
}

const JSON_TYPE = 'application/json';

/** Answers every path that names no resource. What is not there gets kube-apiserver's plain 404. */
export function createPaths(parts: PathParts): Handler {
  const checks = healthEndpoints(parts.health);
  const routes: Readonly<Record<string, (request: ApiRequest) => Reply | Promise<Reply> | undefined>> = {
    '': (r) => (r.path === '/' ? index(parts, checks) : undefined),
    'index.html': (r) => (r.path === '/index.html' ? index(parts, checks) : undefined),
    healthz: (r) => handleHealth(checks, r),
    livez: (r) => handleHealth(checks, r),
    readyz: (r) => handleHealth(checks, r, () => parts.health.warnings?.() ?? []),
    version: (r) => (/^\/version\/?$/.test(r.path) ? json(JSON.stringify(VERSION, undefined, 2)) : undefined),
    metrics: (r) => {
      if (r.path === '/metrics/slis') return slisPage(checks);
      return r.path === '/metrics' ? metricsReply(parts.metrics) : undefined;
    },
    flagz: (r) => (r.path === '/flagz' ? flagzPage(parts.flags) : undefined),
    statusz: (r) => (r.path === '/statusz' ? statuszPage() : undefined),
    debug: (r) =>
      dumpFairness(parts.fairness, r) ??
      handleRaft(parts.raft, r) ??
      (parts.profiling === true ? handleProfiling(r) : undefined),
    api: (r) => parts.discovery(r),
    apis: (r) => parts.discovery(r),
    openapi: (r) => parts.openApi(r),
    'swagger-ui': (r) => parts.swaggerUi?.(r),
    openid: (r) => handleOpenId(parts.openId, r),
    '.well-known': (r) => handleOpenId(parts.openId, r),
  };
  return (request) => {
    const first = request.path.split('/', 2)[1] ?? '';
    return (Object.hasOwn(routes, first) ? routes[first]?.(request) : undefined) ?? pageNotFound();
  };
}

function json(body: string): BytesReply {
  return { status: 200, contentType: JSON_TYPE, body };
}

async function metricsReply(metrics: RequestMetrics): Promise<Reply> {
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await metrics.render() };
}

function index(parts: PathParts, checks: ReadonlyMap<string, readonly { name: string }[]>): BytesReply {
  const paths = [
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/apis/',
    ...parts.groupPaths(),
    '/flagz',
    ...[...checks].flatMap(([endpoint, list]) => [`/${endpoint}`, ...list.map((c) => `/${endpoint}/${c.name}`)]),
    '/metrics',
    '/metrics/slis',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/',
    '/openid/v1/jwks',
    '/statusz',
    '/version',
  ];
  return json(JSON.stringify({ paths: [...new Set(paths)].toSorted() }, undefined, 2));
}
