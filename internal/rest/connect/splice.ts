import type { Duplex } from 'node:stream';

/**
 * Joins two connections: what comes on one is written to the other, which holds it back while it does not take more. The
 * heads are what was read of each already. When one ends, the other is told what came before, and ends.
 */
export function splice(a: Duplex, headOfA: Buffer, b: Duplex, headOfB: Buffer): void {
  for (const [from, head, to] of [
    [a, headOfA, b],
    [b, headOfB, a],
  ] as const) {
    from.on('error', () => undefined); // `close` comes as well
    from.on('close', () => {
      // What came before the end is still to be written.
      if (from.readableEnded) to.end(() => to.destroy());
      else to.destroy();
    });
    if (head.length > 0) to.write(head);
    from.pipe(to);
  }
  // One of them may have gone while nobody listened.
  if (a.destroyed || b.destroyed) {
    a.destroy();
    b.destroy();
  }
}
