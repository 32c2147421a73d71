import { formatPlain } from './numbers.js';
import { CelError, Duration, Timestamp, type Value } from './value.js';

const BILLION = 1_000_000_000n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z in seconds. */
const MIN_SECONDS = -62135596800n;
const MAX_SECONDS = 253402300799n;
const TIMESTAMP_OVERFLOW = new CelError('timestamp overflow');

/** Seconds since 1970, rounded down. */
export const secondsOf = (t: Timestamp): bigint => (t.nanos - nanosOf(t)) / BILLION;
const nanosOf = (t: Timestamp): bigint => ((t.nanos % BILLION) + BILLION) % BILLION;

/** A timestamp when it lies in the years 1 to 9999, else the error of an overflow. */
export function timestamp(nanos: bigint, offset = 0): Timestamp | CelError {
  const t = new Timestamp(nanos, offset);
  const seconds = secondsOf(t);
  return seconds < MIN_SECONDS || seconds > MAX_SECONDS ? TIMESTAMP_OVERFLOW : t;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** A time as RFC 3339 writes it; undefined for what is none. */
export function parseTimestamp(s: string): Timestamp | CelError | undefined {
  if (s.length > 64) return undefined;
  const m = RFC3339.exec(s);
  if (m === null) return undefined;
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (day < 1 || date.getUTCDate() !== day) return undefined;
  const zoneHours = Number(m[9] ?? 0);
  const zoneMinutes = Number(m[10] ?? 0);
  if (zoneHours > 24 || zoneMinutes > 59) return undefined;
  const offset = (m[8] === '-' ? -1 : 1) * (zoneHours * 3600 + zoneMinutes * 60);
  const seconds = BigInt(date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset);
  return timestamp(seconds * BILLION + BigInt((m[7] ?? '').slice(0, 9).padEnd(9, '0')), offset);
}

const two = (n: number): string => String(n).padStart(2, '0');

/** As Go's RFC3339Nano: the fraction without zeros at its end, the offset with which it was written. */
export function formatTimestamp(t: Timestamp): string {
  const local = new Date(Number(secondsOf(t)) * 1000 + t.offset * 1000).toISOString().slice(0, -5);
  const nanos = nanosOf(t);
  const fraction = nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`;
  if (t.offset === 0) return `${local}${fraction}Z`;
  const minutes = Math.floor(Math.abs(t.offset) / 60);
  return `${local}${fraction}${t.offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** As cel-go: seconds as a double, without an exponent. */
export function formatSeconds(d: Duration): string {
  const seconds = Number(d.nanos / BILLION) + Number(d.nanos % BILLION) / 1e9;
  return `${formatPlain(seconds)}s`;
}

/** Time zones that are kept; the oldest goes first. */
const MAX_ZONES = 100;
const zones = new Map<string, Intl.DateTimeFormat | undefined>();

function zoneFormat(name: string): Intl.DateTimeFormat | undefined {
  if (zones.has(name)) return zones.get(name);
  let made: Intl.DateTimeFormat | undefined;
  try {
    made = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset', hour: 'numeric' });
  } catch (e) {
    if (!(e instanceof RangeError)) throw e;
    made = undefined;
  }
  if (zones.size >= MAX_ZONES)
    for (const oldest of zones.keys()) {
      zones.delete(oldest);
      break;
    }
  zones.set(name, made);
  return made;
}

/** Seconds east of UTC of a zone that is named, or written as `+05:30`, at a time. */
function zoneOffset(zone: string, at: Date): number | CelError {
  const colon = zone.indexOf(':');
  if (colon < 0) {
    if (zone === '' || zone === 'UTC') return 0;
    const format = /^[A-Za-z0-9_+\-/]+$/.test(zone) && !/^[+-]/.test(zone) ? zoneFormat(zone) : undefined;
    if (format === undefined) return new CelError(`unknown time zone ${zone}`);
    const text = format.formatToParts(at).find((p) => p.type === 'timeZoneName')?.value ?? 'GMT';
    const m = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
    if (m?.[1] === undefined) return 0;
    return (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 3600 + Number(m[3]) * 60 + Number(m[4] ?? 0));
  }
  const part = (text: string): number | CelError =>
    /^[+-]?[0-9]{1,9}$/.test(text)
      ? Number(text)
      : new CelError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const hours = part(zone.slice(0, colon));
  const minutes = part(zone.slice(colon + 1));
  if (hours instanceof CelError) return hours;
  if (minutes instanceof CelError) return minutes;
  return (zone.startsWith('-') ? hours * 60 - minutes : hours * 60 + minutes) * 60;
}

/** The date and time of day in a zone, as the fields of UTC of a Date. */
export function inZone(t: Timestamp, zone: string): Date | CelError {
  const utc = new Date(Number(secondsOf(t)) * 1000 + Number(nanosOf(t) / 1_000_000n));
  const offset = zoneOffset(zone, utc);
  return offset instanceof CelError ? offset : new Date(utc.getTime() + offset * 1000);
}

/** Days since the first of January of its year. */
export const dayOfYear = (d: Date): number =>
  Math.round(
    (Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate()) - Date.UTC(d.getUTCFullYear(), 0, 1)) / 86_400_000,
  );

/** The sum or difference as a duration; an overflow beyond 64 bits. */
export function duration(nanos: bigint): Value {
  return BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : new CelError('integer overflow');
}
