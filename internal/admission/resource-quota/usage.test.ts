import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { objectKey } from '../../store/keys.js';
import { storeReader } from '../lookup.js';
import { contextOf } from '../testing/attributes.js';
import type { ObjectReader } from '../types.js';
import { amountsOf } from './amounts.js';
import { chargeWithWrite } from './usage.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

test('usage is charged where the API server owns it, and written with its owner where it does not', async () => {
  const at = '/api/v1/namespaces/default';
  const hard = { configmaps: '9', secrets: '9' };
  await rest.ok(201, 'POST', `${at}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard } });
  const status = { hard, used: { configmaps: '0', secrets: '0' } };
  const merge = { contentType: 'application/merge-patch+json' };
  await rest.ok(200, 'PATCH', `${at}/resourcequotas/q/status`, { status }, merge);
  await rest.ok(201, 'POST', `${at}/configmaps`, { metadata: { name: 'a' } });
  const reader = storeReader(rest.deps.backend);
  const key = objectKey('', 'resourcequotas', 'default', 'q');
  const quota = reader.list('', 'resourcequotas', 'default')[0] ?? {};
  const metadata = quota['metadata'] as JsonObject;
  const entries = metadata['managedFields'] as JsonObject[];
  const own = entries.find((entry) => entry['manager'] === 'kube-apiserver') ?? {};
  const others = entries.filter((entry) => entry !== own);

  /** What is written where the quota's fields are owned so: by a charge, or by a new quota on condition of the old one. */
  const written = (managedFields: JsonObject[], amounts: Record<string, string>, takesCharges = true): string => {
    const ctx = contextOf(Object.create(reader, { takesCharges: { value: takesCharges } }) as ObjectReader);
    const of = { ...quota, metadata: { ...metadata, managedFields } };
    chargeWithWrite(ctx, 'default', { quota: of, amounts: amountsOf(amounts) });
    expect(ctx.operations.map((op) => 'key' in op && op.key)).toEqual([key]);
    const [operation] = ctx.operations;
    if (operation?.type === 'charge') {
      expect(ctx.compares).toEqual([]);
      return `charge ${operation.amounts.map(([name, amount]) => `${name}=${amount}`).join()}`;
    }
    expect(ctx.compares).toEqual([{ key, modRevision: Number(metadata['resourceVersion']) }]);
    if (operation?.type !== 'put') throw new Error('nothing is put');
    const next = JSON.parse(operation.value.toString()) as {
      status: { used: unknown };
      metadata: { managedFields: JsonObject[] };
    };
    const { fieldsV1 } = next.metadata.managedFields.find((entry) => entry['manager'] === 'kube-apiserver') ?? {};
    return `put ${JSON.stringify(next.status.used)} ${Object.keys(((fieldsV1 as JsonObject)['f:status'] as JsonObject)['f:used'] as JsonObject).join()}`;
  };
  const put = 'put {"configmaps":"3","secrets":"0"} f:configmaps';
  expect(written(entries, { configmaps: '2' })).toBe('charge configmaps=2');
  expect(written(entries, { configmaps: '2' }, false)).toBe(put);
  expect(written(others, { configmaps: '2' })).toBe(put);
  expect(written([{ ...own, operation: 'Apply' }, ...others], { configmaps: '2' })).toContain('put ');
  expect(written([{ ...own, subresource: '' }, ...others], { configmaps: '2' })).toContain('put ');
  expect(written([{ ...own, manager: 'other' }, ...others], { configmaps: '2' })).toContain('put ');
  expect(written(entries, { secrets: '2' })).toBe('put {"configmaps":"1","secrets":"2"} f:configmaps,f:secrets');
  expect(written(entries, { configmaps: '1', secrets: '2' })).toBe(
    'put {"configmaps":"2","secrets":"2"} f:configmaps,f:secrets',
  );
});
