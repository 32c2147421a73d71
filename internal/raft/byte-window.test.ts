import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWindow } from './byte-window.js';

const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), gap: fc.integer({ min: 1, max: 3 }), bytes: fc.nat(1000) }),
  fc.record({ kind: fc.constant('free' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

describe('a window of bytes', () => {
  it('holds what a plain list would hold, however often parts of it are freed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(1, 50), (steps, times) => {
        const window = new ByteWindow();
        let twin: { readonly last: number; readonly bytes: number }[] = [];
        let last = 0;
        for (const each of steps) {
          if (each.kind === 'add') {
            for (let i = 0; i < times; i += 1) {
              last += each.gap;
              window.add(last, each.bytes + i);
              twin.push({ last, bytes: each.bytes + i });
            }
          } else {
            const upTo = Math.floor(last * each.share);
            window.freeUpTo(upTo);
            twin = twin.filter((batch) => batch.last > upTo);
          }
          expect(window.count).toBe(twin.length);
          expect(window.bytes).toBe(twin.reduce((sum, { bytes }) => sum + bytes, 0));
        }
        window.reset();
        expect([window.count, window.bytes]).toEqual([0, 0]);
      }),
    );
  });

  it('knows the size of each batch also after hundreds were freed one by one', () => {
    const window = new ByteWindow();
    for (let i = 1; i <= 600; i += 1) window.add(i, i);
    let bytes = (600 * 601) / 2;
    for (let i = 1; i < 600; i += 1) {
      window.freeUpTo(i);
      bytes -= i;
      expect([window.count, window.bytes]).toEqual([600 - i, bytes]);
    }
  });
});
