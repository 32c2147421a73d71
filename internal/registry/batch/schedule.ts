import { boundedBigInt } from '../../machinery/big-digits.js';
import { parseDuration, TimeError } from '../../machinery/time.js';

// The schedules of cron jobs, as robfig/cron reads them, in its words.

interface Field {
  readonly min: number;
  readonly max: number;
  /** Names of values from `min` on. */
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** Minute, hour, day of the month, month, day of the week. */
const FIELDS: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

/** Why a text is no schedule. */
class ScheduleError extends Error {}

const MAX_INT64 = 9_223_372_036_854_775_807n;

function integer(text: string): number {
  const fail = (why: string): ScheduleError =>
    new ScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?[0-9]+$/.test(text)) throw fail('invalid syntax');
  const n = boundedBigInt(text);
  if (n > MAX_INT64 || n < -MAX_INT64 - 1n) throw fail('value out of range');
  if (n < 0n) throw new ScheduleError(`negative number (${n}) not allowed: ${text}`);
  return Number(n);
}

function integerOrName(text: string, field: Field): number {
  const named = field.names.indexOf(text.toLowerCase());
  return named < 0 ? integer(text) : field.min + named;
}

function checkRange(expression: string, field: Field): void {
  const parts = expression.split('/');
  const ends = (parts[0] ?? '').split('-');
  const first = ends[0] ?? '';
  let [start, end] = [field.min, field.max];
  if (first !== '*' && first !== '?') {
    start = integerOrName(first, field);
    if (ends.length > 2) throw new ScheduleError(`too many hyphens: ${expression}`);
    end = ends[1] === undefined ? start : integerOrName(ends[1], field);
  }
  let step = 1;
  if (parts.length > 2) throw new ScheduleError(`too many slashes: ${expression}`);
  if (parts[1] !== undefined) {
    step = integer(parts[1]);
    // A single number with a step is where the steps begin.
    if (ends.length === 1) end = field.max;
  }
  if (start < field.min) {
    throw new ScheduleError(`beginning of range (${start}) below minimum (${field.min}): ${expression}`);
  }
  if (end > field.max) throw new ScheduleError(`end of range (${end}) above maximum (${field.max}): ${expression}`);
  if (start > end) {
    throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${expression}`);
  }
  if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${expression}`);
}

function checkDescriptor(text: string): void {
  if (DESCRIPTORS.includes(text)) return;
  if (!text.startsWith('@every ')) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  try {
    parseDuration(text.slice('@every '.length));
  } catch (e) {
    if (e instanceof TimeError) throw new ScheduleError(`failed to parse duration ${text}: ${e.message}`);
    throw e;
  }
}

/** No schedule says anything in more characters; kube-apiserver has no bound here but the one of the object. */
const MAX_LENGTH = 8_192;

function check(schedule: string, knownZone: (name: string) => boolean): void {
  if (schedule.length > MAX_LENGTH) throw new ScheduleError(`must be no more than ${MAX_LENGTH} characters`);
  let text = schedule;
  const zone = /^(?:CRON_)?TZ=([^ ]*)/.exec(text);
  if (zone !== null) {
    const name = zone[1] ?? '';
    if (!knownZone(name)) throw new ScheduleError(`provided bad location ${name}: unknown time zone ${name}`);
    text = text.slice(zone[0].length).trim();
  }
  if (text.startsWith('@')) {
    checkDescriptor(text);
    return;
  }
  const fields = text.split(/\s+/).filter((f) => f !== '');
  if (fields.length !== FIELDS.length) {
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  }
  for (const [i, field] of FIELDS.entries()) {
    for (const expression of (fields[i] ?? '').split(',')) if (expression !== '') checkRange(expression, field);
  }
}

/** Why a schedule cannot be read, or undefined when it can. */
export function scheduleProblem(schedule: string, knownZone: (name: string) => boolean): string | undefined {
  try {
    check(schedule, knownZone);
    return undefined;
  } catch (e) {
    if (e instanceof ScheduleError) return e.message;
    throw e;
  }
}
