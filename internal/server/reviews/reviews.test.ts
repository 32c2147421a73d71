import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Spy } from '../../admission/testing/spy.js';
import { alwaysAllow } from '../../auth/authorizers.js';
import { forbidden } from '../../machinery/status.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { subjectAccessReview } from './access.js';
import { selfSubjectReview } from './identity.js';

const spy = new Spy();
let rest: Rest;
beforeAll(async () => {
  rest = await startRest(1, {
    admission: spy.chain,
    creators: {
      'authentication.k8s.io/selfsubjectreviews': selfSubjectReview,
      'authorization.k8s.io/subjectaccessreviews': subjectAccessReview(alwaysAllow),
    },
  });
  spy.reset();
});
afterEach(() => {
  spy.reset();
});
afterAll(() => rest.close());

const SELF = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const ACCESS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const spec = { user: 'u', resourceAttributes: { verb: 'get', resource: 'pods' } };

test('A review is admitted as a create', async () => {
  await rest.ok(201, 'POST', SELF, {});
  expect(spy.seen).toMatchObject([
    { phase: 'admit', operation: 'CREATE', kind: 'authentication.k8s.io/v1/SelfSubjectReview' },
    { phase: 'validate', operation: 'CREATE' },
  ]);
});

test('Who is refused by admission gets no answer to the review', async () => {
  spy.onValidate = () => {
    throw forbidden({ group: '', resource: 'reviews' }, '', 'no');
  };
  expect(await rest.ok(403, 'POST', ACCESS, { spec })).toMatchObject({ reason: 'Forbidden' });
});

test('What a mutating plugin asks instead is what is answered, and it is validated', async () => {
  spy.onAdmit = (_ctx, a) => {
    if (a.object !== undefined) a.object['spec'] = { resourceAttributes: { verb: 'get', resource: 'pods' } };
  };
  await rest.ok(422, 'POST', ACCESS, { spec });
  expect(spy.seen.map((s) => s.phase)).toEqual(['admit']);
  spy.reset();
  expect(await rest.ok(201, 'POST', ACCESS, { spec })).toMatchObject({ status: { allowed: true } });
});
