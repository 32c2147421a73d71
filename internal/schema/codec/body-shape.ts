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
/** Items of one list of a built-in kind, which most validations look at one by one. */
const MAX_ITEMS = 16_384;
/** Items of one list of any other body: a custom resource, a patch. */
const MAX_OTHER_ITEMS = 32_768;
/** Members of objects and items of lists in one body; what a patch copies counts as well. */
export const MAX_VALUES = 98_304;
/** Bytes of one text; etcd takes no request of 1.5 MiB. */
const MAX_TOKEN_BYTES = 1_572_864;
/** Digits of one number. */
const MAX_DIGITS = 65_536;
/** No shorter body can be beyond a bound: an item takes two bytes with its comma. */
const MIN_BYTES = MAX_ITEMS * 2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Nesting that is told apart; what is deeper counts as one. JSON nests 1,000 levels at most. */
const LEVELS = 1024;
/** Of the object or list that is open at each level: its members, or its commas. */
const members = new Uint32Array(LEVELS);
const commas = new Uint32Array(LEVELS);

function tooMany(bound: number, what: string): never {
  throw requestEntityTooLarge(`limit is ${bound} ${what}`);
}

function checkWidth(level: number, maxItems: number): void {
  const width = members[level] as number;
  // Written by us, managedFields have one step more than the object has members.
  if (width > MAX_WIDTH + 1) tooMany(MAX_WIDTH, 'fields of one object');
  if (width === 0 && (commas[level] as number) >= maxItems) tooMany(maxItems, 'items of one list');
}

/**
 * Throws 413 for JSON of more members or values than the turns of a write can take. Bytes that are no JSON pass.
 * `typed`: the body is of a built-in kind.
 */
export function checkShape(bytes: Uint8Array, typed: boolean): void {
  if (bytes.length >= MIN_BYTES) scanShape(bytes, typed, MAX_TOKEN_BYTES, Number.POSITIVE_INFINITY);
}

/**
 * The same for what others answer, who may have put a whole document into one text; it is read no further than to the
 * first value that is more than `most`.
 */
export function checkAnswerShape(bytes: Uint8Array, most = MAX_VALUES): void {
  if (bytes.length >= MIN_BYTES) scanShape(bytes, false, bytes.length, most);
}

/** Looks no further where there are more than `most` values. */
function scanShape(bytes: Uint8Array, typed: boolean, maxTextBytes: number, most: number): void {
  const n = bytes.length;
  const maxItems = typed ? MAX_ITEMS : MAX_OTHER_ITEMS;
  let allMembers = 0;
  let values = 0;
  let depth = 0;
  members[0] = commas[0] = 0;
  for (let i = 0; i < n; ) {
    const c = bytes[i++] as number;
    if (c === QUOTE) {
      const start = i;
      let saved = 0;
      while (i < n) {
        const s = bytes[i++] as number;
        if (s === QUOTE) break;
        // An escape stands for one byte at least: two characters, or six.
        if (s === BACKSLASH) saved += bytes[i++] === 0x75 ? 5 : 1;
      }
      if (i - start - saved > maxTextBytes) tooMany(maxTextBytes, 'bytes of one text');
    } else if (c >= 0x30 && c <= 0x39) {
      const start = i;
      while (i < n && (bytes[i] as number) >= 0x30 && (bytes[i] as number) <= 0x39) i++;
      if (i - start > MAX_DIGITS) tooMany(MAX_DIGITS, 'digits of one number');
    } else if (c === 0x3a) {
      allMembers++;
      if (depth < LEVELS) members[depth] = (members[depth] as number) + 1;
    } else if (c === 0x2c) {
      if (++values > most) tooMany(most, 'values');
      if (depth < LEVELS) commas[depth] = (commas[depth] as number) + 1;
    } else if (c === 0x7b || c === 0x5b) {
      if (++values > most) tooMany(most, 'values');
      if (++depth < LEVELS) members[depth] = commas[depth] = 0;
    } else if ((c === 0x7d || c === 0x5d) && depth > 0) {
      if (depth < LEVELS) checkWidth(depth, maxItems);
      depth--;
    }
  }
  // What is not closed is no JSON, and not worth parsing to the end either.
  for (let level = Math.min(depth, LEVELS - 1); level >= 0; level--) checkWidth(level, maxItems);
  if (allMembers > MAX_MEMBERS) tooMany(MAX_MEMBERS, 'fields');
  if (values > MAX_VALUES) tooMany(MAX_VALUES, 'values');
}

/** The same for protobuf, whose reader counts as it goes. All throw 413. */
export class Tally {
  private values = 0;
  private entries = 0;

  /** A field of a message. */
  value(): void {
    if (++this.values > MAX_VALUES) tooMany(MAX_VALUES, 'values');
  }
  /** A member of a map; an object has few maps, and their members are counted together. */
  entry(): void {
    if (++this.entries > MAX_WIDTH) tooMany(MAX_WIDTH, 'fields of one object');
  }
  /** A list has grown to so many items. */
  items(count: number): void {
    if (count > MAX_ITEMS) tooMany(MAX_ITEMS, 'items of one list');
  }
}
