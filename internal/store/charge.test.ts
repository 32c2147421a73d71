import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeForStorage } from '../schema/codec/index.js';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { decodeProposal, encodeProposal } from './command.js';
import type { Backend, Op } from './types.js';

let cluster: TestCluster;
let backend: Backend;

beforeEach(async () => {
  cluster = await startCluster();
  backend = cluster.replica(0).backend;
});
afterEach(() => cluster.close());

const KEY = '/resourcequotas/ns/q';

async function store(status: { hard?: Record<string, string>; used?: Record<string, string> }): Promise<void> {
  const { value, revisionAt } = encodeForStorage({
    kind: 'ResourceQuota',
    apiVersion: 'v1',
    metadata: { name: 'q', namespace: 'ns', uid: 'one', annotations: { note: '<"used":{&}>é', status: '"status":{' } },
    spec: { hard: { pods: '3' } },
    status,
  });
  await backend.txn({ compares: [], ops: [{ type: 'put', key: KEY, value, revisionAt }] });
}
const charge = (amounts: Record<string, string>, uid = 'one'): Op => ({
  type: 'charge',
  key: KEY,
  uid,
  amounts: Object.entries(amounts),
});
const put = (key: string): Op => ({ type: 'put', key, value: Buffer.from('x'), revisionAt: -1 });
const text = (): string => backend.get(KEY)?.value.toString() ?? '';

describe('a charge', () => {
  it('adds what is used, with the object, and leaves every other byte as it is', async () => {
    await store({ hard: { pods: '3', memory: '2Gi' }, used: { pods: '1', memory: '512Mi' } });
    const before = text();
    const result = await backend.txn({ compares: [], ops: [put('a/1'), charge({ pods: '1', memory: '1Gi' })] });
    expect(result.succeeded).toBe(true);
    expect(text()).toBe(
      before
        .replace('"resourceVersion":"1"', `"resourceVersion":"${result.revision}"`)
        .replace(/"used":\{[^&]*\}\}$/, '"used":{"memory":"1536Mi","pods":"2"}}}'),
    );
    expect(backend.get(KEY)?.modRevision).toBe(result.revision);
    expect(backend.get('a/1')?.modRevision).toBe(result.revision);
  });

  it('that has no room fails the whole transaction, and says which it was', async () => {
    await store({ hard: { pods: '3', memory: '2Gi' }, used: { pods: '3', memory: '512Mi' } });
    const before = text();
    const txn = {
      compares: [{ key: KEY, exists: true } as const],
      ops: [put('a/1'), charge({ memory: '1', pods: '1' })],
    };
    expect(await backend.txn(txn)).toEqual({ succeeded: false, revision: 1, failed: 2 });
    expect(text()).toBe(before);
    expect(backend.get('a/1')).toBeUndefined();
  });

  it.each<[string, Op]>([
    ['another quota of the same name', charge({ pods: '1' }, 'other')],
    ['something that is not bounded', charge({ services: '1' })],
    ['something whose usage is not known', charge({ memory: '1' })],
    ['what is no quantity', charge({ pods: 'many' })],
    ['a quota that is gone', { ...charge({ pods: '1' }), key: '/resourcequotas/ns/gone' }],
  ])('of %s fails', async (_what, op) => {
    await store({ hard: { pods: '3', memory: '2Gi' }, used: { pods: '0' } });
    expect(await backend.txn({ compares: [], ops: [op] })).toMatchObject({ succeeded: false, failed: 0 });
  });

  it('of a quota without a status fails', async () => {
    await store({});
    expect(await backend.txn({ compares: [], ops: [charge({ pods: '1' })] })).toMatchObject({ succeeded: false });
  });

  it('counts what is under way at the same time: none has to be repeated, and the bound holds', async () => {
    await store({ hard: { pods: '10' }, used: { pods: '0' } });
    const results = await Promise.all(
      Array.from({ length: 25 }, (_, i) => backend.txn({ compares: [], ops: [put(`a/${i}`), charge({ pods: '1' })] })),
    );
    expect(results.filter((r) => r.succeeded)).toHaveLength(10);
    expect(text()).toContain('"used":{"pods":"10"}');
    expect(backend.count('a/', 'a0')).toBe(10);
  });

  it('is read from the log as it was written', () => {
    const txn = { compares: [], ops: [charge({ pods: '1', memory: '1Gi' }), put('a/1')] };
    const proposal = { proposer: 1, seq: 2, time: 3, commands: [{ kind: 'txn', txn } as const] };
    expect(decodeProposal(encodeProposal(proposal))).toEqual(proposal);
  });
});
