import { expect, test } from 'vitest';
import { hasFormat } from './openapi-formats.js';

test('bytes are whole groups of base64, the last of which may be padded', () => {
  for (const text of ['AAAA', 'aZ09', '+/==', 'AAAAabc=', 'AAAA'.repeat(350_000)]) {
    expect(hasFormat('byte', text), text.slice(0, 9)).toBe(true);
  }
  for (const text of ['', 'A', 'AAA', 'AAAAA', '====', 'A===', 'AA=A', 'AB==AAAA', 'AAA-', 'AAAA\n', 'ABCDAB']) {
    expect(hasFormat('byte', text), text).toBe(false);
  }
});
