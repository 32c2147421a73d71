import { expect, test } from 'vitest';
import { AnswerMemory } from './answer-memory.js';

const KIB = 1024;

test('memory that was given back is used for the next body that fits, and is as long as was asked', () => {
  const memory = new AnswerMemory();
  const first = memory.take(700 * KIB + 1);
  expect(first).toHaveLength(700 * KIB + 1);
  expect(memory.take(700 * KIB).buffer).not.toBe(first.buffer);
  memory.giveBack(first);
  const second = memory.take(704 * KIB);
  expect(second.buffer).toBe(first.buffer);
  expect(second).toHaveLength(704 * KIB);
  memory.giveBack(second);
  expect(memory.take(705 * KIB).buffer).not.toBe(first.buffer);
  expect(memory.take(256 * KIB).buffer).toBe(first.buffer);
});

test('the shortest that fits is taken, and of five the shortest goes', () => {
  const memory = new AnswerMemory();
  const [a, b, c, d, e] = [512, 320, 1280, 256, 640].map((kib) => memory.take(kib * KIB)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  for (const piece of [a, b, c, d, e]) memory.giveBack(piece);
  const taken = [256, 256, 600, 600].map((kib) => memory.take(kib * KIB).buffer);
  expect(taken.map((buffer) => [a, b, c, d, e].findIndex((piece) => piece.buffer === buffer))).toEqual([1, 0, 4, 2]);
});

test('short and very long bodies have memory of their own', () => {
  const memory = new AnswerMemory();
  for (const bytes of [256 * KIB - 1, 1280 * KIB + 1]) {
    const body = memory.take(bytes);
    expect(body).toHaveLength(bytes);
    memory.giveBack(body);
    expect(memory.take(bytes).buffer).not.toBe(body.buffer);
  }
  expect(memory.take(1280 * KIB)).toHaveLength(1280 * KIB);
});

test('memory that is given back twice would be of two answers: the second time throws', () => {
  const memory = new AnswerMemory();
  const body = memory.take(256 * KIB);
  memory.giveBack(body);
  expect(() => memory.giveBack(body)).toThrow('once');
});
