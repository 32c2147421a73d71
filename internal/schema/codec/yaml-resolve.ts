/**
 * What an unquoted YAML scalar means to Go (goyaml.v2, which sigs.k8s.io/yaml reads and writes with): YAML 1.1's
 * booleans, base prefixes and underscores; timestamps stay strings.
 */
export type Resolved =
  | { readonly type: 'string' | 'timestamp' | 'merge' }
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number };

const STRING: Resolved = { type: 'string' };
const NULL: Resolved = { type: 'null' };

const WORDS = new Map<string, Resolved>();
for (const w of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']) {
  WORDS.set(w, { type: 'bool', value: true });
}
for (const w of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']) {
  WORDS.set(w, { type: 'bool', value: false });
}
for (const w of ['', '~', 'null', 'Null', 'NULL']) WORDS.set(w, NULL);
for (const w of ['.nan', '.NaN', '.NAN']) WORDS.set(w, { type: 'float', value: Number.NaN });
for (const w of ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF']) {
  WORDS.set(w, { type: 'float', value: Number.POSITIVE_INFINITY });
}
for (const w of ['-.inf', '-.Inf', '-.INF']) WORDS.set(w, { type: 'float', value: Number.NEGATIVE_INFINITY });
WORDS.set('<<', { type: 'merge' });

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const TIMESTAMP =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?)?$/;
const INT = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const MAX_UINT64 = 2n ** 64n - 1n;

/** strconv.ParseInt(text, 0, 64), then ParseUint; undefined when neither takes it. */
function parseInteger(text: string): bigint | undefined {
  const m = INT.exec(text);
  if (m === null || text.length > 80) return undefined;
  const [, sign, hex, binary, octal, decimal] = m;
  const magnitude =
    hex !== undefined
      ? BigInt(`0x${hex}`)
      : binary !== undefined
        ? BigInt(`0b${binary}`)
        : octal !== undefined
          ? BigInt(`0o${octal}`)
          : BigInt(decimal ?? '0');
  if (sign === '-') return magnitude <= 2n ** 63n ? -magnitude : undefined;
  return magnitude <= (sign === '+' ? 2n ** 63n - 1n : MAX_UINT64) ? magnitude : undefined;
}

/** Resolves the text of a plain scalar. */
export function resolvePlain(text: string): Resolved {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const c = text.charCodeAt(0);
  const digitOrSign = (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d;
  if (!digitOrSign && c !== 0x2e) return STRING;
  if (c === 0x2e) return FLOAT.test(text) ? { type: 'float', value: Number(text) } : STRING;
  if (isTimestamp(text)) return { type: 'timestamp' };
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const int = parseInteger(plain);
  if (int !== undefined) return { type: 'int', value: int };
  if (FLOAT.test(plain)) {
    const value = Number(plain);
    if (Number.isFinite(value)) return { type: 'float', value };
  }
  return STRING;
}

function isTimestamp(text: string): boolean {
  if (text.charCodeAt(4) !== 0x2d || !TIMESTAMP.test(text)) return false;
  const [month, day] = text.slice(5).split(/[-Tt ]/);
  return Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
}

const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** Whether a string may be written without quotes: nobody would read it as something else. */
export function readsAsString(text: string): boolean {
  return resolvePlain(text) === STRING && !BASE60.test(text);
}
