import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { meta, type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const MERGE = { contentType: 'application/merge-patch+json' };

const fields = (status: JsonObject): string[] =>
  ((status['details'] as JsonObject)['causes'] as { field: string }[]).map((c) => c.field);

describe('claims of devices', () => {
  const CLAIMS = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims';
  const claim = (name: string): JsonObject => ({
    metadata: { name },
    spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'c', adminAccess: true } }] } },
  });
  const template = (name: string): JsonObject => ({ metadata: { name }, spec: { spec: claim('')['spec'] ?? {} } });
  const results = (device: JsonObject): JsonObject => ({
    status: {
      allocation: { devices: { results: [{ request: 'a', driver: 'd.io', pool: 'p', device: 'x', ...device }] } },
    },
  });

  it('get access as an administrator only in a namespace that is labelled for it', async () => {
    const TEMPLATES = CLAIMS.replace(/s$/, 'templates');
    const refused = await rest.ok(422, 'POST', CLAIMS, claim('A'));
    // Before what is wrong with metadata.
    expect(fields(refused)).toEqual(['spec.devices.requests[0].adminAccess', 'metadata.name']);
    await rest.ok(422, 'POST', TEMPLATES, template('a'));
    const label = (value: string): Promise<JsonObject> => {
      const labels = { 'resource.kubernetes.io/admin-access': value };
      return rest.ok(200, 'PATCH', '/api/v1/namespaces/default', { metadata: { labels } }, MERGE);
    };
    await label('yes');
    await rest.ok(422, 'POST', CLAIMS, claim('a'));
    await label('true');
    await rest.ok(201, 'POST', CLAIMS, claim('a'));
    await rest.ok(201, 'POST', TEMPLATES, template('a'));
    await label('false');
    const status = await rest.ok(422, 'PATCH', `${CLAIMS}/a/status`, results({ adminAccess: true }), MERGE);
    expect(fields(status)).toEqual(['status.allocation.devices.results[0].adminAccess']);
    await rest.ok(200, 'PATCH', `${CLAIMS}/a/status`, results({}), MERGE);
  });
});

describe('CSI drivers', () => {
  it('count their generations from the first change, and know no field that is behind a gate', async () => {
    const DRIVERS = '/apis/storage.k8s.io/v1/csidrivers';
    const spec = { preventPodSchedulingIfMissing: true };
    const made = await rest.ok(201, 'POST', DRIVERS, { metadata: { name: 'd.io' }, spec });
    expect(meta(made)).not.toHaveProperty('generation');
    expect(made['spec']).not.toHaveProperty('preventPodSchedulingIfMissing');
    const changed = await rest.ok(200, 'PATCH', `${DRIVERS}/d.io`, { spec: { podInfoOnMount: true, ...spec } }, MERGE);
    expect(meta(changed)['generation']).toBe(1);
    expect(changed['spec']).not.toHaveProperty('preventPodSchedulingIfMissing');
  });
});

describe('what is wrong with a new object', () => {
  it('is told of a budget before its name is looked at, and of an event before its metadata', async () => {
    const budget = { spec: { minAvailable: -1 } };
    const refused = await rest.ok(422, 'POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', budget);
    expect(fields(refused)).toEqual(['spec.minAvailable']);
    const event = { regarding: { namespace: 'other' }, metadata: {}, type: 'Normal' };
    const none = await rest.ok(422, 'POST', '/apis/events.k8s.io/v1/namespaces/default/events', event);
    expect(fields(none)).toEqual(['involvedObject.namespace', 'metadata.name', 'eventTime']);
  });
});
