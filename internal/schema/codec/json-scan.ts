/**
 * One pass over JSON bytes, before they are parsed natively, for what the native parser cannot tell:
 * how many member names there are, and whether a number would lose digits or its spelling, or a text be no Unicode.
 */
export interface Scan {
  /** Colons outside strings: member names as written, duplicates included. */
  names: number;
  /** A number has a fraction, an exponent, or 16 digits and more; or a text has an escaped surrogate. */
  exotic: boolean;
  /** Deepest nesting. */
  depth: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Scans `bytes` into `out` (overwritten). Never throws: what is no JSON is for the parser to say. */
export function scanJson(bytes: Uint8Array, out: Scan): void {
  const n = bytes.length;
  let names = 0;
  let exotic = false;
  let depth = 0;
  let deepest = 0;
  let i = 0;
  while (i < n) {
    const c = bytes[i++] as number;
    if (c === QUOTE) {
      while (i < n) {
        const s = bytes[i++] as number;
        if (s === QUOTE) break;
        if (s === BACKSLASH) {
          // An escaped surrogate may be alone, which the native parser would keep.
          if (bytes[i] === 0x75 && ((bytes[i + 1] as number) | 0x20) === 0x64) exotic = true;
          i++;
        }
      }
    } else if (c === 0x3a) {
      names++;
    } else if (c === 0x7b || c === 0x5b) {
      if (++depth > deepest) deepest = depth;
    } else if (c === 0x7d || c === 0x5d) {
      depth--;
    } else if (c >= 0x30 && c <= 0x39) {
      const start = i;
      let d = 0;
      while (i < n && (d = bytes[i] as number) >= 0x30 && d <= 0x39) i++;
      if (d === 0x2e || d === 0x65 || d === 0x45 || i - start >= 15) exotic = true;
    }
  }
  out.names = names;
  out.exotic = exotic;
  out.depth = deepest;
}
