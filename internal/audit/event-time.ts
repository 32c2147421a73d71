let second = Number.NaN;
let head = '';

/**
 * A moment in milliseconds since the epoch, with fractions, as RFC 3339 with six digits behind the second
 * (metav1.MicroTime). The text of the second is kept: most events are of the same one as the last.
 */
export function microTime(ms: number): string {
  const whole = Math.floor(ms / 1000);
  if (whole !== second) {
    head = new Date(whole * 1000).toISOString().slice(0, -'000Z'.length);
    second = whole;
  }
  const micros = Math.floor((ms - whole * 1000) * 1000);
  return `${head}${String(1_000_000 + micros).slice(1)}Z`;
}
