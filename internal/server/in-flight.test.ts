import { describe, expect, it } from 'vitest';
import { inFlightLimit, isLongRunning } from './in-flight.js';
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

  it('are bounded each by themselves, reads and writes', () => {
    const limit = inFlightLimit(2, 1);
    const get = request('jane', [], { verb: 'get' });
    const write = request('jane', [], { verb: 'create', resource: 'pods', group: '' });
    const done = limit.enter(get);
    expect(limit.enter(get)).toBeDefined();
    expect(limit.enter(get)).toBeUndefined();
    expect(limit.enter(write)).toBeDefined();
    expect(limit.enter(write)).toBeUndefined();
    done?.();
    expect(limit.enter(get)).toBeDefined();
  });

  it('are not bounded by 0', () => {
    const limit = inFlightLimit(0, 0);
    for (const verb of ['get', 'update']) expect(limit.enter(request('jane', [], { verb }))).toBeDefined();
  });
});

describe('what is counted', () => {
  it('is each request until it is done, by whether it changes something', () => {
    const limit = inFlightLimit(9, 9);
    const over = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection', 'post', 'put', 'head'].map(
      (verb) => limit.enter(request('jane', [], { verb })),
    );
    expect([limit.readOnly, limit.mutating]).toEqual([3, 7]);
    for (const done of over) done?.();
    expect([limit.readOnly, limit.mutating]).toEqual([0, 0]);
  });

  it.each<[object, boolean]>([
    [{ verb: 'watch' }, true],
    [{ verb: 'proxy' }, true],
    [{ verb: 'get', subresource: 'log' }, true],
    [{ verb: 'create', subresource: 'exec' }, true],
    [{ verb: 'create', subresource: 'attach' }, true],
    [{ verb: 'create', subresource: 'portforward' }, true],
    [{ verb: 'get', subresource: 'proxy' }, true],
    [{ verb: 'get', subresource: 'status' }, false],
    [{ verb: 'get', isResourceRequest: false, path: '/debug/pprof/profile' }, true],
    [{ verb: 'get', isResourceRequest: false, path: '/version' }, false],
  ])('is nothing that goes on by nature: %j: %s', (info, isLong) => {
    const limit = inFlightLimit(9, 9);
    limit.enter(request('jane', [], { subresource: '', path: '', ...info }));
    expect(limit.readOnly + limit.mutating).toBe(isLong ? 0 : 1);
    expect(isLongRunning({ isResourceRequest: true, subresource: '', path: '', ...info } as never)).toBe(isLong);
  });

  it('bounds neither administrators nor paths that name no resource', () => {
    const limit = inFlightLimit(1, 1);
    for (const verb of ['get', 'update']) {
      limit.enter(request('jane', [], { verb }));
      expect(limit.enter(request('jane', [], { verb, resource: 'pods' }))).toBeUndefined();
      expect(limit.enter(request('root', ['system:masters'], { verb }))).toBeDefined();
      expect(limit.enter(request('jane', [], { verb, isResourceRequest: false, path: '/livez' }))).toBeDefined();
    }
  });

  it.each<[string, string, string[], object, boolean]>([
    ['the scheduler', 'system:kube-scheduler', [], {}, true],
    ['the controller manager', 'system:kube-controller-manager', [], {}, true],
    ['a node', 'system:node:a', ['system:nodes'], {}, true],
    [
      'an account of kube-system',
      'system:serviceaccount:kube-system:x',
      ['system:serviceaccounts:kube-system'],
      {},
      true,
    ],
    ['another account', 'system:serviceaccount:a:x', ['system:serviceaccounts:a'], {}, false],
    ['the first of a lease', 'system:kube-scheduler', [], { verb: 'create' }, true],
    ['a patch of a lease', 'system:kube-scheduler', [], { verb: 'patch' }, true],
    ['a look at a lease', 'system:kube-scheduler', [], { verb: 'get' }, true],
    ['a list of leases', 'system:kube-scheduler', [], { verb: 'list' }, false],
    ['leases of others', 'system:kube-scheduler', [], { group: 'example.com' }, false],
    ['what else the group has', 'system:kube-scheduler', [], { resource: 'leasecandidates' }, false],
  ])('keeps seats for renewals: %s: %s', (_what, username, groups, info, has) => {
    const limit = inFlightLimit(1, 1);
    for (const verb of ['get', 'update']) limit.enter(request('jane', [], { verb }));
    expect(limit.enter(request(username, groups, info)) !== undefined).toBe(has);
  });
});
