import { describe, expect, it } from 'vitest';
import { inFlightLimit } from './in-flight.js';
import type { RequestContext } from './request-context.js';

const request = (username: string, groups: string[], info: object): RequestContext =>
  ({
    info: { isResourceRequest: true, verb: 'update', group: 'coordination.k8s.io', resource: 'leases', ...info },
    user: { username, groups },
  }) as unknown as RequestContext;

describe('requests in flight', () => {
  it('leaves seats for renewals of leases where everything else is refused, and bounds them as well', () => {
    const limit = inFlightLimit(1, 1);
    const jane = request('jane', [], {});
    expect(limit.enter(jane)).toBeDefined();
    expect(limit.enter(jane)).toBeUndefined();
    const scheduler = request('system:kube-scheduler', [], {});
    const node = request('system:node:a', ['system:nodes'], {});
    expect(limit.enter(request('system:kube-scheduler', [], { resource: 'pods', group: '' }))).toBeUndefined();
    expect(limit.enter(request('system:kube-scheduler', [], { verb: 'delete' }))).toBeUndefined();
    for (let i = 0; i < 25; i++) {
      expect(limit.enter(scheduler)).toBeDefined();
      expect(limit.enter(node)).toBeDefined();
    }
    expect(limit.enter(node)).toBeUndefined();
  });

  it('are not bounded by 0', () => {
    const limit = inFlightLimit(0, 0);
    for (const verb of ['get', 'update']) expect(limit.enter(request('jane', [], { verb }))).toBeDefined();
  });
});
