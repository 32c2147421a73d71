import { afterEach, describe, expect, it, vi } from 'vitest';

import { withIdleTimeout } from './idle.js';

afterEach(() => void vi.useRealTimers());

describe('withIdleTimeout', () => {
  it('leaves no clock running behind what has come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    async function* source(): AsyncGenerator<number> {
      yield 1;
      await Promise.resolve();
      yield 2;
    }
    for await (const n of withIdleTimeout(source(), 1_000)) expect(n).toBeLessThan(3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('passes everything on', async () => {
    async function* source(): AsyncGenerator<number> {
      yield 1;
      await Promise.resolve();
      yield 2;
    }
    const seen: number[] = [];
    for await (const n of withIdleTimeout(source(), 1_000)) seen.push(n);
    expect(seen).toEqual([1, 2]);
  });

  it('ends a stream whose sender fell silent', async () => {
    async function* source(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => undefined);
    }
    const seen: number[] = [];
    const read = async (): Promise<void> => {
      for await (const n of withIdleTimeout(source(), 20)) seen.push(n);
    };
    await expect(read()).rejects.toThrow('nothing came for 20 ms');
    expect(seen).toEqual([1]);
  });

  it.each(['silent', 'not wanted any more'])('tells a source that is %s to end', async (why) => {
    let told = 0;
    let count = 0;
    const source: AsyncIterableIterator<number> = {
      next: () => (++count > 1 && why === 'silent' ? new Promise(() => undefined) : Promise.resolve({ value: count })),
      return: () => {
        told++;
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]: () => source,
    };
    const read = async (): Promise<void> => {
      for await (const n of withIdleTimeout(source, 20)) if (n > 1) throw new Error('the disk is full');
    };
    await expect(read()).rejects.toThrow(why === 'silent' ? 'nothing came' : 'the disk is full');
    expect(told).toBe(1);
  });

  it('passes on the failure of the source', async () => {
    async function* source(): AsyncGenerator<number> {
      yield 1;
      throw new Error('broken');
    }
    const read = async (): Promise<void> => {
      for await (const n of withIdleTimeout(source(), 1_000)) expect(n).toBe(1);
    };
    await expect(read()).rejects.toThrow('broken');
  });
});
