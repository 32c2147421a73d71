import { expect, test } from 'vitest';
import { admissionForbidden } from './forbidden.js';
import { attributesOf } from './testing/attributes.js';
import type { AdmissionAttributes } from './types.js';

test.each<[string, Partial<AdmissionAttributes>, string]>([
  ['the name of the request', { object: { metadata: { name: 'b', generateName: 'c-' } } }, 'p'],
  [
    'its own name where the request has none',
    { name: '', object: { metadata: { name: 'b', generateName: 'c-' } } },
    'b',
  ],
  [
    'what its name is made of where it has none yet',
    { name: '', object: { metadata: { name: '', generateName: 'c-' } } },
    'c-',
  ],
  ['nothing where there is none', { name: '', object: { metadata: { generateName: '' } } }, 'Unknown'],
  ['nothing where its metadata are none', { name: '', object: { metadata: 'b' } }, 'Unknown'],
  ['nothing where there is no object', { name: '', object: undefined }, 'Unknown'],
])('A refused object is called by %s', (_what, more, name) => {
  const error = admissionForbidden(attributesOf('pods', more), 'no');
  expect(error.message).toBe(`pods "${name}" is forbidden: no`);
  expect(error).toMatchObject({ code: 403, status: { reason: 'Forbidden' } });
});
