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
    [
      'const NOBODY: ConfState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };',
      '{}',
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
  ...argued(
    'internal/replica/driver.ts',
    'who leads proposes changes of the membership, and is refused at once: what is refused later is none, and not known there',
    [
      'else if (this.#proposals?.onRefused(refusal) !== true) this.#options.onConfChangeRefused(refusal);',
      'this.#proposals?.onRefused(refusal) === true',
    ],
  ),
  ...argued('internal/replica/driver.ts', 'it is only ever asked whether it is that of a leader', [
    "#role: Role = 'follower';",
    '""',
  ]),
  ...['internal/replica/check.ts', 'internal/replica/refound.ts'].flatMap((file) =>
    argued(
      file,
      'nobody asks this log who votes',
      ['stateMeta: () => ({ index: 0, term: 0, confState: NOBODY }),', '{}'],
      ['stateMeta: () => ({ index: 0, term: 0, confState: NOBODY }),', '() => undefined'],
    ),
  ),
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
  ...argued(
    'internal/replica/peers.ts',
    'nobody is heard before it is started, and then all of it is there',
    ['const lastIndex = (): number => this.#driver?.status().lastIndex ?? 0;', 'this.#driver.status'],
    ['leads: () => (this.#driver?.leads === true ? this.#driver.term : undefined),', 'this.#driver.leads'],
    ['report: (to, ok) => this.#driver?.report((raft) => raft.reportSnapshot(to, ok)),', 'this.#driver.report'],
    ['disputed: () => this.#verifier?.disputed === true,', 'this.#verifier.disputed'],
    [
      'if (identity.members.every(([id]) => isThere(id))) this.#driver?.report((raft) => raft.openFirstTerm());',
      'this.#driver.report',
    ],
    [
      "if (this.#verifier?.disputed === true) messages = messages.filter(({ type }) => type !== 'transferLeader');",
      'this.#verifier.disputed',
    ],
    ['this.#driver?.step(messages);', 'this.#driver.step'],
    ["if (this.#driver?.leads !== true) throw new Error('this member does not lead');", 'this.#driver.leads'],
    ['this.#driver?.report((raft) => {', 'this.#driver.report'],
    ['this.#driver?.report((raft) => raft.reportUnreachable(id));', 'this.#driver.report'],
    ['if (this.#driver?.leader !== id) return;', 'this.#driver.leader'],
    ['this.#driver?.stop();', 'this.#driver.stop'],
    ['else if (this.#driver?.leader === from) {', 'this.#driver.leader'],
    ['driver?.step(messages);', 'driver.step'],
    ['const { term, commit } = driver?.status() ?? { term: 0, commit: 0 };', 'driver.status'],
    ['const { term, commit } = driver?.status() ?? { term: 0, commit: 0 };', '{}'],
  ),
  ...argued(
    'internal/replica/driver.ts',
    'the front doors are attached before anything runs',
    ['for (const state of ready.readStates) this.#reads?.onReadState(state);', 'this.#reads.onReadState'],
    ["if (refusal.kind === 'read') this.#reads?.onRefused(refusal);", 'this.#reads.onRefused'],
    [
      'else if (this.#proposals?.onRefused(refusal) !== true) this.#options.onConfChangeRefused(refusal);',
      'this.#proposals.onRefused',
    ],
    [
      'this.#proposals?.onSnapshot(this.#state.meta.sessions.get(this.#options.id) ?? 0);',
      'this.#proposals.onSnapshot',
    ],
    [
      'const decoded = (own ? this.#proposals?.decoded(seq) : undefined) ?? decodeProposal(entry.data);',
      'this.#proposals.decoded',
    ],
    ['if (own) this.#proposals?.onApplied(seq, entry.index, results);', 'this.#proposals.onApplied'],
  ),
  ...argued(
    'internal/replica/log.ts',
    'one group more says nothing new, and a log that could not be written refuses it',
    ['if (this.#wrote && this.#failure === undefined && this.#queue.length === 0) {', 'true'],
  ),
  ...argued(
    'internal/replica/wal/record.ts',
    'the checksum of the header is right only where the length is one that was written',
    ['if (length < GROUP_HEADER + TRAILER_BYTES) return undefined;', 'false'],
    ['if (length < GROUP_HEADER + TRAILER_BYTES) return undefined;', 'GROUP_HEADER - TRAILER_BYTES'],
  ),
  {
    file: 'internal/replica/wal/record.ts',
    text: 'if (at + GROUP_HEADER > bytes.length || bytes.readUInt32BE(at) !== MAGIC) return undefined;',
    original: 'bytes.readUInt32BE(at) !== MAGIC',
    replacement: 'false',
    why: 'the checksum of the header is right only where the magic is',
  },
  ...argued(
    'internal/replica/wal/record.ts',
    SHORT_CUT,
    ['if (at + GROUP_HEADER > bytes.length) return false;', 'false'],
    ['if (at + GROUP_HEADER > bytes.length) return false;', 'at + GROUP_HEADER >= bytes.length'],
    ['if (at + GROUP_HEADER > bytes.length) return false;', 'at - GROUP_HEADER'],
    ['for (let bit = 0; bit < GROUP_HEADER * 8; bit++) {', 'bit <= GROUP_HEADER * 8'],
    ['if (decodeHeader(head, 0, segment, salt) !== undefined) {', 'true'],
    ['for (let i = 0; i < header.count && flips <= 1; i++) {', 'true'],
  ),
  ...argued(
    'internal/replica/wal/entry-index.ts',
    'it is emptied by moving where it begins: what comes next is counted from there',
    ['if (index >= this.last) {', 'index > this.last'],
  ),
  ...argued('internal/replica/wal/recover.ts', 'there is no number before the first', [
    'while (first > 0 && numbers[first - 1] === (numbers[first] ?? 0) - 1) first--;',
    'first >= 0',
  ]),
  ...argued('internal/replica/archive/s3.ts', 'what stands like a directory ends with the slash, and has no other', [
    ".map((name) => name.slice(this.prefix.length).replace(/\\/$/, ''));",
    '/\\//',
  ]),
  ...argued('internal/replica/archive/s3-client.ts', 'it is only asked for where a store must name one', [
    "return { body: await bytesOf(answer), etag: answer.headers.etag ?? '' };",
    '"Stryker was here!"',
  ]),
  ...['internal/replica/join.ts', 'internal/replica/reseed.ts'].flatMap((file) =>
    argued(file, 'a moment more', ['while (performance.now() < until) {', 'performance.now() <= until']),
  ),
  ...argued('internal/replica/wal/segments.ts', 'nothing is added to a copy of the same bytes', [
    'await file.write(fill > 0 ? Buffer.concat([bytes, ZEROS.subarray(0, fill)]) : bytes, at);',
    'fill >= 0',
  ]),
  ...argued(
    'internal/replica/wal/segments.ts',
    'what is cut off is so in one group with the entries that take its place, and they come last',
    ["} else if (type === 'truncate') this.#last = { index: index - 1, term };", 'false'],
    ["} else if (type === 'truncate') this.#last = { index: index - 1, term };", '""'],
  ),
  ...argued(
    'internal/replica/housekeeping.ts',
    'before the first hand-over there is none that it could follow too soon',
    ['#cameToNothing = false;', 'true'],
  ),
  ...argued('internal/replica/peers.ts', 'one message announces a snapshot', [
    'const isLate = messages.some((m) => m.term < term) || received.meta.index <= commit;',
    'messages.every(m => m.term < term)',
  ]),
  ...argued('internal/replica/wal/files.ts', 'a piece without bytes is not written', [
    'for (let at = 0; at < bytes.length; at += PIECE_BYTES) {',
    'at <= bytes.length',
  ]),
];
