import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { EventEmitter, once } from 'node:events';
import { notFound } from '../machinery/status.js';
import type { HandlerReply, Reply } from '../rest/types.js';
import { inFlightLimit } from './in-flight.js';
import { RequestMetrics } from './metrics.js';
import { ok, ann, incoming, chain, statusOf, verdict } from './filters/testing.js';

describe('the chain', () => {
  test('answers at once where nobody has to wait', () => {
    const answer = chain().serve(incoming({}));
    expect(answer).not.toBeInstanceOf(Promise);
    expect(answer).toMatchObject({ reply: ok, headers: undefined });
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

test('of requests that come together only some are handled before others have their turn', async () => {
  let handled = 0;
  const slow = chain({
    resources: () => {
      handled++;
      for (const end = performance.now() + 2; performance.now() < end; );
      return ok;
    },
  });
  const bodied = { method: 'POST', readBody: () => Promise.resolve(Buffer.from('body')) };
  const answers = Array.from({ length: 20 }, (_, i) => slow.serve(incoming(i % 2 === 0 ? {} : bodied)));
  expect(handled).toBeLessThanOrEqual(3);
  await Promise.resolve();
  await turn();
  expect(handled).toBeLessThan(10);
  expect(await Promise.all(answers.map(statusOf))).toEqual(Array.from({ length: 20 }, () => 200));
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
  const absent = chain({
    metrics,
    resources: () => {
      throw notFound({ group: '', resource: 'pods' }, 'p');
    },
  });
  expect(await statusOf(absent.serve(incoming({})))).toBe(404);
  const text = (await metrics.render()).toString();
  const counted = [...text.matchAll(/^apiserver_request_terminations_total\{code="(\d+)".* (\d+)$/gm)];
  expect(counted.map(([, code, count]) => [code, count])).toEqual([
    ['429', '1'],
    ['504', '1'],
    ['500', '1'],
  ]);
});

test('a watch is counted until it is over', async () => {
  const metrics = new RequestMetrics(() => undefined);
  const resources = (): Reply => ({ status: 200, contentType: '', stream: () => undefined });
  const { finished } = await chain({ metrics, resources }).serve(incoming({ target: '/api/v1/pods?watch=true' }));
  const open = async (): Promise<string | undefined> =>
    /^apiserver_longrunning_requests\{.*\} (\d+)$/m.exec((await metrics.render()).toString())?.[1];
  expect(await open()).toBe('1');
  finished?.();
  expect(await open()).toBe('0');
});

test('a connection that is handed over is closed when the token ends that opened it', async () => {
  const token = ['{}', JSON.stringify({ exp: 1 }), 's']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
  const taken: unknown[] = [];
  const resources = (): HandlerReply => ({
    status: 101,
    contentType: '',
    rawHeaders: [],
    handOver: (connection) => taken.push(connection),
  });
  const served = chain({ resources });
  const { reply } = await served.serve(
    incoming({ headers: ['upgrade', 'SPDY/3.1', 'authorization', `Bearer ${token}`] }),
  );
  const connection = Object.assign(new EventEmitter(), { destroy: () => connection.emit('destroyed') });
  const destroyed = once(connection, 'destroyed');
  if ('handOver' in reply) reply.handOver(connection as never, Buffer.alloc(0));
  expect(taken).toEqual([connection]);
  await destroyed;
});

test('Warnings of the chain come before those of the handler, with any answer', async () => {
  const headers = ['authorization', 'Bearer  x'];
  const told = async (warnings?: string[]): Promise<readonly string[]> =>
    (
      await chain({ resources: () => ({ ...ok, ...(warnings === undefined ? {} : { warnings }) }) }).serve(
        incoming({ headers }),
      )
    ).reply.warnings ?? [];
  const own = expect.stringContaining('extra space before the bearer token');
  expect([await told(), await told(['its own'])]).toEqual([[own], [own, 'its own']]);
  expect(
    (await chain({ resources: () => ({ ...ok, warnings: ['its own'] }) }).serve(incoming({}))).reply.warnings,
  ).toEqual(['its own']);
});
