import { afterAll, beforeAll, expect, test } from 'vitest';
import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient } from '../internal-client.js';
import { type FlowSchemaStatus, followFlowSchemas } from './flow-schema-status.js';

const BASE = '/apis/flowcontrol.apiserver.k8s.io/v1';

let rest: Rest;
let follower: FlowSchemaStatus;
let leads = true;
beforeAll(async () => {
  rest = await startRest();
  follower = followFlowSchemas(rest.deps.backend, createInternalClient(createRest(rest.deps)), () => leads);
});
afterAll(async () => {
  follower.stop();
  await rest.close();
});

const schema = (name: string, level: string): JsonObject => ({
  metadata: { name },
  spec: { priorityLevelConfiguration: { name: level }, matchingPrecedence: 100 },
});
const level = (name: string): JsonObject => ({
  metadata: { name },
  spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } } },
});
const dangling = async (name: string): Promise<JsonObject | undefined> =>
  children(child(await rest.ok(200, 'GET', `${BASE}/flowschemas/${name}`), 'status'), 'conditions').find(
    (c) => c['type'] === 'Dangling',
  );
const statusOf = async (name: string): Promise<unknown> => (await dangling(name))?.['status'];

test('A schema is told whether its level is there, and again when that comes and goes', async () => {
  await rest.ok(201, 'POST', `${BASE}/flowschemas`, schema('one', 'mine'));
  await expect.poll(() => statusOf('one'), { timeout: 20_000 }).toBe('True');
  expect(await dangling('one')).toMatchObject({
    reason: 'NotFound',
    message:
      'This FlowSchema references the PriorityLevelConfiguration object named "mine" but there is no such object',
    lastTransitionTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
  });
  await rest.ok(201, 'POST', `${BASE}/prioritylevelconfigurations`, level('mine'));
  await expect.poll(() => statusOf('one'), { timeout: 20_000 }).toBe('False');
  expect(await dangling('one')).toMatchObject({
    reason: 'Found',
    message: 'This FlowSchema references the PriorityLevelConfiguration object named "mine" and it exists',
  });
  const { metadata } = await rest.ok(200, 'GET', `${BASE}/flowschemas/one`);
  expect(JSON.stringify(metadata)).toContain('"manager":"api-priority-and-fairness-config-consumer-v1"');
});

test('What is wrong in the texts alone is mended, and the time of the change stays', async () => {
  const before = (await dangling('one'))?.['lastTransitionTime'];
  const old = '2020-01-01T00:00:00Z';
  expect(before).not.toBe(old);
  const conditions = [{ type: 'Dangling', status: 'False', reason: 'Found', message: 'no', lastTransitionTime: old }];
  await rest.ok(
    200,
    'PATCH',
    `${BASE}/flowschemas/one/status`,
    { status: { conditions } },
    {
      contentType: 'application/merge-patch+json',
    },
  );
  await expect
    .poll(async () => (await dangling('one'))?.['message'], { timeout: 20_000 })
    .toBe('This FlowSchema references the PriorityLevelConfiguration object named "mine" and it exists');
  expect((await dangling('one'))?.['lastTransitionTime']).toBe(old);
});

test('Only the leader writes; whoever comes to lead does what was left, without any write', async () => {
  leads = false;
  await rest.ok(201, 'POST', `${BASE}/flowschemas`, schema('two', 'exempt'));
  await rest.ok(200, 'DELETE', `${BASE}/prioritylevelconfigurations/mine`);
  expect([await statusOf('one'), await statusOf('two')]).toEqual(['False', undefined]);
  leads = true;
  await expect.poll(() => statusOf('two'), { timeout: 20_000 }).toBe('True');
  await expect.poll(() => statusOf('one'), { timeout: 20_000 }).toBe('True');
});

test('A status that is right is written no more', async () => {
  await rest.ok(201, 'POST', `${BASE}/flowschemas`, schema('three', 'gone'));
  await expect.poll(() => statusOf('three'), { timeout: 20_000 }).toBe('True');
  const version = async (): Promise<unknown> =>
    child(await rest.ok(200, 'GET', `${BASE}/flowschemas/one`), 'metadata')?.['resourceVersion'];
  const before = await version();
  await rest.ok(201, 'POST', `${BASE}/flowschemas`, schema('four', 'gone'));
  await expect.poll(() => statusOf('four'), { timeout: 20_000 }).toBe('True');
  expect(await version()).toBe(before);
});
