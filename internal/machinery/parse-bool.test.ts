import { expect, test } from 'vitest';
import { parseBool } from './parse-bool.js';

test('a truth value is written in one of six ways', () => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) expect(parseBool(text)).toBe(true);
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) expect(parseBool(text)).toBe(false);
  for (const text of ['', 'yes', 'tRUE', 'true ', '1\n', '10', 'xt']) expect(parseBool(text)).toBeUndefined();
});
