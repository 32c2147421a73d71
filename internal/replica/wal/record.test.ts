import { describe, expect, it } from 'vitest';
import { crc32c, isOneBitOff } from './crc32c.js';
import {
  aligned,
  decodeGroup,
  decodeRecord,
  encodeGroup,
  entryRecord,
  factOf,
  factRecord,
  groupBytes,
  hardStateOf,
  hardStateRecord,
  isGroupOneBitOff,
  isKnownVersion,
  type LogRecord,
  placeRecord,
  previousEndOf,
  recordBytes,
  segmentRecord,
} from './record.js';

/** CRC-32C bit by bit, as RFC 3720 defines it. */
function plainCrc(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78;
  }
  return ~crc >>> 0;
}
const numbers = (...parts: (readonly [value: number, bytes: number])[]): Buffer =>
  Buffer.concat(
    parts.map(([value, bytes]) => {
      const part = Buffer.alloc(bytes);
      if (bytes > 0) part.writeUIntBE(value, 0, bytes);
      return part;
    }),
  );
const sealed = (header: Buffer, data: Buffer, salt: number): Buffer =>
  Buffer.concat([header, numbers([plainCrc(Buffer.concat([header, data]), salt), 4]), data]);

const SALT = 0xfeed_beef;
const KEY = { segment: 7, salt: SALT };
const RECORDS: readonly LogRecord[] = [
  segmentRecord(8, 3, 1024),
  placeRecord('base', 2, 1),
  placeRecord('reset', 3, 2),
  placeRecord('truncate', 9, 3),
  hardStateRecord({ term: 4, vote: 2 ** 53 - 1, commit: 8 }),
  factRecord('näme', Buffer.from('value')),
  entryRecord({ index: 9, term: 4, type: 'normal', data: Buffer.from('normal') }),
  entryRecord({ index: 2 ** 48 - 1, term: 5, type: 'confChange', data: Buffer.alloc(900, 'c') }),
];
const ENTRY = { index: 9, term: 4, type: 'normal' } as const;
const NUMBERS = { segment: 1, entry: 2, confChange: 3, hardState: 4, truncate: 5, base: 6, reset: 7, fact: 8 } as const;

/** A group as the description of the layout has it. */
function laidOut(records: readonly LogRecord[]): Buffer {
  const body = records.map(({ type, index, term, data }) =>
    sealed(
      numbers([data.length, 4], [NUMBERS[type], 1], [0, 1], [index, 6], [term, 6], [0, 2]),
      Buffer.from(data),
      SALT,
    ),
  );
  const length = 36 + body.reduce((sum, { length: bytes }) => sum + bytes, 0);
  const header = numbers(
    [0x51524c47, 4],
    [1, 1],
    [0, 3],
    [length, 4],
    [records.length, 4],
    [KEY.segment, 4],
    [SALT, 4],
    [0, 4],
  );
  const padding = Buffer.alloc((512 - (length % 512)) % 512);
  return Buffer.concat([sealed(header, Buffer.alloc(0), SALT), ...body, numbers([0xa55ac33c, 4]), padding]);
}

describe('a group of the log', () => {
  it('is laid out as every release reads it, and read back', () => {
    const { bytes, places } = encodeGroup(RECORDS, KEY);
    expect(bytes.equals(laidOut(RECORDS))).toBe(true);
    const at = 512;
    const segment = Buffer.concat([Buffer.alloc(at, 'x'), bytes, Buffer.alloc(100)]);
    const group = decodeGroup(segment, at, 7, SALT);
    expect(group).toMatchObject({
      salt: SALT,
      version: 1,
      places: places.map((place) => at + place),
      end: at + bytes.length,
    });
    expect(group?.records.map((record) => ({ ...record, data: Buffer.from(record.data) }))).toEqual(
      RECORDS.map((record) => ({ ...record, data: Buffer.from(record.data) })),
    );
    expect(decodeGroup(segment, at, 7, undefined)?.salt).toBe(SALT);
    expect(groupBytes(RECORDS)).toBe(36 + RECORDS.reduce((sum, { data }) => sum + recordBytes(data.length), 0));
    expect([places[0], bytes.length, aligned(groupBytes(RECORDS))]).toEqual([32, 1536, 1536]);
    expect([0, 1, 512, 513].map(aligned)).toEqual([0, 512, 512, 1024]);
  });

  it('says in its records what was put into them', () => {
    expect(hardStateOf(RECORDS[4] as LogRecord)).toEqual({ term: 4, vote: 2 ** 53 - 1, commit: 8 });
    expect(factOf(RECORDS[5] as LogRecord)).toEqual({ name: 'näme', value: Buffer.from('value') });
    expect(previousEndOf(RECORDS[0] as LogRecord)).toBe(1024);
    expect(RECORDS[0]).toMatchObject({ type: 'segment', index: 8, term: 3 });
    expect([isKnownVersion(1), isKnownVersion(2)]).toEqual([true, false]);
  });

  it('is none of another segment, of another use of the file, or where it does not begin', () => {
    const { bytes } = encodeGroup(RECORDS, KEY);
    expect(decodeGroup(bytes, 0, 8, SALT)).toBeUndefined();
    expect(decodeGroup(bytes, 0, 7, SALT - 1)).toBeUndefined();
    expect(decodeGroup(bytes, 1, 7, SALT)).toBeUndefined();
    expect(decodeGroup(bytes, bytes.length - 20, 7, SALT)).toBeUndefined();
    expect(decodeGroup(Buffer.alloc(0), 0, 7, SALT)).toBeUndefined();
    const length = groupBytes(RECORDS);
    expect(decodeGroup(bytes.subarray(0, length), 0, 7, SALT)?.records).toHaveLength(RECORDS.length);
    for (const cut of [length - 1, length - 4, length - 5, 900, 40, 32, 31, 8]) {
      expect(decodeGroup(bytes.subarray(0, cut), 0, 7, SALT)).toBeUndefined();
    }
  });

  it('of a later release is known to be whole, and not what is in it', () => {
    const header = numbers([0x51524c47, 4], [2, 1], [0, 3], [600, 4], [1, 4], [7, 4], [SALT, 4], [0, 4]);
    const later = Buffer.concat([sealed(header, Buffer.alloc(0), SALT), Buffer.alloc(992)]);
    expect(decodeGroup(later, 0, 7, SALT)).toEqual({ salt: SALT, version: 2, records: [], places: [], end: 1024 });
  });

  it.each<readonly [string, { readonly count?: number; readonly length?: number }]>([
    ['more records than it says', { count: 7 }],
    ['fewer records than it says', { count: 9 }],
    ['a length that ends amid a record', { length: 900 }],
    ['a length that is too small for any', { length: 35 }],
    ['a length beyond the file', { length: 1537 }],
  ])('with %s is none, though its header is whole', (_, { count = RECORDS.length, length = groupBytes(RECORDS) }) => {
    const bytes = Buffer.from(encodeGroup(RECORDS, KEY).bytes);
    const header = numbers([0x51524c47, 4], [1, 1], [0, 3], [length, 4], [count, 4], [7, 4], [SALT, 4], [0, 4]);
    sealed(header, Buffer.alloc(0), SALT).copy(bytes);
    expect(decodeGroup(bytes, 0, 7, SALT)).toBeUndefined();
    expect(isGroupOneBitOff(bytes, 0, 7, SALT)).toBe(false);
  });
});

describe('a record', () => {
  it('is read alone, and is none where it is cut, or has a type that is not known', () => {
    const { bytes, places } = encodeGroup(RECORDS, KEY);
    const [at, end] = [places[6] ?? 0, places[7] ?? 0];
    expect(decodeRecord(bytes, at, end, SALT)).toMatchObject({
      type: 'entry',
      index: 9,
      term: 4,
      data: Buffer.from('normal'),
    });
    expect(decodeRecord(bytes, at, end - 1, SALT)).toBeUndefined();
    expect(decodeRecord(bytes, at, at + 23, SALT)).toBeUndefined();
    for (const cut of [0, 3, 19, 23]) expect(decodeRecord(bytes.subarray(0, cut), 0, cut, SALT)).toBeUndefined();
    expect(decodeRecord(bytes, at, end, SALT + 1)).toBeUndefined();
    const empty = places[1] ?? 0;
    expect(decodeRecord(bytes, empty, empty + 24, SALT)?.type).toBe('base');
    for (const type of [0, 9]) {
      const unknown = sealed(numbers([0, 4], [type, 1], [0, 1], [1, 6], [1, 6], [0, 2]), Buffer.alloc(0), SALT);
      expect(decodeRecord(unknown, 0, 24, SALT)).toBeUndefined();
    }
  });
});

describe('a flipped bit', () => {
  const small = [RECORDS[0], RECORDS[1], RECORDS[6]] as LogRecord[];
  const { bytes } = encodeGroup(small, KEY);
  const length = groupBytes(small);
  const flip = (from: Buffer, ...bits: number[]): Buffer => {
    const flipped = Buffer.from(from);
    for (const bit of bits) flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return flipped;
  };

  it('is told, wherever in the group it is', () => {
    const untold: number[] = [];
    for (let bit = 0; bit < length * 8; bit++) {
      const flipped = flip(bytes, bit);
      if (decodeGroup(flipped, 0, 7, SALT) !== undefined || !isGroupOneBitOff(flipped, 0, 7, SALT)) untold.push(bit);
    }
    expect(untold).toEqual([]);
    const shifted = Buffer.concat([Buffer.alloc(512), flip(bytes, 45 * 8)]);
    expect([isGroupOneBitOff(shifted, 512, 7, SALT), isGroupOneBitOff(shifted, 512, 7, undefined)]).toEqual([
      true,
      true,
    ]);
    expect(isGroupOneBitOff(flip(bytes, 3), 0, 7, undefined)).toBe(true);
  });

  it('is told wherever the group is, and where it ends with a record without data, or with the file', () => {
    const untold = (
      group: readonly LogRecord[],
      before: number,
      bytesOf: (length: number) => Iterable<number>,
    ): number[] => {
      const whole = Buffer.concat([Buffer.alloc(before), encodeGroup(group, KEY).bytes]);
      const found: number[] = [];
      for (const byte of bytesOf(groupBytes(group))) {
        for (const salt of [SALT, undefined]) {
          // What is flipped of the salt explains nothing where any salt will do.
          if (salt === undefined && byte >= 20 && byte < 24) continue;
          if (!isGroupOneBitOff(flip(whole, (before + byte) * 8 + (byte % 8)), before, 7, salt)) found.push(byte);
        }
      }
      return found;
    };
    const all = (count: number): number[] => Array.from({ length: count }, (_, byte) => byte);
    expect(untold(small, 1_024, () => all(32))).toEqual([]);
    expect(untold([entryRecord({ ...ENTRY, data: Buffer.alloc(9) }), placeRecord('base', 2, 1)], 512, all)).toEqual([]);
    const full = [entryRecord({ ...ENTRY, data: Buffer.alloc(512 - 32 - 24 - 4, 'x') })];
    expect(groupBytes(full)).toBe(512);
    expect(untold(full, 512, (count) => [0, 33, 60, 300, count - 1])).toEqual([]);
  });

  it('is not what explains two of them, a write that was cut off, another segment, or nothing', () => {
    const at = (byte: number): number => byte * 8;
    const pairs = [
      [at(1), at(2)],
      [at(1), at(40)],
      [at(40), at(41)],
      [at(33), at(100)],
      [at(70), at(length - 2)],
      [at(length - 1), at(length - 2)],
      [at(35), at(60)],
    ];
    for (const pair of pairs) expect([pair, isGroupOneBitOff(flip(bytes, ...pair), 0, 7, SALT)]).toEqual([pair, false]);
    for (const cut of [0, 31, 32, 60, length - 4, length - 1]) {
      const short = bytes.subarray(0, cut);
      expect(isGroupOneBitOff(short, 0, 7, SALT)).toBe(false);
      expect(isGroupOneBitOff(Buffer.concat([short, Buffer.alloc(512 - cut)]), 0, 7, SALT)).toBe(false);
    }
    expect(isGroupOneBitOff(bytes, 0, 8 ^ 1, SALT)).toBe(false);
    expect(isGroupOneBitOff(Buffer.alloc(512), 0, 7, SALT)).toBe(false);
    expect(isGroupOneBitOff(bytes, 0, 7, SALT)).toBe(false);
  });
});

describe('the checksum', () => {
  it('is that of RFC 3720, over any part of any memory, and goes on from another', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    const bytes = Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 73 + 11) & 255));
    for (let from = 0; from < 20; from++) {
      for (const to of [from, from + 1, from + 15, from + 16, from + 17, 100, 133, 200]) {
        expect(crc32c(bytes, from, to, SALT)).toBe(plainCrc(bytes.subarray(from, to), SALT));
      }
    }
    expect(crc32c(bytes, 90, 200, crc32c(bytes, 0, 90))).toBe(crc32c(bytes));
  });

  it('tells one flipped bit, of the bytes or of the checksum, from more', () => {
    const bytes = Buffer.from('twenty bytes of text');
    const stored = crc32c(bytes);
    for (let bit = 0; bit < 160; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isOneBitOff(20, crc32c(flipped), stored)).toBe(true);
      // The first bytes are beyond what is said to be there.
      expect(isOneBitOff(19, crc32c(flipped), stored)).toBe(bit >= 8);
    }
    for (let bit = 0; bit < 32; bit++) expect(isOneBitOff(20, stored, (stored ^ (1 << bit)) >>> 0)).toBe(true);
    expect([
      isOneBitOff(20, stored, stored),
      isOneBitOff(0, stored, (stored ^ 3) >>> 0),
      isOneBitOff(20, stored, (stored ^ 5) >>> 0),
    ]).toEqual([false, false, false]);
  });
});
