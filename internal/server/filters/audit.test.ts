import { describe, expect, test } from 'vitest';
import { metrics as ownMetrics, KeepingBackend } from '../../audit/testing/events.js';
import { eventJson } from '../../audit/event-text.js';
import { policyEvaluator, type PolicyRule } from '../../audit/policy.js';
import type { AuditEvent, Level, Stage } from '../../audit/types.js';
import { type AuthenticationResult, type Credentials, withAuthenticatedGroup } from '../../auth/authenticator.js';
import { alwaysAllow } from '../../auth/authorizers.js';
import type { Authorizer, UserInfo } from '../../auth/types.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import type { ApiRequest, Handler, Reply, Sink } from '../../rest/types.js';
import { createChain } from '../chain.js';
import type { Answer, IncomingRequest } from '../http-listener.js';
import { inFlightLimit } from '../in-flight.js';
import { RequestMetrics } from '../metrics.js';

const ann: UserInfo = withAuthenticatedGroup({ username: 'ann', uid: '', groups: ['g'], extra: {} });
const rule = (level: Level, more: Partial<PolicyRule> = {}): PolicyRule => ({
  level,
  users: [],
  userGroups: [],
  verbs: [],
  resources: [],
  namespaces: [],
  nonResourceURLs: [],
  omitStages: [],
  omitManagedFields: undefined,
  ...more,
});
const json = (body: object, status = 200): Reply => ({
  status,
  contentType: 'application/json',
  body: JSON.stringify(body),
});
const CONFIGMAP = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c', managedFields: [{}] } };

interface Setting {
  readonly level?: Level;
  readonly rules?: readonly PolicyRule[];
  readonly omitManagedFields?: boolean;
  readonly omitStages?: readonly Stage[];
  readonly resources?: Handler;
  readonly authorizer?: Authorizer;
  readonly who?: AuthenticationResult;
  readonly authenticate?: (request: Credentials) => UserInfo;
  readonly recorded?: () => Awaitable<boolean>;
  readonly mayGoOn?: () => boolean;
}

function setting(options: Setting = {}) {
  const { level = 'Metadata', rules = [rule(level)], omitManagedFields = false, omitStages = [] } = options;
  const backend = new KeepingBackend(options.recorded, options.mayGoOn);
  const { metrics } = ownMetrics();
  const policy = policyEvaluator({ rules, omitStages, omitManagedFields });
  const chain = createChain({
    authenticator: { authenticate: options.authenticate ?? (() => ('who' in options ? options.who : ann)) },
    authorizer: options.authorizer ?? alwaysAllow,
    inFlight: inFlightLimit(10, 10),
    metrics: new RequestMetrics(() => undefined),
    requestTimeoutMs: 60_000,
    resources: options.resources ?? (() => json(CONFIGMAP)),
    paths: () => ({ status: 200, contentType: 'text/plain', body: 'ok' }),
    audit: { policy, backend, metrics },
  });
  const serve = async (target: string, more: Partial<IncomingRequest> = {}): Promise<Answer> => {
    const [rawPath = '', rawQuery = ''] = target.split('?');
    return chain.serve({
      method: 'GET',
      rawPath,
      rawQuery,
      headers: ['user-agent', 'test/1'],
      peerCertificate: '',
      remoteAddress: () => '10.0.0.9',
      onAborted: () => undefined,
      readBody: () => Buffer.alloc(0),
      openBody: () => undefined,
      ...more,
    });
  };
  return { serve, backend, stages: () => backend.events.map((e) => e.stage) };
}
const last = (events: readonly AuditEvent[]): AuditEvent => {
  const event = events.at(-1);
  if (event === undefined) throw new Error('no event');
  return event;
};
const CM = '/api/v1/namespaces/n/configmaps';

describe('a request', () => {
  test('is recorded when it comes and when it is answered', async () => {
    const { serve, backend, stages } = setting();
    const { auditId } = await serve(`${CM}/c?pretty=true`);
    expect(stages()).toEqual(['RequestReceived', 'ResponseComplete']);
    expect(last(backend.events)).toMatchObject({
      request: {
        auditId,
        level: 'Metadata',
        requestUri: `${CM}/c?pretty=true`,
        verb: 'get',
        user: { username: 'ann' },
        sourceIPs: ['10.0.0.9'],
        userAgent: 'test/1',
      },
      objectRef: {
        resource: 'configmaps',
        namespace: 'n',
        name: 'c',
        uid: '',
        apiGroup: '',
        apiVersion: 'v1',
        resourceVersion: '',
        subresource: '',
      },
      responseStatus: { metadata: {}, code: 200 },
    });
    expect([...last(backend.events).annotations]).toEqual([
      ['authorization.k8s.io/decision', 'allow'],
      ['authorization.k8s.io/reason', ''],
    ]);
    expect(Math.abs(last(backend.events).request.receivedMs - Date.now())).toBeLessThan(60_000);
  });

  test('has the Audit-ID that the client gives it, and says where proxies got it from', async () => {
    const { serve, backend } = setting();
    const headers = ['audit-id', 'mine', 'x-forwarded-for', '1.2.3.4, nonsense, 5.6.7.8', 'x-real-ip', '1.2.3.4'];
    expect((await serve(CM, { headers })).auditId).toBe('mine');
    expect(last(backend.events)).toMatchObject({
      request: { auditId: 'mine', requestUri: CM, sourceIPs: ['1.2.3.4', '5.6.7.8', '10.0.0.9'] },
    });
  });

  test('leaves no trace at level None, and no stage that is left out', async () => {
    const none = setting({ level: 'None' });
    await none.serve(CM);
    expect(none.backend.events).toEqual([]);
    const omitted = setting({ omitStages: ['RequestReceived'] });
    await omitted.serve(CM);
    expect(omitted.stages()).toEqual(['ResponseComplete']);
  });

  test('that is refused says why, and what authorization said', async () => {
    const authorizer: Authorizer = { authorize: () => ({ decision: 'noOpinion', reason: 'nobody said so' }) };
    const { serve, backend } = setting({ authorizer });
    await serve(`${CM}/c`);
    const { responseStatus, annotations } = last(backend.events);
    expect(responseStatus).toMatchObject({ status: 'Failure', reason: 'Forbidden', code: 403 });
    expect(annotations.get('authorization.k8s.io/decision')).toBe('forbid');
    expect(annotations.get('authorization.k8s.io/reason')).toBe('nobody said so');
  });

  test('of nobody who is known is recorded once, without a user', async () => {
    const { serve, backend } = setting({ who: 'invalid' });
    expect((await serve(CM)).reply.status).toBe(401);
    expect(backend.events).toMatchObject([
      { stage: 'ResponseStarted', request: { user: undefined }, responseStatus: { reason: 'Unauthorized', code: 401 } },
    ]);
  });

  test('of nobody who is known leaves no trace at level None', async () => {
    const { serve, backend } = setting({ who: 'invalid', level: 'None' });
    expect((await serve(CM)).reply.status).toBe(401);
    expect(backend.events).toEqual([]);
  });

  test('is judged by who sent it, and names who it acts for', async () => {
    const rules = [rule('None', { users: ['bob'] }), rule('Metadata', { users: ['ann'] })];
    const { serve, backend } = setting({ rules });
    await serve(CM, { headers: ['impersonate-user', 'bob'] });
    expect(backend.events.map((e) => e.impersonatedUser?.username)).toEqual([undefined, 'bob']);
    expect(last(backend.events).request.user?.username).toBe('ann');
    expect(eventJson(last(backend.events))).toContain(
      '"impersonatedUser":{"username":"bob","groups":["system:authenticated"]},"authenticationMetadata":{"impersonationConstraint":"impersonate:user-info"},"sourceIPs"',
    );
  });

  test('that was slow tells how long it took, another one does not', async () => {
    let late = false;
    const { serve, backend } = setting({
      resources: (request) => {
        // As if it had come so much earlier, or just now.
        Object.assign(request, { received: performance.now() - (late ? 1_500 : 0), queuedMs: late ? 700 : 0 });
        return json({});
      },
    });
    await serve(CM);
    expect([...last(backend.events).annotations.keys()].filter((key) => key.includes('latency'))).toEqual([]);
    late = true;
    await serve(CM);
    const { annotations } = last(backend.events);
    expect(annotations.get('apiserver.latency.k8s.io/apf-queue-wait')).toBe('700ms');
    expect(annotations.get('apiserver.latency.k8s.io/total')).toMatch(/^1\.5\d*s$/);
    expect(annotations.has('apiserver.latency.k8s.io/impersonation')).toBe(false);
  });

  test('that was slow without waiting for a seat tells how long impersonation took; a watch is not slow', async () => {
    const { serve, backend } = setting({
      resources: (request) => {
        Object.assign(request, { received: performance.now() - 1_500, impersonationMs: 300 });
        return json({});
      },
    });
    const told = (): (readonly [string, string])[] =>
      [...last(backend.events).annotations].filter(([key]) => key.includes('latency'));
    await serve(CM);
    expect(told()).toEqual([
      ['apiserver.latency.k8s.io/impersonation', '300ms'],
      ['apiserver.latency.k8s.io/total', expect.stringMatching(/^1\.5\d*s$/)],
    ]);
    await serve(`${CM}?watch=true`);
    expect(told()).toEqual([]);
  });

  test('has at most 1024 characters of its user agent, and no object where its path names none', async () => {
    const { serve, backend } = setting();
    const agentOf = async (length: number): Promise<string> => {
      await serve('/version', { headers: ['user-agent', 'a'.repeat(length)] });
      return last(backend.events).request.userAgent;
    };
    expect(await agentOf(1024)).toBe('a'.repeat(1024));
    expect(await agentOf(1025)).toBe(`${'a'.repeat(1024)}...TRUNCATED`);
    expect(last(backend.events).objectRef).toBeUndefined();
  });

  test('tells from its coming on what authentication has noted', async () => {
    const authenticate = (request: Credentials): UserInfo => {
      request.annotate?.('authentication.k8s.io/stale-token', 'old');
      return ann;
    };
    const { serve, backend } = setting({ authenticate });
    await serve(CM);
    const key = 'authentication.k8s.io/stale-token';
    expect(backend.events.map((e) => e.annotations.get(key))).toEqual(['old', 'old']);
  });

  test('that meets a bug of ours is recorded as a panic', async () => {
    const { serve, stages, backend } = setting({
      resources: () => {
        throw new TypeError('x is not a function');
      },
    });
    expect((await serve(CM)).reply.status).toBe(500);
    expect(stages()).toEqual(['RequestReceived', 'Panic']);
    expect(last(backend.events).responseStatus).toMatchObject({
      message: "APIServer panic'd: x is not a function",
      reason: 'InternalError',
      code: 500,
    });
  });
});

describe('bodies', () => {
  const secret = { kind: 'Secret', apiVersion: 'v1', metadata: { name: 's' }, data: { password: 'hidden' } };
  const create: Handler = (request: ApiRequest) => {
    request.audit?.requestObject(secret);
    return json(secret, 201);
  };
  const texts = (events: readonly AuditEvent[]): string => JSON.stringify(events);

  test('are nowhere at Metadata, though it names what was made', async () => {
    const { serve, backend } = setting({ resources: create });
    await serve('/api/v1/namespaces/n/secrets', { method: 'POST' });
    expect(texts(backend.events)).not.toContain('hidden');
    expect(last(backend.events).objectRef).toMatchObject({ resource: 'secrets', name: 's' });
  });

  test('are those of requests at Request, and of answers too at RequestResponse', async () => {
    const request = setting({ level: 'Request', resources: create });
    await request.serve('/api/v1/namespaces/n/secrets', { method: 'POST' });
    expect(last(request.backend.events)).toMatchObject({ responseObject: undefined });
    expect(last(request.backend.events).requestObject).toContain('hidden');
    const both = setting({ level: 'RequestResponse', resources: create });
    await both.serve('/api/v1/namespaces/n/secrets', { method: 'POST' });
    expect(last(both.backend.events).responseObject).toContain('hidden');
    expect(both.stages()).toEqual(['RequestReceived', 'ResponseComplete']);
  });

  test('lose managed fields where the policy says so', async () => {
    for (const [omitManagedFields, count] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const { serve, backend } = setting({ level: 'RequestResponse', omitManagedFields });
      await serve(`${CM}/c`);
      expect(last(backend.events).responseObject?.match(/managedFields/g) ?? []).toHaveLength(count);
    }
  });

  test('that are patches are recorded on one line; one that is no JSON cannot be', async () => {
    const patched = (body: string) => {
      const resources: Handler = (request) => {
        request.audit?.requestPatch(Buffer.from(body));
        return json(CONFIGMAP);
      };
      return setting({ level: 'Request', resources });
    };
    const good = patched('{\n  "data": {"a": "b\\n"}\n}');
    await good.serve(`${CM}/c`, { method: 'PATCH' });
    expect(last(good.backend.events).requestObject).toBe('{  "data": {"a": "b\\n"}}');
    const bad = patched('data: {a: b}\n');
    await bad.serve(`${CM}/c`, { method: 'PATCH' });
    expect(last(bad.backend.events).unencodable).toContain('no JSON');
  });
});

describe('an answer in pieces', () => {
  /** A sink that goes nowhere. */
  const sink = (): Sink => ({
    write: () => true,
    onWritable: () => undefined,
    onClose: () => undefined,
    closed: false,
    end: () => undefined,
  });
  const streamed = (text: string): Reply => ({
    status: 200,
    contentType: 'application/json',
    stream: (to) => {
      to.write(text.slice(0, 5));
      to.end(text.slice(5));
    },
  });

  test('is complete when the last piece is written, and recorded whole', async () => {
    const list = { kind: 'ConfigMapList', apiVersion: 'v1', metadata: {}, items: [CONFIGMAP] };
    const { serve, backend, stages } = setting({
      level: 'RequestResponse',
      omitManagedFields: true,
      resources: () => streamed(JSON.stringify(list)),
    });
    const { reply, finished } = await serve(CM);
    expect(stages()).toEqual(['RequestReceived']);
    if ('stream' in reply) reply.stream(sink());
    finished?.();
    expect(stages()).toEqual(['RequestReceived', 'ResponseComplete']);
    expect(JSON.parse(last(backend.events).responseObject ?? '')).toMatchObject({
      kind: 'ConfigMapList',
      items: [{ metadata: { name: 'c' } }],
    });
    expect(last(backend.events).responseObject).not.toContain('managedFields');
  });

  test('that goes on for long is recorded when it starts, and when it ends, without its events', async () => {
    const { serve, backend, stages } = setting({
      level: 'RequestResponse',
      resources: () => streamed(JSON.stringify(CONFIGMAP)),
    });
    const { reply, finished } = await serve(`${CM}?watch=true`);
    expect(stages()).toEqual(['RequestReceived', 'ResponseStarted']);
    if ('stream' in reply) reply.stream(sink());
    finished?.();
    expect(stages()).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
    expect(last(backend.events)).toMatchObject({ request: { verb: 'watch' }, responseObject: undefined });
  });
});

describe('a backend', () => {
  test('that waits holds the answer back', async () => {
    let release: (ok: boolean) => void = () => undefined;
    const recorded = () =>
      new Promise<boolean>((resolve) => {
        release = resolve;
      });
    const { serve, backend } = setting({ recorded, omitStages: ['RequestReceived'] });
    let answered = false;
    const answer = serve(CM).then(() => {
      answered = true;
    });
    await backend.came(1);
    await Promise.resolve();
    expect(answered).toBe(false);
    release(true);
    await answer;
  });

  test('that lets a request go on holds its answer back for the record of its coming', async () => {
    const releases: ((ok: boolean) => void)[] = [];
    const recorded = () => new Promise<boolean>((resolve) => releases.push(resolve));
    for (const omitStages of [[], ['ResponseComplete']] as const) {
      let handled = false;
      const resources: Handler = () => {
        handled = true;
        return json(CONFIGMAP);
      };
      const { serve, stages } = setting({ recorded, mayGoOn: () => true, omitStages, resources });
      let answered = false;
      const answer = serve(CM).then(() => {
        answered = true;
      });
      expect(handled).toBe(true);
      await new Promise((resolve) => setImmediate(resolve));
      expect(answered).toBe(false);
      expect(stages()).toEqual(['RequestReceived', ...(omitStages.length === 0 ? ['ResponseComplete'] : [])]);
      for (const release of releases.splice(0)) release(true);
      await answer;
    }
  });

  test.each([
    ['an answer that is recorded before it is given', `${CM}/c`, [], [true, false]],
    ['a list, which goes out in pieces', CM, [], [false, false]],
    ['a watch', `${CM}?watch=true`, [], [false, false, false]],
    ['an answer that leaves no record', `${CM}/c`, ['ResponseComplete'], [false]],
  ] as const)(
    'that lets requests go on records the coming of one together with %s only where it may',
    async (_, target, omitStages, expected) => {
      const { serve, backend } = setting({ mayGoOn: () => true, omitStages });
      await serve(target);
      expect(backend.mayWait).toEqual(expected);
    },
  );

  test('that lets a request go on holds back an answer in pieces, too', async () => {
    let release: (ok: boolean) => void = () => undefined;
    const recorded = () => new Promise<boolean>((resolve) => (release = resolve));
    const resources: Handler = () => ({ status: 200, contentType: 'application/json', stream: (to) => to.end('{}') });
    const { serve } = setting({ recorded, mayGoOn: () => true, resources });
    let answered = false;
    const answer = serve(CM).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    release(true);
    await answer;
  });

  test('that does not keep up holds a request back until its coming is recorded', async () => {
    let release: (ok: boolean) => void = () => undefined;
    const recorded = () => new Promise<boolean>((resolve) => (release = resolve));
    let handled = false;
    const resources: Handler = () => {
      handled = true;
      return json(CONFIGMAP);
    };
    const { serve, backend } = setting({ recorded, mayGoOn: () => false, resources });
    const answer = serve(CM);
    await new Promise((resolve) => setImmediate(resolve));
    expect([handled, backend.events.length]).toEqual([false, 1]);
    release(true);
    await backend.came(2);
    release(true);
    await answer;
    expect(handled).toBe(true);
  });

  test('that cannot record what comes refuses it (mode blocking-strict)', async () => {
    const { serve } = setting({ recorded: () => Promise.resolve(false) });
    const { reply } = await serve(CM);
    expect(reply.status).toBe(500);
    if ('body' in reply) expect(reply.body.toString()).toContain('failed to store audit event');
  });
});
