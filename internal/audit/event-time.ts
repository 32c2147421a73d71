/** What a moment takes in events, in characters of ASCII: `2026-01-02T03:04:05.000600Z`. */
export const MICRO_TIME_LENGTH = 27;
const DIGITS = 6;
const ZERO = 0x30;
const Z = 0x5a;

let second = Number.NaN;
const head = Buffer.alloc(MICRO_TIME_LENGTH - DIGITS - 1);

/**
 * Writes a moment in milliseconds since the epoch, with fractions, as RFC 3339 with six digits behind the second
 * (metav1.MicroTime). The text of the second is kept: most events are of the same one as the last.
 */
export function putMicroTime(into: Uint8Array, at: number, ms: number): void {
  const whole = Math.floor(ms / 1000);
  if (whole !== second) {
    head.write(new Date(whole * 1000).toISOString(), 'latin1');
    second = whole;
  }
  into.set(head, at);
  let micros = Math.floor((ms - whole * 1000) * 1000);
  for (let i = at + MICRO_TIME_LENGTH - 2; i >= at + head.length; i--) {
    const rest = Math.floor(micros / 10);
    into[i] = ZERO + micros - 10 * rest;
    micros = rest;
  }
  into[at + MICRO_TIME_LENGTH - 1] = Z;
}

const one = Buffer.alloc(MICRO_TIME_LENGTH);

/** The same as a text. */
export function microTime(ms: number): string {
  putMicroTime(one, 0, ms);
  return one.toString('latin1');
}
