import { boundedBigInt } from './big-digits.js';
import { quote } from './status.js';

/** A text that is no time or duration; the message is Go's time package's. */
export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TimeError';
  }
}

const RFC3339 = '2006-01-02T15:04:05Z07:00';
const RFC3339_MICRO = '2006-01-02T15:04:05.000000Z07:00';
/** Go's zero time, which JSON carries as null. */
const ZERO_SECONDS = -62135596800;

/** Seconds since the epoch and the part of a second below them, in nanoseconds. */
export interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

/** The longest text that is read as a time; Go reads any number of digits behind the point. */
const MAX_LENGTH = 1_024;

class Parser {
  private rest: string;
  constructor(
    private readonly layout: string,
    private readonly value: string,
  ) {
    this.rest = value;
  }
  private bad(element: string, at = this.rest): TimeError {
    return new TimeError(
      `parsing time ${quote(this.value)} as ${quote(this.layout)}: cannot parse ${quote(at)} as ${quote(element)}`,
    );
  }
  private because(why: string): TimeError {
    return new TimeError(`parsing time ${quote(this.value)}: ${why}`);
  }
  private literal(text: string): void {
    if (!this.rest.startsWith(text)) throw this.bad(text);
    this.rest = this.rest.slice(text.length);
  }
  private digits(element: string, pattern: RegExp): number {
    const m = pattern.exec(this.rest);
    if (m === null) throw this.bad(element);
    this.rest = this.rest.slice(m[0].length);
    return Number(m[0]);
  }
  private check(value: number, below: number, what: string): number {
    if (value >= below) throw this.because(`${what} out of range`);
    return value;
  }
  private zone(): number {
    if (this.rest.startsWith('Z')) {
      this.rest = this.rest.slice(1);
      return 0;
    }
    const m = /^([+-])([0-9]{2}):([0-9]{2})/.exec(this.rest);
    if (m === null) throw this.bad('Z07:00');
    this.rest = this.rest.slice(6);
    const hours = this.check(Number(m[2]), 25, 'time zone offset hour');
    const minutes = this.check(Number(m[3]), 61, 'time zone offset minute');
    return (m[1] === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  parse(micro: boolean): Instant {
    if (this.value.length > MAX_LENGTH) {
      throw new TimeError(`parsing time: longer than ${MAX_LENGTH} characters`);
    }
    const year = this.digits('2006', /^[0-9]{4}/);
    this.literal('-');
    const month = this.digits('01', /^[0-9]{2}/);
    if (month < 1 || month > 12) throw this.because('month out of range');
    this.literal('-');
    const day = this.digits('02', /^[0-9]{2}/);
    this.literal('T');
    const hour = this.check(this.digits('15', /^[0-9]{1,2}/), 24, 'hour');
    this.literal(':');
    const minute = this.check(this.digits('04', /^[0-9]{2}/), 60, 'minute');
    this.literal(':');
    const second = this.check(this.digits('05', /^[0-9]{2}/), 60, 'second');
    const fraction = /^[.,]([0-9]+)/.exec(this.rest);
    if (micro && (fraction === null || fraction[1]?.length !== 6)) throw this.bad('.000000');
    let nanos = 0;
    if (fraction !== null) {
      this.rest = this.rest.slice(fraction[0].length);
      nanos = Number((fraction[1] ?? '').slice(0, 9).padEnd(9, '0'));
    }
    const offset = this.zone();
    if (this.rest !== '') throw this.because(`extra text: ${quote(this.rest)}`);
    const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    const days = month === 2 ? (leap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
    if (day < 1 || day > days) throw this.because('day out of range');
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    date.setUTCHours(hour, minute, second, 0);
    return { seconds: date.getTime() / 1000 - offset, nanos };
  }
}

/** Parses RFC 3339 as Go's time.Parse does (a fraction is allowed); throws TimeError. */
export function parseTime(text: string): Instant {
  return new Parser(RFC3339, text).parse(false);
}
/** Parses metav1.MicroTime, which has exactly six digits of fraction; throws TimeError. */
export function parseMicroTime(text: string): Instant {
  return new Parser(RFC3339_MICRO, text).parse(true);
}

/** `2006-01-02T15:04:05Z`, the fraction cut off; '' for Go's zero time. */
export function formatTime(t: Instant): string {
  if (t.seconds === ZERO_SECONDS && t.nanos === 0) return '';
  const iso = new Date(t.seconds * 1000).toISOString();
  return `${iso.slice(0, -5)}Z`;
}
/** `2006-01-02T15:04:05.000000Z`; '' for Go's zero time. */
export function formatMicroTime(t: Instant): string {
  const text = formatTime(t);
  if (text === '') return '';
  return `${text.slice(0, -1)}.${String(Math.floor(t.nanos / 1000)).padStart(6, '0')}Z`;
}

const CANONICAL =
  /^(?!0001)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{6})?Z$/;

/** metav1.Time as it is stored: UTC, whole seconds; undefined for the zero time. Throws TimeError. */
export function canonicalTime(text: string): string | undefined {
  if (text.length === 20 && CANONICAL.test(text)) return text;
  const out = formatTime(parseTime(text));
  return out === '' ? undefined : out;
}
/** metav1.MicroTime as it is stored; undefined for the zero time. Throws TimeError. */
export function canonicalMicroTime(text: string): string | undefined {
  if (text.length === 27 && CANONICAL.test(text)) return text;
  const out = formatMicroTime(parseMicroTime(text));
  return out === '' ? undefined : out;
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MAX_DURATION = 9223372036854775807n;

/** Nanoseconds of a Go duration (`1h30m`, `-1.5s`); throws TimeError with Go's text. */
export function parseDuration(text: string): bigint {
  const invalid = (): TimeError => new TimeError(`time: invalid duration ${quote(text)}`);
  if (text.length > 256) throw invalid();
  const negative = text.startsWith('-');
  let rest = negative || text.startsWith('+') ? text.slice(1) : text;
  if (rest === '0') return 0n;
  if (rest === '') throw invalid();
  let total = 0n;
  while (rest !== '') {
    const m = /^([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/.exec(rest);
    const whole = m?.[1] ?? '';
    const fraction = m?.[2] ?? '';
    const unit = m?.[3] ?? '';
    if (m === null || (whole === '' && fraction === '')) throw invalid();
    if (unit === '') throw new TimeError(`time: missing unit in duration ${quote(text)}`);
    const scale = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (scale === undefined) throw new TimeError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    total += boundedBigInt(whole || '0') * scale;
    // Beyond nanoseconds digits count for nothing; hours have fewer than 13 digits of them.
    const fine = fraction.slice(0, 18);
    if (fine !== '') total += (BigInt(fine) * scale) / 10n ** BigInt(fine.length);
    if (total > MAX_DURATION + (negative ? 1n : 0n)) throw invalid();
    rest = rest.slice(m[0].length);
  }
  return negative ? -total : total;
}

/** Go's Duration.String: `1h30m0s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const n = nanos < 0n ? -nanos : nanos;
  if (n < 1_000_000_000n) {
    if (n < 1000n) return `${sign}${n}ns`;
    if (n < 1_000_000n) return `${sign}${decimal(n, 1000n)}µs`;
    return `${sign}${decimal(n, 1_000_000n)}ms`;
  }
  const minutes = n / 60_000_000_000n;
  const seconds = `${decimal(n % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? '' : `${hours}h`}${minutes % 60n}m${seconds}`;
}

function decimal(n: bigint, scale: bigint): string {
  const rest = n % scale;
  if (rest === 0n) return String(n / scale);
  const digits = String(rest).padStart(String(scale).length - 1, '0');
  return `${n / scale}.${digits.replace(/0+$/, '')}`;
}
