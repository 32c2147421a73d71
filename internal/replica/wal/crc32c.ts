/** Castagnoli's polynomial, lowest bit first. */
const POLYNOMIAL = 0x82f63b78 | 0;

/** Table n holds what a byte does to the checksum n bytes later (Kounavis and Berry, "slicing by 16"). */
const TABLES = Array.from({ length: 16 }, () => new Int32Array(256));
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (const table of TABLES) {
    for (let bit = 0; bit < 8; bit++) value = shifted(value);
    table[byte] = value;
  }
}
type Eight = [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as Eight;
const [T8, T9, TA, TB, TC, TD, TE, TF] = TABLES.slice(8) as Eight;

/** One more bit of zero goes through the register. */
function shifted(register: number): number {
  return (register & 1) === 0 ? register >>> 1 : (register >>> 1) ^ POLYNOMIAL;
}

/**
 * CRC-32C (RFC 3720, appendix B.4) of bytes `from` to `to`, continued from `seed`. It finds every error of up to three
 * bits in a record of any size that the log has; zlib's CRC-32 does so up to 11 KiB.
 */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  let crc = ~seed;
  let at = from;
  for (; at < to && ((bytes.byteOffset + at) & 3) !== 0; at++) crc = (crc >>> 8) ^ at0(crc ^ (bytes[at] as number));
  const words = (to - at) >>> 4;
  if (words > 0) {
    // Numbers are read in the machine's order, which is lowest byte first wherever Node runs.
    const view = new Int32Array(bytes.buffer, bytes.byteOffset + at, words * 4);
    for (let i = 0; i < view.length; i += 4) {
      const a = crc ^ (view[i] as number);
      const b = view[i + 1] as number;
      const c = view[i + 2] as number;
      const d = view[i + 3] as number;
      crc =
        (TF[a & 255] as number) ^
        (TE[(a >>> 8) & 255] as number) ^
        (TD[(a >>> 16) & 255] as number) ^
        (TC[a >>> 24] as number) ^
        (TB[b & 255] as number) ^
        (TA[(b >>> 8) & 255] as number) ^
        (T9[(b >>> 16) & 255] as number) ^
        (T8[b >>> 24] as number) ^
        (T7[c & 255] as number) ^
        (T6[(c >>> 8) & 255] as number) ^
        (T5[(c >>> 16) & 255] as number) ^
        (T4[c >>> 24] as number) ^
        (T3[d & 255] as number) ^
        (T2[(d >>> 8) & 255] as number) ^
        (T1[(d >>> 16) & 255] as number) ^
        (T0[d >>> 24] as number);
    }
    at += words * 16;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ at0(crc ^ (bytes[at] as number));
  return ~crc >>> 0;
}

function at0(value: number): number {
  return T0[value & 255] as number;
}

/**
 * Is a single flipped bit enough to explain that `length` bytes have the checksum `found` instead of `stored`? The bit
 * may be one of the bytes or one of the stored checksum.
 */
export function isOneBitOff(length: number, found: number, stored: number): boolean {
  const difference = (found ^ stored) | 0;
  // A power of two: a bit of the checksum itself.
  if (difference !== 0 && (difference & (difference - 1)) === 0) return true;
  // What flipping the last bit does to the checksum, then the one before, and so on.
  let effect = POLYNOMIAL;
  for (let bit = 0; bit < length * 8; bit++) {
    if (effect === difference) return true;
    effect = shifted(effect) | 0;
  }
  return false;
}
