/** Digits of the largest numbers that anything here tells apart: those of uint64. */
const MAX_DIGITS = 20;
const BEYOND = 10n ** BigInt(MAX_DIGITS);

/**
 * The value of a text of decimal digits with an optional sign (`-?[0-9]+` or `+[0-9]+`). Beyond 20 digits it is 10^20 with
 * the sign: out of every range all the same, without the time that millions of digits would take.
 */
export function boundedBigInt(text: string): bigint {
  const isNegative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '').replace(/^0+(?=.)/, '');
  const magnitude = digits.length > MAX_DIGITS ? BEYOND : BigInt(digits);
  return isNegative ? -magnitude : magnitude;
}
