import {
  checkRequestUri,
  escapedPath,
  type GoUrl,
  GoUrlError,
  hostname,
  parseGoUrl,
  portOf,
  queryValues,
} from '../../machinery/go-url.js';
import {
  addQuantity,
  compareQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  signOfQuantity,
  subQuantity,
} from '../../machinery/quantity.js';
import { compileRe2, Re2CostError, Re2SyntaxError } from '../../machinery/re2.js';
import { quote } from '../../machinery/status.js';
import { type FunctionDecl, type Implementation, member, overload } from '../check/environment.js';
import { BOOL, type CelType, DOUBLE, INT, listOf, mapOf, STRING, structType } from '../check/types.js';
import { CelError, EntryMap, list, Opaque, type Value } from '../values/value.js';
import { EFFORT_PER_MILLISECOND, effort } from '../values/effort.js';

/* Kubernetes' libraries of patterns, URLs and quantities. */

export const URL_TYPE: CelType = structType('kubernetes.URL');
export const QUANTITY_TYPE: CelType = structType('kubernetes.Quantity');

/** Runs a pattern on a text; a pattern that is none, or a match that would take too long, is an error. */
function withPattern(pattern: string, prefix: string, run: (re: ReturnType<typeof compileRe2>) => Value): Value {
  try {
    const re = compileRe2(pattern);
    const started = performance.now();
    const result = run(re);
    effort.spent += (performance.now() - started) * EFFORT_PER_MILLISECOND;
    return result;
  } catch (e) {
    if (e instanceof Re2SyntaxError) return new CelError(prefix + e.message);
    if (e instanceof Re2CostError) return new CelError(e.message);
    throw e;
  }
}

const findAll = (s: Value, pattern: Value, limit: bigint): Value =>
  withPattern(pattern as string, 'Illegal regex: ', (re) =>
    list(re.findAll(s as string, limit < 0n ? Infinity : Number(limit))),
  );

/** Whether a text is a pattern. */
export function isPattern(pattern: string): boolean {
  return !(withPattern(pattern, '', () => null) instanceof CelError);
}

const REGEX: readonly FunctionDecl[] = [
  {
    name: 'matches',
    overloads: [member, overload].map((form, i) =>
      form(i === 0 ? 'matches_string' : 'matches', [STRING, STRING], BOOL, (s, pattern) =>
        withPattern(pattern as string, '', (re) => re.test(s as string)),
      ),
    ),
  },
  {
    name: 'find',
    overloads: [
      member('string_find_string', [STRING, STRING], STRING, (s, pattern) =>
        withPattern(pattern as string, 'Illegal regex: ', (re) => re.findAll(s as string, 1)[0] ?? ''),
      ),
    ],
  },
  {
    name: 'findAll',
    overloads: [
      member('string_find_all_string', [STRING, STRING], listOf(STRING), (s, p) => findAll(s, p, -1n)),
      member('string_find_all_string_int', [STRING, STRING, INT], listOf(STRING), (s, p, n) =>
        findAll(s, p, n as bigint),
      ),
    ],
  },
];

class UrlValue extends Opaque {
  readonly typeName = 'kubernetes.URL';
  constructor(
    readonly text: string,
    readonly url: GoUrl,
  ) {
    super();
  }
  override equals(other: Value): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

function toUrl(text: string): UrlValue | CelError {
  try {
    checkRequestUri(text);
    return new UrlValue(text, parseGoUrl(text));
  } catch (e) {
    if (!(e instanceof GoUrlError)) throw e;
    return new CelError(`URL parse error during conversion from string: parse ${quote(text)}: ${e.message}`);
  }
}

/** What Go's url.ParseRequestURI says of a text, undefined when it takes it. */
export function requestUriProblem(text: string): string | undefined {
  try {
    checkRequestUri(text);
    return undefined;
  } catch (e) {
    if (e instanceof GoUrlError) return `parse ${quote(text)}: ${e.message}`;
    throw e;
  }
}

const urlPart = (name: string, id: string, part: (url: GoUrl) => string): FunctionDecl => ({
  name,
  overloads: [member(id, [URL_TYPE], STRING, (u) => part((u as UrlValue).url))],
});

const URLS: readonly FunctionDecl[] = [
  { name: 'url', overloads: [overload('string_to_url', [STRING], URL_TYPE, (s) => toUrl(s as string))] },
  {
    name: 'isURL',
    overloads: [overload('is_url_string', [STRING], BOOL, (s) => requestUriProblem(s as string) === undefined)],
  },
  urlPart('getScheme', 'url_get_scheme', (u) => u.scheme),
  urlPart('getHost', 'url_get_host', (u) => u.host),
  urlPart('getHostname', 'url_get_hostname', (u) => hostname(u.host)),
  urlPart('getPort', 'url_get_port', (u) => portOf(u.host)),
  urlPart('getEscapedPath', 'url_get_escaped_path', (u) => escapedPath(u.path)),
  {
    name: 'getQuery',
    overloads: [
      member('url_get_query', [URL_TYPE], mapOf(STRING, listOf(STRING)), (u) => {
        const values = queryValues((u as UrlValue).url.query);
        return new EntryMap(Array.from(values, ([name, v]): [Value, Value] => [name, list(v)]));
      }),
    ],
  },
];

export class QuantityValue extends Opaque {
  readonly typeName = 'kubernetes.Quantity';
  constructor(readonly quantity: Quantity) {
    super();
  }
  override equals(other: Value): boolean {
    return other instanceof QuantityValue && compareQuantity(this.quantity, other.quantity) === 0;
  }
  /** The value when it is a whole number of 64 bits. */
  get integer(): bigint | undefined {
    const { unscaled, scale } = this.quantity;
    const unit = 10n ** BigInt(Math.abs(scale));
    if (scale > 0 && unscaled % unit !== 0n) return undefined;
    const n = scale > 0 ? unscaled / unit : unscaled * unit;
    return BigInt.asIntN(64, n) === n ? n : undefined;
  }
}

function toQuantity(text: string): QuantityValue | CelError {
  try {
    // Go's ParseQuantity takes no white space, which the codec's parser forgives.
    if (text.trim() !== text) parseQuantity('');
    return new QuantityValue(parseQuantity(text));
  } catch (e) {
    if (e instanceof QuantityError) return new CelError(e.message);
    throw e;
  }
}

const asFloat = ({ unscaled, scale }: Quantity): number => Number(`${unscaled}e${-scale}`);
const wholeQuantity = (n: bigint): Quantity => ({ unscaled: n, scale: 0, format: 'DecimalExponent' });
const quantityOf = (v?: Value): Quantity => (v as QuantityValue).quantity;
const Q = QUANTITY_TYPE;

const compared = (name: string, id: string, holds: (order: number) => Value, result: CelType): FunctionDecl => ({
  name,
  overloads: [member(id, [Q, Q], result, (a, b) => holds(compareQuantity(quantityOf(a), quantityOf(b))))],
});

function arithmetic(name: string, run: (a: Quantity, b: Quantity) => Quantity): FunctionDecl {
  const of =
    (read: (v?: Value) => Quantity): Implementation =>
    (a, b) =>
      new QuantityValue(run(quantityOf(a), read(b)));
  return {
    name,
    overloads: [
      member(`quantity_${name}`, [Q, Q], Q, of(quantityOf)),
      member(
        `quantity_${name}_int`,
        [Q, INT],
        Q,
        of((n) => wholeQuantity(n as bigint)),
      ),
    ],
  };
}

const QUANTITIES: readonly FunctionDecl[] = [
  { name: 'quantity', overloads: [overload('string_to_quantity', [STRING], Q, (s) => toQuantity(s as string))] },
  {
    name: 'isQuantity',
    overloads: [
      overload('is_quantity_string', [STRING], BOOL, (s) => toQuantity(s as string) instanceof QuantityValue),
    ],
  },
  { name: 'sign', overloads: [overload('quantity_sign', [Q], INT, (q) => BigInt(signOfQuantity(quantityOf(q))))] },
  compared('isGreaterThan', 'quantity_is_greater_than', (o) => o > 0, BOOL),
  compared('isLessThan', 'quantity_is_less_than', (o) => o < 0, BOOL),
  compared('compareTo', 'quantity_compare_to', (o) => BigInt(o), INT),
  {
    name: 'asApproximateFloat',
    overloads: [member('quantity_get_float', [Q], DOUBLE, (q) => asFloat(quantityOf(q)))],
  },
  {
    name: 'asInteger',
    overloads: [
      member(
        'quantity_get_int',
        [Q],
        INT,
        (q) => (q as QuantityValue).integer ?? new CelError('cannot convert value to integer'),
      ),
    ],
  },
  {
    name: 'isInteger',
    overloads: [member('quantity_is_integer', [Q], BOOL, (q) => (q as QuantityValue).integer !== undefined)],
  },
  arithmetic('add', addQuantity),
  arithmetic('sub', subQuantity),
];

export const KUBERNETES_FUNCTIONS: readonly FunctionDecl[] = [...REGEX, ...URLS, ...QUANTITIES];
