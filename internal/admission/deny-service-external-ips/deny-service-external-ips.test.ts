import { expect, test } from 'vitest';
import { MERGE, NAMESPACE, startWithPlugin } from '../testing/with-plugin.js';

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
