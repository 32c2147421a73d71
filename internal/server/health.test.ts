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

  it('prints every check in order, and who was left out', () => {
    expect(ask('/readyz?verbose')).toEqual({
      status: 200,
      body: '[+]ping ok\n[+]informer-sync ok\n[+]poststarthook/storage-readiness ok\n[+]poststarthook/rbac/bootstrap-roles ok\n[+]shutdown ok\nreadyz check passed\n',
    });
    expect(ask('/livez?verbose').body).toBe('[+]ping ok\n[+]etcd ok\nlivez check passed\n');
    expect(ask('/readyz')).toEqual({ status: 200, body: 'ok' });
    const { status, body } = ask('/readyz?exclude=shutdown&exclude=ping,x,y', {
      shuttingDown: () => true,
      ready: () => false,
    });
    expect(status).toBe(500);
    expect(body).toBe(
      '[+]ping excluded: ok\n[-]informer-sync failed: reason withheld\n[+]poststarthook/storage-readiness ok\n[+]poststarthook/rbac/bootstrap-roles ok\n[+]shutdown excluded: ok\nwarn: some health checks cannot be excluded: no matches for "x", "y"\nreadyz check failed\n',
    );
  });

  it('leaves while it shuts down', () => {
    const sources = { shuttingDown: () => true };
    expect(ask('/readyz', sources).status).toBe(500);
    expect(ask('/readyz/shutdown', sources).body).toBe('internal server error: process is shutting down\n');
    expect(ask('/livez', sources).status).toBe(200);
    expect(ask('/healthz', sources).status).toBe(200);
  });

  it('shows one check, and no other path', () => {
    expect(ask('/livez/ping')).toEqual({ status: 200, body: 'ok' });
    expect(ask('/readyz/informer-sync', { ready: () => false }).body).toBe(
      'internal server error: this replica has no leader or has not caught up with it\n',
    );
    for (const none of ['/livez/none', '/readyz/ping/x', '/livezz']) expect(ask(none).status, none).toBe(404);
  });

  it('warns whoever asks whether it is ready of what will need a person', () => {
    const endpoints = healthEndpoints(WELL);
    const bodyOf = (target: string): string => {
      const url = new URL(target, 'https://localhost');
      const request = { path: url.pathname, query: url.searchParams } as unknown as ApiRequest;
      return String(handleHealth(endpoints, request, () => ['a certificate ends'])?.body);
    };
    expect(bodyOf('/readyz?verbose')).toContain('[+]shutdown ok\nwarn: a certificate ends\nreadyz check passed');
    expect(bodyOf('/readyz')).toBe('ok');
    expect(bodyOf('/livez?verbose')).not.toContain('warn');
  });

  it('is never kept by a browser as something else', () => {
    const request = { path: '/livez', query: new URLSearchParams() } as unknown as ApiRequest;
    expect(handleHealth(healthEndpoints(WELL), request)).toMatchObject({
      contentType: 'text/plain; charset=utf-8',
      headers: { 'X-Content-Type-Options': 'nosniff' },
    });
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
