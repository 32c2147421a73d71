import type { Argued } from './harmless.js';

const argued = (file: string, why: string, ...breaks: readonly (readonly [text: string, to: string])[]): Argued[] =>
  breaks.map(([text, replacement]) => ({ file, text, replacement, why }));

const SHORT_CUT = 'a short cut: what follows comes to the same';

/** Of `replica`. */
export const HARMLESS_REPLICA: readonly Argued[] = [
  ...argued(
    'internal/replica/log.ts',
    SHORT_CUT,
    ['if (lo >= this.#tail.first) return cutToBytes(this.#tail.slice(lo, hi), bytesMax);', 'false'],
    ['if (lo >= this.#tail.first) return cutToBytes(this.#tail.slice(lo, hi), bytesMax);', 'lo > this.#tail.first'],
  ),
  ...argued(
    'internal/replica/log.ts',
    'what is on the disk already is written there again',
    ['#noted = false;', 'true'],
    ['if (index === this.#base.index) return;', 'false'],
  ),
  ...argued('internal/replica/log.ts', 'behind the last there is nothing that counts or could be taken', [
    'for (let bytes = 0; count < this.#queue.length && (count === 0 || bytes < GROUP_BYTES_MAX); count++) {',
    'count <= this.#queue.length',
  ]),
  ...argued(
    'internal/replica/wal/segments.ts',
    'whether zeros go along with a group changes how long it takes, and nothing that is read',
    ['const fill = end > this.#filled && isSmall ? Math.min(FILL_BYTES, file.size - end) : 0;', 'end >= this.#filled'],
    [
      'const isSmall = Math.max(bytes.length, this.#usual) <= SMALL_GROUP_BYTES;',
      'Math.max(bytes.length, this.#usual) < SMALL_GROUP_BYTES',
    ],
  ),
  ...argued('internal/replica/housekeeping.ts', 'the state is brought up to date one entry later', [
    'if (applied - keepEntries >= first + step && state.durableIndex < applied - step) void state.whenCommitted();',
    'applied - keepEntries > first + step',
  ]),
  ...argued('internal/replica/peers.ts', 'who leads was started, and with that has a verifier', [
    'if (this.#verifier?.disputed === true) throw new Error(DISPUTED);',
    'this.#verifier.disputed',
  ]),
];
