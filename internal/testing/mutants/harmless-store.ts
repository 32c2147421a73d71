import type { Argued } from './harmless.js';

const argued = (file: string, why: string, text: string, ...replacements: readonly string[]): Argued[] =>
  replacements.map((replacement) => ({ file: `internal/store/${file}`, text, replacement, why }));

const SHORT_CUT = 'a short cut: what follows comes to the same';
const SAME = 'the same is set again';

/** Of `store`. */
export const HARMLESS_STORE: readonly Argued[] = [
  ...argued(
    'charge.ts',
    'at the very beginning of a text no uid stands in front',
    'if (revisionFrom < 0 || !text.slice(0, revisionFrom).includes(`"uid":"${charge.uid}"`)) return undefined;',
    'revisionFrom <= 0',
  ),
  ...argued(
    'charge.ts',
    'a short cut: what would be cut out of such a text is no list of resources',
    "if (usedFrom < USED.length || statusFrom < STATUS.length || !text.endsWith('}}}')) return undefined;",
    'false',
    "(usedFrom < USED.length || statusFrom < STATUS.length) && !text.endsWith('}}}')",
    'usedFrom < USED.length && statusFrom < STATUS.length',
    'usedFrom <= USED.length',
    'statusFrom <= STATUS.length',
    '""',
  ),
  ...argued(
    'charge.ts',
    'where it does not stand at the beginning, what is left is a list of lists, and refused',
    '.replace(/^\\{"hard":/, \'\')',
    '/\\{"hard":/',
  ),
  ...argued(
    'charge.ts',
    'quantities throw no other error',
    'if (error instanceof QuantityError) return undefined;',
    'true',
  ),
  ...argued(
    'charge.ts',
    'JSON.parse throws no other error',
    'if (error instanceof SyntaxError) return undefined;',
    'true',
  ),
  ...argued('charge.ts', 'after either block comes the end, which gives undefined as well', '} catch (error) {', '{}'),
  ...argued(
    'rows.ts',
    'the message is given whole',
    "super(tables, '', 'rows are missing', `as of revision ${revision}, rows are missing or left over in ${tables}`);",
    '""',
  ),
  ...argued(
    'rows.ts',
    'digits are the same bytes in every encoding',
    "record.write(digits, OBJECT_HEADER + revisionAt, 'latin1');",
    '""',
  ),
  ...argued('rows.ts', 'UTF-8 is what is written without a name', "out.write(key, 0, 'utf8');", '""'),
  ...argued('rows.ts', 'UTF-8 is what is written without a name', "out.write(row.key, 12, 'utf8');", '""'),
  ...argued('rows.ts', 'UTF-8 is what is written without a name', "out.write(key, 6, 'utf8');", '""'),
  ...argued('rows.ts', SHORT_CUT, 'if (a === b) return 0;', 'false'),
  ...argued(
    'rows.ts',
    'a short cut for what needs no bytes: they come to the same order',
    'if (x >= 0xd800 && y >= 0xd800) return Buffer.compare(Buffer.from(a), Buffer.from(b));',
    'true',
    'x >= 0xd800 || y >= 0xd800',
  ),
  ...argued(
    'machine.ts',
    SAME,
    'if (proposal.time > meta.clock) meta.clock = proposal.time;',
    'proposal.time >= meta.clock',
  ),
  ...argued('machine.ts', SAME, 'if (sub === 0) meta.revision = revision;', 'true'),
  ...argued(
    'machine.ts',
    'a charge has no time to live',
    "const ttlSeconds = op.type === 'put' ? (op.ttlSeconds ?? 0) : 0;",
    'true',
  ),
  ...argued(
    'meta.ts',
    'a row of its head alone is whole for nobody: it is refused in either way',
    "if (row.length < FIXED) throw new CorruptRecordError('meta', META_KEY, 'too short');",
    'row.length <= FIXED',
  ),
  ...argued(
    'layer.ts',
    'every key has its row',
    'if (row === undefined || (row.value === undefined && !row.existedBelow)) continue;',
    'false',
  ),
  ...argued(
    'lmdb.ts',
    'the root table holds no rows of ours, and our tables have their own',
    "encoding: 'binary',",
    '""',
  ),
  ...argued(
    'lmdb.ts',
    'the root table holds no rows of ours, and our tables have their own',
    "keyEncoding: 'binary',",
    '""',
  ),
  ...argued(
    'lmdb.ts',
    'address space to begin with: the map grows by itself',
    'mapSize: options.mapSize ?? DEFAULT_MAP_SIZE,',
    'options.mapSize && DEFAULT_MAP_SIZE',
  ),
  ...argued(
    'lmdb.ts',
    'address space to begin with: the map grows by itself',
    'const DEFAULT_MAP_SIZE = 1 << 30;',
    '1 >> 30',
  ),
  ...argued('lmdb.ts', 'every write is in a batch', 'eventTurnBatching: false,', 'true'),
  ...argued(
    'lmdb.ts',
    'a short cut: what is no promise is waited for without gain',
    "if (error instanceof Error && 'commitError' in error && error.commitError instanceof Promise) {",
    'true',
    "error instanceof Error && 'commitError' in error || error.commitError instanceof Promise",
  ),
  ...argued(
    'lmdb.ts',
    'how little counts as full',
    'return bavail * bsize < FULL_BELOW_BYTES;',
    'bavail * bsize <= FULL_BELOW_BYTES',
  ),
  ...argued(
    'machine.ts',
    'a charge was looked at before',
    "const put = op.type === 'put' ? op : charged?.get(op.key);",
    'charged.get',
  ),
  ...argued(
    'page-order.ts',
    'what has no value is not asked for its size',
    'return ROW_BYTES + Buffer.byteLength(key) + (value?.length ?? 0);',
    'value.length',
  ),
  ...argued('room.ts', 'nothing is known to be free before the first look', '#lookedAt = -Infinity;', '+Infinity'),
  ...argued(
    'room.ts',
    'a byte more or less',
    'if (this.#free > PLENTY_BYTES && now < this.#lookedAt + LOOK_AGAIN_MS) return undefined;',
    'this.#free >= PLENTY_BYTES',
  ),
  ...argued('room.ts', 'a byte more or less', 'if (this.#free >= 0) return undefined;', 'this.#free > 0'),
];
