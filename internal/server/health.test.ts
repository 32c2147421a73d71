import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../rest/types.js';
import { handleHealth, type HealthSources, healthEndpoints } from './health.js';

const WELL: HealthSources = {
  ready: () => true,
  started: { checks: ['poststarthook/rbac/bootstrap-roles'], failure: () => undefined },
  storeFailure: () => undefined,
  shuttingDown: () => false,
};
const ask = (target: string, sources: Partial<HealthSources> = {}): { status: number; body: string } => {
  const url = new URL(target, 'https://localhost');
  const request = { path: url.pathname, query: url.searchParams } as unknown as ApiRequest;
  const reply = handleHealth(healthEndpoints({ ...WELL, ...sources }), request);
  return { status: reply?.status ?? 404, body: String(reply?.body ?? '') };
};

describe('health', () => {
  it('names the store `etcd` below /livez and /healthz only, as kube-apiserver does', () => {
    expect(ask('/livez?verbose').body).toContain('[+]etcd ok');
    expect(ask('/healthz?verbose').body).toContain('[+]etcd ok');
    expect(ask('/readyz?verbose').body).not.toContain('etcd');
    expect(ask('/readyz/etcd').status).toBe(404);
    expect(ask('/readyz?verbose&exclude=etcd').body).toContain(
      'warn: some health checks cannot be excluded: no matches for "etcd"',
    );
  });

  it('is neither ready nor alive with a store that should not be used', () => {
    const sources = { storeFailure: () => 'damaged records' };
    expect(ask('/readyz', sources)).toMatchObject({ status: 500 });
    expect(ask('/readyz', sources).body).toContain('[-]poststarthook/storage-readiness failed: reason withheld');
    expect(ask('/livez', sources).body).toContain('[-]etcd failed: reason withheld');
  });

  it('is not ready without a leader, but alive', () => {
    const sources = { ready: () => false };
    expect(ask('/readyz', sources).status).toBe(500);
    expect(ask('/livez', sources).status).toBe(200);
  });

  it('is not ready while a step of the start is not done, but alive', () => {
    const sources = { started: { ...WELL.started, failure: () => 'not finished' } };
    expect(ask('/readyz', sources).body).toContain('[-]poststarthook/rbac/bootstrap-roles failed: reason withheld');
    expect(ask('/readyz/poststarthook/rbac/bootstrap-roles', sources)).toEqual({
      status: 500,
      body: 'internal server error: not finished\n',
    });
    expect(ask('/healthz', sources).status).toBe(500);
    expect(ask('/livez', sources).status).toBe(200);
  });
});
