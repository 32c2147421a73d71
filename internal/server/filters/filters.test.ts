import { describe, expect, test } from 'vitest';
import { type AuthenticationResult, anonymousUser, withAuthenticatedGroup } from '../../auth/authenticator.js';
import { alwaysAllow } from '../../auth/authorizers.js';
import type { Attributes, Authorizer, Decision, UserInfo } from '../../auth/types.js';
import type { Awaitable } from '../../machinery/awaitable.js';
import type { Reply } from '../../rest/types.js';
import { type ChainParts, createChain } from '../chain.js';
import type { Answer, IncomingRequest, RequestHandler } from '../http-listener.js';
import { inFlightLimit } from '../in-flight.js';
import { RequestMetrics } from '../metrics.js';
import type { RequestContext } from '../request-context.js';

const ok: Reply = { status: 200, contentType: 'text/plain', body: 'ok' };
const ann: UserInfo = withAuthenticatedGroup({ username: 'ann', uid: '', groups: [], extra: {} });

interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly readBody?: IncomingRequest['readBody'];
}

function incoming({ method = 'GET', target = '/api/v1/pods', headers = [], readBody }: Asked): IncomingRequest {
  const [rawPath = '', rawQuery = ''] = target.split('?');
  return {
    method,
    rawPath,
    rawQuery,
    headers,
    peerCertificate: '',
    onAborted: () => undefined,
    readBody: readBody ?? (() => Buffer.alloc(0)),
    openBody: () => undefined,
    remoteAddress: () => '127.0.0.1',
  };
}

function chain(
  parts: Partial<ChainParts> = {},
  user: () => Awaitable<AuthenticationResult> = () => ann,
): RequestHandler {
  return createChain({
    authenticator: { authenticate: user },
    authorizer: alwaysAllow,
    inFlight: inFlightLimit(10, 10),
    metrics: new RequestMetrics(() => undefined),
    requestTimeoutMs: 60_000,
    resources: () => ok,
    paths: () => ok,
    ...parts,
  });
}

const statusOf = async (answer: Answer | Promise<Answer>): Promise<number> => (await answer).reply.status;
async function messageOf(answer: Answer | Promise<Answer>): Promise<string> {
  const { reply } = await answer;
  return 'body' in reply ? String((JSON.parse(reply.body.toString()) as { message: string }).message) : '';
}
const verdict =
  (decision: Decision['decision']) =>
  (asked: Attributes[] = []): Authorizer => ({
    authorize: (a) => {
      asked.push(a);
      return { decision, reason: 'said so' };
    },
  });

describe('the chain', () => {
  test('answers at once where nobody has to wait', () => {
    expect(chain().serve(incoming({}))).not.toBeInstanceOf(Promise);
  });

  test('waits for authenticators, authorizers and bodies that have to', async () => {
    const bodies: string[] = [];
    const later = chain(
      {
        authorizer: { authorize: () => Promise.resolve({ decision: 'allow', reason: '' }) },
        resources: (request) => {
          bodies.push(request.body.toString());
          return ok;
        },
      },
      () => Promise.resolve(ann),
    );
    const asked = { method: 'POST', readBody: () => Promise.resolve(Buffer.from('body')) };
    expect(await statusOf(later.serve(incoming(asked)))).toBe(200);
    expect(bodies).toEqual(['body']);
  });

  test('reads no body of who is not authenticated or not allowed', async () => {
    const readBody = (): never => {
      throw new Error('the body was read');
    };
    const asked = incoming({ method: 'POST', readBody });
    expect(await statusOf(chain({}, () => 'invalid').serve(asked))).toBe(401);
    expect(await statusOf(chain({}, () => Promise.resolve('invalid' as const)).serve(asked))).toBe(401);
    expect(await statusOf(chain({ authorizer: verdict('noOpinion')() }).serve(asked))).toBe(403);
    expect(await statusOf(chain({ authorizer: verdict('deny')() }).serve(asked))).toBe(403);
  });

  test('charges a body to the user who sent it, not to the one who is impersonated', async () => {
    const owners: string[] = [];
    const readBody = (owner: string): Buffer => {
      owners.push(owner);
      return Buffer.alloc(0);
    };
    const asked = incoming({ method: 'POST', readBody, headers: ['impersonate-user', 'bob'] });
    expect(await statusOf(chain().serve(asked))).toBe(200);
    expect(owners).toEqual(['ann']);
  });
});

describe('authentication', () => {
  test('takes no credentials for system:anonymous, unless nobody may be anonymous', async () => {
    const authorizer = verdict('noOpinion')();
    expect(await statusOf(chain({ authorizer }, () => anonymousUser).serve(incoming({})))).toBe(403);
    expect(await statusOf(chain({ authorizer }, () => undefined).serve(incoming({})))).toBe(401);
  });

  test('says so when blanks before the token hide it', async () => {
    const { reply } = await chain({}, () => anonymousUser).serve(incoming({ headers: ['authorization', 'Bearer  x'] }));
    expect(reply.warnings).toEqual([expect.stringContaining('extra space before the bearer token')]);
    const basic = incoming({ headers: ['authorization', 'Basic bearer  x'] });
    expect((await chain({}, () => anonymousUser).serve(basic)).reply.warnings ?? []).toEqual([]);
  });
});

describe('impersonation', () => {
  const acting = (headers: readonly string[], authorizer: Authorizer = alwaysAllow) => {
    let seen: RequestContext | undefined;
    const resources = (request: unknown): Reply => {
      seen = request as RequestContext;
      return ok;
    };
    return { answer: chain({ authorizer, resources }).serve(incoming({ headers })), user: () => seen?.user };
  };

  test('asks for each identity, as the user who sent the request', async () => {
    const asked: Attributes[] = [];
    const headers = [
      'impersonate-user',
      'bob',
      'impersonate-group',
      'g',
      'impersonate-extra-constructor',
      'x',
      'impersonate-uid',
      'u',
    ];
    const { answer, user } = acting(headers, verdict('allow')(asked));
    expect(await statusOf(answer)).toBe(200);
    expect(asked.map((a) => [a.user.username, a.verb, a.resource, a.subresource, a.name])).toEqual([
      ['ann', 'impersonate-on:user-info:list', 'pods', '', ''],
      ['ann', 'impersonate:user-info', 'users', '', 'bob'],
      ['ann', 'impersonate:user-info', 'uids', '', 'u'],
      ['ann', 'impersonate:user-info', 'groups', '', 'g'],
      ['ann', 'impersonate', 'users', '', 'bob'],
      ['ann', 'impersonate', 'uids', '', 'u'],
      ['ann', 'impersonate', 'groups', '', 'g'],
      ['ann', 'impersonate', 'userextras', 'constructor', 'x'],
      ['bob', 'list', 'pods', '', ''],
    ]);
    expect(user()).toMatchObject({ username: 'bob', uid: 'u', groups: ['g', 'system:authenticated'] });
    expect(Object.entries(user()?.extra ?? {})).toEqual([['constructor', ['x']]]);
  });

  test('of a group alone is a bad request', async () => {
    const { answer } = acting(['impersonate-group', 'g']);
    expect(await statusOf(answer)).toBe(400);
    expect(await messageOf(answer)).toBe(
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
  });

  test('of any single identity needs the right to it', async () => {
    const refusing = (resource: string): Authorizer => ({
      authorize: (a) => ({ decision: a.resource === resource ? 'noOpinion' : 'allow', reason: '' }),
    });
    const headers = [
      'impersonate-user',
      'bob',
      'impersonate-group',
      'g',
      'impersonate-extra-k',
      'v',
      'impersonate-uid',
      'u',
    ];
    for (const resource of ['users', 'groups', 'userextras', 'uids']) {
      expect(await statusOf(acting(headers, refusing(resource)).answer), resource).toBe(403);
    }
  });

  test('comes before the limit on requests in flight, which counts who acts', async () => {
    const full = inFlightLimit(1, 1);
    const busy = chain({ inFlight: full, resources: () => new Promise<Reply>(() => undefined) });
    void busy.serve(incoming({}));
    const next = chain({ inFlight: full });
    expect(await statusOf(next.serve(incoming({})))).toBe(429);
    const asMaster = ['impersonate-user', 'bob', 'impersonate-group', 'system:masters'];
    expect(await statusOf(next.serve(incoming({ headers: asMaster })))).toBe(200);
  });
});

test('what the server gives up in its own defence is counted: too many, too late, a bug', async () => {
  const metrics = new RequestMetrics(() => undefined);
  const full = inFlightLimit(1, 1);
  const busy = chain({ metrics, inFlight: full, resources: () => new Promise<Reply>(() => undefined) });
  void busy.serve(incoming({}));
  expect(await statusOf(chain({ metrics, inFlight: full }).serve(incoming({})))).toBe(429);
  const slow = chain({ metrics, resources: () => new Promise<Reply>(() => undefined), requestTimeoutMs: 1 });
  expect(await statusOf(slow.serve(incoming({})))).toBe(504);
  const broken = chain({
    metrics,
    resources: () => {
      throw new TypeError('x is not a function');
    },
  });
  expect(await statusOf(broken.serve(incoming({})))).toBe(500);
  expect(await statusOf(chain({ metrics }).serve(incoming({})))).toBe(200);
  const text = (await metrics.render()).toString();
  const counted = [...text.matchAll(/^apiserver_request_terminations_total\{code="(\d+)".* (\d+)$/gm)];
  expect(counted.map(([, code, count]) => [code, count])).toEqual([
    ['429', '1'],
    ['504', '1'],
    ['500', '1'],
  ]);
});

describe('deadlines', () => {
  const never = () => new Promise<Reply>(() => undefined);

  test('a request that takes too long is 504 and gives its place back', async () => {
    const inFlight = inFlightLimit(1, 1);
    const slow = chain({ inFlight, resources: never, requestTimeoutMs: 50 });
    const answer = slow.serve(incoming({}));
    expect(await statusOf(answer)).toBe(504);
    expect(await messageOf(answer)).toBe('Timeout: request did not complete within the allotted timeout');
    expect(inFlight.readOnly).toBe(0);
  });

  test('the query may ask for less time, in a form that can be read', async () => {
    const slow = chain({ resources: never });
    expect(await statusOf(slow.serve(incoming({ target: '/api/v1/pods?timeout=50ms' })))).toBe(504);
    const bad = slow.serve(incoming({ target: '/api/v1/pods?timeout=soon' }));
    expect(await messageOf(bad)).toBe('invalid timeout specified in the request URL - time: invalid duration "soon"');
  });

  test('a body that does not come is given up', async () => {
    const slow = chain({ requestTimeoutMs: 50 });
    const readBody = (): Promise<Buffer> => new Promise(() => undefined);
    expect(await statusOf(slow.serve(incoming({ method: 'POST', readBody })))).toBe(504);
  });

  test('a watch has none', async () => {
    let finish: (reply: Reply) => void = () => undefined;
    const resources = () =>
      new Promise<Reply>((resolve) => {
        finish = resolve;
      });
    const served = chain({ resources, requestTimeoutMs: 1 });
    const answer = served.serve(incoming({ target: '/api/v1/pods?watch=1' }));
    const finishWatch = finish;
    // What came after it has run out of time.
    expect(await statusOf(served.serve(incoming({ target: '/api/v1/pods' })))).toBe(504);
    finishWatch(ok);
    expect(await statusOf(answer)).toBe(200);
  });
});
