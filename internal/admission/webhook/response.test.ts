import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { gvkText, readResponse } from './response.js';

const review = (version: string) => ({ uid: 'u-1', apiVersion: `admission.k8s.io/${version}`, body: '' });
const patch = Buffer.from('[]').toString('base64');
const answer = (response: unknown, more: JsonObject = {}): Buffer =>
  Buffer.from(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response, ...more }));
const read = (body: Buffer, mutating: boolean, version = 'v1') => readResponse(body, review(version), mutating);

test('Everything that a webhook says is read', async () => {
  const response = {
    uid: 'u-1',
    allowed: true,
    status: { code: 201, message: 'm' },
    patch,
    patchType: 'JSONPatch',
    auditAnnotations: { a: 'b' },
    warnings: ['w', 'x'],
  };
  const { status, allowed, patchType, auditAnnotations, warnings } = response;
  const told = { allowed, patchType, auditAnnotations, warnings, patch: '[]', result: status };
  expect(await read(answer(response), true)).toEqual(told);
});

test('What it does not say is not there, and it allows nothing', async () => {
  const nothing = { allowed: false, result: undefined, patch: '', patchType: '', auditAnnotations: {}, warnings: [] };
  expect(await read(answer({ uid: 'u-1' }), true)).toEqual(nothing);
  expect(await read(answer({ uid: 'u-1', allowed: false }), false)).toEqual(nothing);
});

describe('version v1', () => {
  test.each<[string, Buffer, string]>([
    ['no response', answer(undefined), 'webhook response was absent'],
    ['another uid', answer({ uid: 'u-2' }), 'expected response.uid="u-1", got "u-2"'],
    ['no uid', answer({}), 'expected response.uid="u-1", got ""'],
    [
      'another version',
      answer({ uid: 'u-1' }, { apiVersion: 'admission.k8s.io/v1beta1' }),
      'converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion',
    ],
    [
      'no kind',
      Buffer.from('{"response":{"uid":"u-1"}}'),
      'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=',
    ],
  ])('with %s is refused', async (_what, body, message) => {
    await expect(read(body, true)).rejects.toThrow(message);
    await expect(read(body, false)).rejects.toThrow(message);
  });

  test.each<[string, JsonObject, boolean, string]>([
    ['a patch of unknown type', { patch }, true, 'webhook returned response.patch but not response.patchType'],
    [
      'no patch but its type',
      { patchType: 'JSONPatch' },
      true,
      'webhook returned response.patchType but not response.patch',
    ],
    ['a patch of the empty type', { patch, patchType: '' }, true, 'webhook returned invalid response.patchType of ""'],
    ['a patch from who may not change', { patch }, false, 'validating webhook may not return response.patch'],
    [
      'its type from who may not change',
      { patchType: 'JSONPatch' },
      false,
      'validating webhook may not return response.patchType',
    ],
  ])('with %s is refused', async (_what, more, mutating, message) => {
    await expect(read(answer({ uid: 'u-1', allowed: true, ...more }), mutating)).rejects.toThrow(message);
  });

  test('tells of whatever type a patch says it is', async () => {
    expect((await read(answer({ uid: 'u-1', patch, patchType: 'Other' }), true)).patchType).toBe('Other');
  });
});

describe('version v1beta1', () => {
  const beta = { apiVersion: 'admission.k8s.io/v1beta1' };
  test('asks for no uid and no type, and may say its kind or not', async () => {
    expect(await read(answer({ allowed: true, patch }, beta), true, 'v1beta1')).toMatchObject({
      allowed: true,
      patch: '[]',
      patchType: 'JSONPatch',
    });
    expect(await read(answer({ allowed: true }, beta), true, 'v1beta1')).toMatchObject({ patchType: '' });
    expect(await read(Buffer.from('{"response":{"allowed":true}}'), false, 'v1beta1')).toMatchObject({ allowed: true });
  });
  test('gives no patch to who may not change', async () => {
    expect(await read(answer({ allowed: true, patch }, beta), false, 'v1beta1')).toMatchObject({
      patch: '',
      patchType: '',
    });
  });
});

test.each<[string, JsonObject, string]>([
  ['allowed', { allowed: 'yes' }, 'cannot unmarshal string into Go struct field'],
  ['uid', { uid: 5 }, 'of type types.UID'],
  ['patchType', { patchType: 5 }, 'of type v1.PatchType'],
  ['warnings', { warnings: 'w' }, 'of type []string'],
  ['a warning', { warnings: [5] }, 'of type string'],
  ['annotations', { auditAnnotations: [] }, 'of type map[string]string'],
  ['an annotation', { auditAnnotations: { a: 5 } }, 'of type string'],
  ['the status', { status: 'no' }, 'of type v1.Status'],
  ['its code', { status: { code: 'no' } }, 'of type int32'],
  ['its reason', { status: { reason: 5 } }, 'of type v1.StatusReason'],
  ['its details', { status: { details: 5 } }, 'of type v1.StatusDetails'],
  ['their uid', { status: { details: { uid: 5 } } }, 'of type types.UID'],
  ['their causes', { status: { details: { causes: {} } } }, 'of type []v1.StatusCause'],
  ['a cause', { status: { details: { causes: [{ field: 5 }] } } }, 'of type string'],
  ['the time to wait', { status: { details: { retryAfterSeconds: 'a' } } }, 'of type int32'],
  ['metadata', { status: { metadata: 5 } }, 'of type v1.ListMeta'],
  ['a count in them', { status: { metadata: { remainingItemCount: 'a' } } }, 'of type int64'],
])('An answer whose types are wrong is none: %s', async (_what, more, message) => {
  await expect(read(answer({ uid: 'u-1', ...more }), true)).rejects.toThrow(message);
});

test('A patch that is no base64 is told by its place', async () => {
  await expect(read(answer({ uid: 'u-1', patch: 'ab!d', patchType: 'JSONPatch' }), true)).rejects.toThrow(
    'illegal base64 data at input byte 2',
  );
});

test('Kinds are written as Go writes them', () => {
  expect(gvkText('v1', 'Pod')).toBe('/v1, Kind=Pod');
  expect(gvkText('apps/v1', 'Deployment')).toBe('apps/v1, Kind=Deployment');
});
