import { expect, it } from 'vitest';
import { StatusError } from '../../machinery/status.js';
import { checkShape } from './body-shape.js';

const refusal = (text: string, typed = true): string | undefined => {
  try {
    checkShape(Buffer.from(text), typed);
    return undefined;
  } catch (e) {
    if (!(e instanceof StatusError)) throw e;
    return `${e.code} ${e.message}`;
  }
};
const object = (n: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i])));
const list = (n: number): string => JSON.stringify(Array.from({ length: n }, () => ['a']));

it('takes as many members of one object as the bound says, and not one more than the step of managedFields', () => {
  expect(refusal(object(16_384))).toBeUndefined();
  expect(refusal(object(16_386))).toBe('413 Request entity too large: limit is 16384 fields of one object');
});

it('takes longer lists in custom resources and patches than in built-in kinds', () => {
  expect(refusal(list(16_384))).toBeUndefined();
  expect(refusal(list(16_385))).toBe('413 Request entity too large: limit is 16384 items of one list');
  expect(refusal(list(32_768), false)).toBeUndefined();
  expect(refusal(list(32_769), false)).toBe('413 Request entity too large: limit is 32768 items of one list');
});

it('counts the members of all objects together', () => {
  const many = (n: number): string => `[${Array.from({ length: n / 8192 }, () => object(8192)).join(',')}]`;
  expect(refusal(many(65_536))).toBeUndefined();
  expect(refusal(many(73_728))).toBe('413 Request entity too large: limit is 65536 fields');
});

it('counts a text by what it stands for, and looks at nothing inside of it', () => {
  expect(refusal(`{"a":"${',:[{'.repeat(100_000)}"}`)).toBeUndefined();
  expect(refusal(`{"a":"${'\\"'.repeat(1_400_000)}"}`)).toBeUndefined();
  expect(refusal(`{"a":"${'x'.repeat(1_600_000)}"}`)).toBe(
    '413 Request entity too large: limit is 1572864 bytes of one text',
  );
  expect(refusal(`{"a":${'1'.repeat(70_000)}}`)).toBe(
    '413 Request entity too large: limit is 65536 digits of one number',
  );
});

it('lets pass what is no JSON, for the parser to say so', () => {
  for (const text of [
    '',
    '}'.repeat(100_000),
    '['.repeat(10_000),
    `"${'x'.repeat(100_000)}`,
    '\u0000'.repeat(100_000),
  ]) {
    expect(refusal(text)).toBeUndefined();
  }
});
