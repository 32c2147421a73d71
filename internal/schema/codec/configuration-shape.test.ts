import { expect, test } from 'vitest';
import { checkShape } from './configuration-shape.js';

const SHAPE = { name: 'string', on: 'boolean', n: 'integer', list: ['string'], parts: [{ name: 'string' }] } as const;

test('what fits, is absent or null is taken', () => {
  checkShape({ name: 'a', on: true, n: 3, list: ['x'], parts: [{ name: 'b' }, {}] }, 'f', SHAPE);
  checkShape({ name: null }, 'f', SHAPE);
  checkShape({}, 'f', SHAPE);
});

test('what does not fit is told, all of it', () => {
  const wrong = { name: 1, on: 'yes', n: 0.5, list: [false], parts: [{ nam: '' }, 'x'], constructor: 1 };
  expect(() => checkShape(wrong, 'f.yaml', SHAPE)).toThrow(
    'f.yaml: strict decoding error: name must be a string: it is 1, on must be a boolean: it is "yes", ' +
      'n must be a whole number: it is 0.5, list[0] must be a string: it is false, unknown field "parts[0].nam", ' +
      'parts[1] must be an object: it is "x", unknown field "constructor". Mend the file.',
  );
});
