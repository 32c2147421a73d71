import { isIP } from 'node:net';
import { parseCidr } from '../../machinery/ip.js';

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const HOSTNAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`);
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?([0-9a-f])[0-9a-f]{3}-?([0-9a-f])[0-9a-f]{3}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function isDate(v: string): boolean {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(v);
  if (m === null) return false;
  const date = new Date(`${v}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(v);
}

/** RFC 3339; the reference also takes a time without a zone, and a space or a lower-case letter between the parts. */
function isDateTime(v: string): boolean {
  const m = /^(\d{4}-\d{2}-\d{2})[tT ](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[zZ]|[+-]\d{2}:?\d{2})?$/.exec(v);
  if (m === null || !isDate(m[1] ?? '')) return false;
  return Number(m[2]) <= 23 && Number(m[3]) <= 59 && Number(m[4]) <= 60;
}

const uuidOf = (version: string) => (v: string) => UUID.exec(v)?.[1] === version;

/** What texts of a format look like; formats that are not here are not checked (OpenAPI formats of the reference). */
const FORMATS: Readonly<Record<string, (v: string) => boolean>> = {
  byte: (v) => BASE64.test(v),
  bsonobjectid: (v) => /^[0-9a-f]{24}$/i.test(v),
  cidr: (v) => parseCidr(v) !== undefined,
  creditcard: (v) => /^\d{12,19}$/.test(v.replace(/[ -]/g, '')),
  date: isDate,
  'date-time': isDateTime,
  datetime: isDateTime,
  duration: (v) => /^[+-]?(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|ms|s|m|h|d|w|[a-z]+)(\s*(\d+(\.\d*)?)\s*[a-zµ]+)*$/i.test(v),
  email: (v) => /^[^\s@<>]+@[^\s@<>]+$/.test(v),
  hexcolor: (v) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(v),
  hostname: (v) => HOSTNAME.test(v),
  ipv4: (v) => isIP(v) === 4,
  ipv6: (v) => isIP(v) === 6,
  isbn: (v) => /^(\d{9}[\dXx]|\d{13})$/.test(v.replace(/[ -]/g, '')),
  isbn10: (v) => /^\d{9}[\dXx]$/.test(v.replace(/[ -]/g, '')),
  isbn13: (v) => /^\d{13}$/.test(v.replace(/[ -]/g, '')),
  mac: (v) => /^([0-9a-f]{2}([:-])([0-9a-f]{2}\2){4}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4})$/i.test(v),
  rgbcolor: (v) => /^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/.test(v),
  ssn: (v) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(v),
  uri: (v) => /^([a-z][a-z0-9+.-]*:|\/)[^\s]*$/i.test(v),
  uuid: (v) => UUID.test(v),
  uuid3: uuidOf('3'),
  uuid4: uuidOf('4'),
  uuid5: uuidOf('5'),
};

/** Whether the text has the format; true for formats nobody knows. */
export function hasFormat(format: string, value: string): boolean {
  return FORMATS[format]?.(value) ?? true;
}
