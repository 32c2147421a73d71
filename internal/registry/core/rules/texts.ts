import { maxLengthText, regexText } from '../../../machinery/names.js';

// Field errors of texts that only pods know (apimachinery's util/validation, pkg/apis/core/validation).

/** Field errors of the name of an environment variable: printable ASCII without `=`. */
export const envVarName = (value: string): string[] =>
  /^[ -<>-~]*$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];

const HEADER_FMT = '[-A-Za-z0-9]+';
const HEADER = new RegExp(`^${HEADER_FMT}$`);
const HEADER_TEXT = regexText(
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  HEADER_FMT,
  'X-Header-Name',
);

/** Field errors of the name of an HTTP header. */
export const httpHeaderName = (value: string): string[] => (HEADER.test(value) ? [] : [HEADER_TEXT]);

const LOOSE_LABEL_FMT = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const LOOSE_FMT = `${LOOSE_LABEL_FMT}(\\.${LOOSE_LABEL_FMT})*`;
const LOOSE = new RegExp(`^${LOOSE_FMT}$`);
const LOOSE_TEXT = regexText(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  LOOSE_FMT,
  'example.com',
);

/** Field errors of a DNS search path: a subdomain in which underscores are allowed; one dot at the end is, too. */
export function searchPath(value: string): string[] {
  if (value === '.') return [];
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  const out: string[] = [];
  if (name.length > 253) out.push(maxLengthText(253, 'characters'));
  if (!LOOSE.test(name)) out.push(LOOSE_TEXT);
  return out;
}

/** `must be between 1 and 5, inclusive`. */
export const rangeText = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

export const NON_NEGATIVE = 'must be greater than or equal to 0';
export const POSITIVE = 'must be greater than zero';

const MAX_INT32 = 2_147_483_647;

/** Field errors of a numeric user or group id. */
export const unixId = (id: number): string[] => (id >= 0 && id <= MAX_INT32 ? [] : [rangeText(0, MAX_INT32)]);
