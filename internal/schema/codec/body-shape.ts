import { requestEntityTooLarge } from '../../machinery/status.js';

/*
 * What a body costs is not its bytes but its values: each member and each item is parsed, defaulted, owned, validated and
 * encoded, in turns that nobody interrupts. kube-apiserver has no such bound because it has threads; there an object of this
 * many members ends at etcd's limit of 1.5 MiB, to which the managedFields of each of them count.
 */

/** Members of all objects in one body. */
const MAX_MEMBERS = 65_536;
/** Members of one object: each has a name of its own, which costs several times what a member of many small objects does. */
const MAX_WIDTH = 16_384;
/** Members of objects and items of lists in one body. */
const MAX_VALUES = 131_072;
/** No shorter body can be beyond a bound: a member takes four bytes at least (`"":0`), and what separates it. */
const MIN_BYTES = MAX_WIDTH * 4;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Nesting that is told apart; deeper objects count as one. JSON nests 1,000 levels at most. */
const LEVELS = 1024;
const widths = new Uint32Array(LEVELS);

const tooMany = (bound: number, what: string): never => {
  throw requestEntityTooLarge(`limit is ${bound} ${what}`);
};

/** Throws 413 for JSON of more members or values than one turn of the loop can take. Bytes that are no JSON pass. */
export function checkShape(bytes: Uint8Array): void {
  const n = bytes.length;
  if (n < MIN_BYTES) return;
  let members = 0;
  let commas = 0;
  let containers = 0;
  let depth = 0;
  widths[0] = 0;
  for (let i = 0; i < n; ) {
    const c = bytes[i++] as number;
    if (c === QUOTE) {
      while (i < n) {
        const s = bytes[i++] as number;
        if (s === QUOTE) break;
        if (s === BACKSLASH) i++;
      }
    } else if (c === 0x3a) {
      members++;
      if (depth < LEVELS) {
        const width = (widths[depth] as number) + 1;
        if (width > MAX_WIDTH) tooMany(MAX_WIDTH, 'fields of one object');
        widths[depth] = width;
      }
    } else if (c === 0x2c) {
      commas++;
    } else if (c === 0x7b || c === 0x5b) {
      containers++;
      if (++depth < LEVELS) widths[depth] = 0;
    } else if (c === 0x7d || c === 0x5d) {
      if (depth > 0) depth--;
    }
  }
  if (members > MAX_MEMBERS) tooMany(MAX_MEMBERS, 'fields');
  if (commas + containers > MAX_VALUES) tooMany(MAX_VALUES, 'values');
}

/** The same for protobuf, whose reader counts as it goes. Both throw 413. */
export class Tally {
  private values = 0;
  private entries = 0;

  /** A field of a message, an item of a list. */
  value(): void {
    if (++this.values > MAX_VALUES) tooMany(MAX_VALUES, 'values');
  }
  /** A member of a map; an object has few maps, and their members are counted together. */
  entry(): void {
    if (++this.entries > MAX_WIDTH) tooMany(MAX_WIDTH, 'fields of one object');
  }
}
