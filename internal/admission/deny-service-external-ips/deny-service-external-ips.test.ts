import { expect, test } from 'vitest';
import { startRest } from '../../rest/write/testing/harness.js';
import { AdmissionChain } from '../admit.js';
import { MERGE, NAMESPACE, startWithPlugin } from '../testing/with-plugin.js';
import { denyServiceExternalIPs } from './index.js';

test('A service gets no external IPs', async () => {
  const rest = await startWithPlugin('DenyServiceExternalIPs');
  try {
    const service = (name: string, more = {}) => ({
      metadata: { name },
      spec: { clusterIP: 'None', ports: [{ port: 80 }], ...more },
    });
    const message = 'services "s" is forbidden: Use of external IPs is denied by admission control';
    const path = `${NAMESPACE}/services`;
    expect(await rest.ok(403, 'POST', path, service('s', { externalIPs: ['1.2.3.4'] }))).toMatchObject({ message });
    await rest.ok(201, 'POST', path, service('s'));
    const patch = { spec: { externalIPs: ['1.2.3.4'] } };
    expect(await rest.ok(403, 'PATCH', `${path}/s`, patch, MERGE)).toMatchObject({ message });
  } finally {
    await rest.close();
  }
});

test('A service keeps those that it had before the plugin was there, and may give them up', async () => {
  let on = false;
  const switched = new AdmissionChain([
    { ...denyServiceExternalIPs, validate: (ctx, a) => (on ? denyServiceExternalIPs.validate?.(ctx, a) : undefined) },
  ]);
  const rest = await startRest(1, { admission: switched });
  try {
    const path = `${NAMESPACE}/services`;
    const spec = { clusterIP: 'None', ports: [{ port: 80 }], externalIPs: ['1.2.3.4', '5.6.7.8'] };
    await rest.ok(201, 'POST', path, { metadata: { name: 's' }, spec });
    on = true;
    await rest.ok(200, 'PATCH', `${path}/s`, { metadata: { labels: { a: 'b' } } }, MERGE);
    await rest.ok(200, 'PATCH', `${path}/s`, { spec: { externalIPs: ['5.6.7.8'] } }, MERGE);
    await rest.ok(403, 'PATCH', `${path}/s`, { spec: { externalIPs: ['5.6.7.8', '1.2.3.4'] } }, MERGE);
    // Only services have such a field.
    await rest.ok(201, 'POST', `${NAMESPACE}/configmaps`, { metadata: { name: 's' } });
  } finally {
    await rest.close();
  }
});
