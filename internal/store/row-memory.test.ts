import { describe, expect, test } from 'vitest';
import { rowMemory } from './row-memory.js';

const SIZES = [1, 6, 80, 1_300, 4_096, 4_097, 100_000, 31];

describe('memory of rows', () => {
  test('each row has its own, whatever the sizes of those before it', () => {
    const rows = Array.from({ length: 400 }, (_, i) => rowMemory(SIZES[i % SIZES.length] ?? 0).fill(i % 251));
    for (const [i, row] of rows.entries()) {
      expect(row).toHaveLength(SIZES[i % SIZES.length] ?? 0);
      expect(row.every((byte) => byte === i % 251)).toBe(true);
    }
  });

  test('a row keeps nothing alive that is no row, and no more of those than 32 KiB', () => {
    const bodies = new Set<unknown>();
    for (let i = 0; i < 200; i++) {
      bodies.add(Buffer.allocUnsafe(1_000).buffer);
      const { buffer } = rowMemory(1_000);
      expect(bodies.has(buffer)).toBe(false);
      expect(buffer.byteLength).toBe(32 * 1024);
    }
    expect(rowMemory(5_000).buffer.byteLength).toBe(5_000);
  });
});
