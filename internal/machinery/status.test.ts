import { expect, it } from 'vitest';
import { quote } from './status.js';

it.each([
  ['plain text', '"plain text"'],
  ['a "word" and a \\', '"a \\"word\\" and a \\\\"'],
  ['\x00\x07\b\t\n\v\f\r\x1b\x7f', '"\\x00\\a\\b\\t\\n\\v\\f\\r\\x1b\\x7f"'],
  ['\u65e5\u672c \u{1f600}', '"\u65e5\u672c \u{1f600}"'],
  ['\u00a0\u2028\ufeff\u{e0001}', '"\\u00a0\\u2028\\ufeff\\U000e0001"'],
])('quotes %j as Go does', (text, quoted) => {
  expect(quote(text)).toBe(quoted);
});
