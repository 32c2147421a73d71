import { expect, test } from 'vitest';
import { startRest } from '../../rest/write/testing/harness.js';
import { NAMESPACE } from '../testing/with-plugin.js';
import { alwaysDeny } from './index.js';
import { AdmissionChain } from '../admit.js';

test('Everything that changes is refused', async () => {
  let on = false;
  const switched = new AdmissionChain([
    {
      ...alwaysDeny,
      admit: (ctx, a) => (on ? alwaysDeny.admit?.(ctx, a) : undefined),
      validate: () => undefined,
    },
  ]);
  const rest = await startRest(1, { admission: switched });
  try {
    await rest.ok(201, 'POST', `${NAMESPACE}/configmaps`, { metadata: { name: 'a' } });
    on = true;
    expect((await rest.ok(403, 'POST', `${NAMESPACE}/configmaps`, { metadata: { name: 'b' } }))['message']).toBe(
      'configmaps "b" is forbidden: admission control is denying all modifications',
    );
    await rest.ok(403, 'DELETE', `${NAMESPACE}/configmaps/a`);
    await rest.ok(200, 'GET', `${NAMESPACE}/configmaps/a`);
  } finally {
    await rest.close();
  }
});
