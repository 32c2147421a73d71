import { describe, expect, test } from 'vitest';
import { BodyBudget } from '../body-budget.js';
import { MAX_BODY_BYTES } from '../http-listener.js';
import { BodyReader, MAX_DRAIN_BYTES } from './body-reader.js';
import { Crumbs } from './crumbs.js';
import type { Response } from './native.js';

/** A body that the test sends, in place of uWebSockets.js. */
function sent({ declared = 0, budget = new BodyBudget() } = {}) {
  const calls: string[] = [];
  let parts = 0;
  let onData: (chunk: ArrayBuffer, isLast: boolean) => void = () => undefined;
  const res = {
    onData: (handler: typeof onData) => (onData = handler),
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  } as unknown as Response;
  const reader = new BodyReader(res, budget, new Crumbs(), declared, () => parts++);
  return {
    reader,
    budget,
    calls,
    parts: () => parts,
    text: (text: string, isLast = false) => onData(new TextEncoder().encode(text).buffer, isLast),
    bytes: (count: number, isLast = false) => onData(new ArrayBuffer(count), isLast),
  };
}
const TOO_LARGE = { code: 413, message: expect.stringMatching(/limit is 3145728$/) };
const TOO_MANY = {
  code: 429,
  message: 'Too many request bodies are being received, please try again later.',
  status: { details: { retryAfterSeconds: 1 } },
};
const BROKEN = { code: 400, message: 'unexpected EOF' };
const thrown = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return error;
  }
};

describe('a body that is read whole', () => {
  test('is held back until somebody asks for it, and is then on the account of its user', async () => {
    const { reader, budget, calls, text, parts } = sent();
    text('ab');
    text('cd');
    expect([calls, reader.owner, reader.heldBytes, budget.total, reader.incomplete]).toEqual([
      ['pause'],
      '',
      4,
      4,
      true,
    ]);
    const whole = reader.read('ann');
    expect([calls, reader.owner, reader.heldBytes, budget.total]).toEqual([['pause', 'resume'], 'ann', 4, 4]);
    text('ef');
    expect([calls.length, budget.total]).toEqual([2, 6]);
    text('', true);
    expect(String(await whole)).toBe('abcdef');
    expect([reader.complete, reader.incomplete, parts(), budget.total]).toEqual([true, false, 4, 6]);
    reader.release();
    expect([reader.heldBytes, budget.total]).toEqual([0, 0]);
  });

  test.each<[string, readonly string[]]>([
    ['', ['']],
    ['one', ['one']],
    ['onetwo', ['one', 'two']],
  ])('that has come already is there at once: %j', (expected, pieces) => {
    const { reader, text, calls } = sent();
    for (const [i, piece] of pieces.entries()) text(piece, i === pieces.length - 1);
    const whole = reader.read('ann');
    expect(whole).toEqual(Buffer.from(expected));
    expect(calls).toEqual(pieces.length === 1 ? [] : ['pause', 'resume']);
  });

  test('may have 3 MiB, and is refused when the client has said more than that', async () => {
    const whole = sent();
    const good = whole.reader.read('ann');
    whole.bytes(MAX_BODY_BYTES);
    whole.bytes(0, true);
    expect(await good).toHaveLength(3 * 1024 * 1024);
    const { reader, bytes, budget } = sent();
    const refused = reader.read('ann');
    let isSettled = false;
    Promise.resolve(refused).catch(() => (isSettled = true));
    bytes(MAX_BODY_BYTES);
    bytes(1);
    expect(budget.total).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isSettled).toBe(false);
    bytes(0, true);
    await expect(refused).rejects.toMatchObject(TOO_LARGE);
  });

  test('that is far too large is not waited for', async () => {
    expect(thrown(() => sent({ declared: MAX_DRAIN_BYTES + 1 }).reader.read('ann'))).toMatchObject(TOO_LARGE);
    expect(sent({ declared: MAX_DRAIN_BYTES }).reader.read('ann')).toBeInstanceOf(Promise);
    const { reader, bytes } = sent();
    const refused = reader.read('ann');
    bytes(MAX_DRAIN_BYTES);
    bytes(1);
    await expect(refused).rejects.toMatchObject(TOO_LARGE);
    const before = sent();
    before.bytes(MAX_DRAIN_BYTES + 1);
    expect(thrown(() => before.reader.read('ann'))).toMatchObject(TOO_LARGE);
  });

  test('breaks off with its client, and not once it is whole', async () => {
    const { reader, text, calls, budget } = sent();
    text('ab');
    const broken = reader.read('ann');
    reader.abort();
    await expect(broken).rejects.toMatchObject(BROKEN);
    expect([budget.total, calls]).toEqual([0, ['pause', 'resume']]);
    expect(thrown(() => reader.read('ann'))).toMatchObject(BROKEN);
    const whole = sent();
    whole.text('ab', true);
    whole.reader.abort();
    expect(whole.reader.read('ann')).toEqual(Buffer.from('ab'));
  });

  test('that takes too much memory is refused, and stays so', async () => {
    const { reader, text, budget } = sent({ budget: new BodyBudget(1000, 100, 5) });
    text('123456');
    expect([reader.heldBytes, budget.total]).toEqual([0, 0]);
    reader.abort();
    expect(thrown(() => reader.read('ann'))).toMatchObject(TOO_MANY);
    text('7');
    expect([reader.heldBytes, budget.total]).toEqual([0, 0]);
    const waiting = sent({ budget: new BodyBudget(1000, 5, 100) });
    const refused = waiting.reader.read('ann');
    waiting.text('123456');
    await expect(refused).rejects.toMatchObject(TOO_MANY);
    // The memory of those who are not known is not that of the user.
    const known = sent({ budget: new BodyBudget(1000, 100, 5) });
    void known.reader.read('ann');
    known.text('123456');
    expect(known.budget.total).toBe(6);
  });
});

describe('a body that nobody wants', () => {
  test('is read on and thrown away to its end', () => {
    const { reader, text, calls, budget } = sent();
    text('ab');
    reader.discard();
    expect([calls, budget.total]).toEqual([['pause', 'resume'], 0]);
    const ended: string[] = [];
    reader.onEnd(() => ended.push('end'));
    text('cd');
    expect([ended, calls.length, budget.total, reader.heldBytes]).toEqual([[], 2, 0, 0]);
    expect(thrown(() => reader.read('ann'))).toMatchObject({
      code: 400,
      message: 'the request has been answered already',
    });
    text('ef', true);
    expect(ended).toEqual(['end']);
    reader.onEnd(() => ended.push('at once'));
    expect(ended).toEqual(['end', 'at once']);
  });

  test('is not read to its end where that is more than 64 MiB', () => {
    const at = (declared: number): boolean[] => {
      const { reader, text } = sent({ declared });
      let ended = false;
      reader.discard();
      reader.onEnd(() => (ended = true));
      const before = [reader.isEndless, ended];
      text('', true);
      return [...before, reader.isEndless, ended];
    };
    expect(at(MAX_DRAIN_BYTES)).toEqual([false, false, false, true]);
    expect(at(MAX_DRAIN_BYTES + 1)).toEqual([true, true, false, true]);
    const { reader, bytes } = sent();
    let ended = 0;
    reader.discard();
    reader.onEnd(() => ended++);
    bytes(MAX_DRAIN_BYTES);
    expect([reader.isEndless, ended]).toEqual([false, 0]);
    bytes(1);
    bytes(1);
    expect([reader.isEndless, ended]).toEqual([true, 1]);
  });
});

describe('a body that is passed on as it comes', () => {
  test('begins with what has come, and its client is held back while nobody reads', async () => {
    const { reader, text, bytes, calls, budget } = sent();
    text('ab');
    text('cd');
    const stream = reader.open('ann');
    expect([reader.owner, budget.total, reader.heldBytes]).toEqual(['ann', 0, 0]);
    expect(calls).toEqual(['pause', 'resume']);
    bytes(1024 * 1024);
    bytes(0);
    expect([calls, budget.total]).toEqual([['pause', 'resume', 'pause'], 0]);
    const got: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => got.push(chunk));
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual(['pause', 'resume', 'pause', 'resume']);
    bytes(MAX_BODY_BYTES);
    text('yz', true);
    await new Promise((resolve) => stream.once('end', resolve));
    const all = Buffer.concat(got).toString();
    expect([all.length, all.slice(0, 4), all.slice(-2)]).toEqual([4 + 4 * 1024 * 1024 + 2, 'abcd', 'yz']);
  });

  test('ends where it has ended already, and takes no more when its reader is gone', async () => {
    const { reader, text } = sent();
    text('ab', true);
    const chunks: unknown[] = [];
    for await (const chunk of reader.open('ann')) chunks.push(String(chunk));
    expect(chunks).toEqual(['ab']);
    const left = sent();
    const stream = left.reader.open('ann');
    stream.destroy();
    left.bytes(1024 * 1024);
    expect(left.calls).toEqual([]);
    expect(stream.readableLength).toBe(0);
  });

  test('breaks off with its client, and is none where it was refused before', async () => {
    const { reader } = sent();
    const stream = reader.open('ann');
    const broken = new Promise((resolve) => stream.once('error', resolve));
    reader.abort();
    expect(await broken).toEqual(new Error('the client went away'));
    const refused = sent();
    refused.reader.refuse();
    const none = refused.reader.open('ann');
    expect(await new Promise((resolve) => none.once('error', resolve))).toMatchObject(TOO_MANY);
  });
});
