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
  ...argued(
    'internal/replica/check.ts',
    'who only reads a directory asks neither its log nor its state who votes',
    [
      'const NOBODY: ConfState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };',
      'true',
    ],
    [
      'const NOBODY: ConfState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };',
      '["Stryker was here"]',
    ],
  ),
  ...argued(
    'internal/replica/archive/replay.ts',
    'what the copy holds already changes nothing when it is applied again: a proposal is applied once by its number',
    ['if (entry.index <= this.#applied) continue;', 'false'],
    ['if (entry.index <= this.#applied) continue;', 'entry.index < this.#applied'],
  ),
  ...argued(
    'internal/replica/driver.ts',
    'a short cut: Raft is asked for the same, and all that must hold is checked',
    ["if (this.#soleLeader || this.#role !== 'leader' || this.#state.meta.conf.voters.length !== 1) return;", 'false'],
  ),
  ...argued('internal/replica/driver.ts', 'it is only ever asked whether it is that of a leader', [
    "#role: Role = 'follower';",
    '""',
  ]),
  ...argued('internal/replica/reads.ts', 'a promise is settled once', ['if (waiter.settled) return false;', 'true']),
  ...argued(
    'internal/replica/refound.ts',
    'who founded a cluster or joined one is among the members that it was told',
    [
      "address: own?.address ?? identity.members.find(([id]) => id === identity.id)?.[2] ?? '',",
      'identity.members.find(([id]) => id === identity.id)[2]',
    ],
  ),
  ...argued(
    'internal/replica/snapshot-file.ts',
    'in how many pieces a file is read does not change what is read',
    [
      'const more = await this.#more(Math.max(READ_BYTES, bytes - this.#buffer.length));',
      'Math.min(READ_BYTES, bytes - this.#buffer.length)',
    ],
    [
      'const more = await this.#more(Math.max(READ_BYTES, bytes - this.#buffer.length));',
      'bytes + this.#buffer.length',
    ],
  ),
];
