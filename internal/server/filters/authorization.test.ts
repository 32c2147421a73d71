import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Attributes, Decision } from '../../auth/types.js';
import { startTestServer, type TestServer } from '../testing.js';

let server: TestServer;
let decision: Decision;
let asked: Attributes[] = [];
beforeAll(async () => {
  server = await startTestServer(0, () => ({ status: 200, contentType: 'text/plain', body: 'ok' }), undefined, {
    authorizer: {
      authorize(a) {
        asked.push(a);
        return decision;
      },
    },
  });
});
beforeEach(() => {
  asked = [];
  decision = { decision: 'allow', reason: '' };
});
afterAll(() => server.close());

const PODS = '/api/v1/namespaces/ns/pods';

test('authorizers are told the selectors of what selects, and of nothing else', async () => {
  const query = '?labelSelector=a%3Db&fieldSelector=spec.nodeName%3Dn1';
  await server.call(PODS + query);
  await server.call(PODS + query, { method: 'DELETE' });
  await server.call(`${PODS}/a${query}`);
  const selectors = { labelSelector: 'a=b', fieldSelector: 'spec.nodeName=n1' };
  expect(asked[0]).toMatchObject({ verb: 'list', ...selectors });
  expect(asked[1]).toMatchObject({ verb: 'deletecollection', ...selectors });
  expect(asked[2]?.labelSelector).toBeUndefined();
  await server.call(`${PODS}?limit=1`);
  expect(asked[3]?.labelSelector).toBeUndefined();
});

test('who is refused because nobody could find out is told what went wrong, as 500', async () => {
  decision = { decision: 'deny', reason: '', error: 'the webhook is away' };
  const { status, headers, body } = await server.call(`${PODS}?limit=1`);
  expect([status, headers['content-type'], headers['x-content-type-options'], body]).toEqual([
    500,
    'text/plain; charset=utf-8',
    'nosniff',
    `Internal Server Error: "${PODS}?limit=1": the webhook is away\n`,
  ]);
  expect((await server.call(PODS)).body).toBe(`Internal Server Error: "${PODS}": the webhook is away\n`);
  decision = { decision: 'allow', reason: 'another one allowed it', error: 'the webhook is away' };
  expect((await server.call(PODS)).status).toBe(200);
});

test('attempts are counted by what they came to', async () => {
  const count = async (result: string): Promise<number> => {
    const name = 'authorization_attempts_total';
    const metric = await server.metrics.registry.getSingleMetric(name)?.get();
    return metric?.values.find(({ labels }) => labels['result'] === result)?.value ?? 0;
  };
  const counts = (): Promise<number[]> => Promise.all(['allowed', 'denied', 'no-opinion', 'error'].map(count));
  const before = await counts();
  for (const each of [
    { decision: 'allow', reason: '' },
    { decision: 'deny', reason: '' },
    { decision: 'deny', reason: '' },
    { decision: 'noOpinion', reason: '' },
    { decision: 'noOpinion', reason: '' },
    { decision: 'noOpinion', reason: '' },
    { decision: 'deny', reason: '', error: 'x' },
  ] as const) {
    decision = each;
    await server.call(PODS);
  }
  expect(await counts()).toEqual([1, 2, 3, 1].map((more, i) => (before[i] ?? 0) + more));
});

test('the time that it takes is told by what it came to', async () => {
  const counts = async (): Promise<number[]> => {
    const text = (await server.metrics.render()).toString();
    return ['allowed', 'denied', 'no-opinion', 'error'].map((result) =>
      Number(new RegExp(`^authorization_duration_seconds_count\\{result="${result}"\\} (\\d+)`, 'm').exec(text)?.[1]),
    );
  };
  const spent = async (): Promise<number> => {
    const text = (await server.metrics.render()).toString();
    const sums = [...text.matchAll(/^authorization_duration_seconds_sum\{.*\} (\S+)/gm)];
    return sums.reduce((all, [, sum]) => all + Number(sum), 0);
  };
  const before = await counts();
  const [spentBefore, begun] = [await spent(), performance.now()];
  for (const each of [
    { decision: 'allow', reason: '', error: 'x' },
    { decision: 'deny', reason: '' },
    { decision: 'noOpinion', reason: '' },
    { decision: 'noOpinion', reason: '', error: 'x' },
    { decision: 'deny', reason: '', error: 'x' },
  ] as const) {
    decision = each;
    await server.call(PODS);
  }
  const seconds = (performance.now() - begun) / 1000;
  expect(await counts()).toEqual([1, 1, 1, 2].map((more, i) => (before[i] ?? 0) + more));
  expect((await spent()) - spentBefore).toBeLessThan(seconds);
});
