import { type Input, members, POST, times } from '../input.js';
import { DEFINITIONS } from './patches.js';

let made = 0;
function definition(versions: readonly unknown[]): unknown {
  const plural = `defs${made++}s`;
  return {
    metadata: { name: `${plural}.pauses.example.com` },
    spec: {
      group: 'pauses.example.com',
      scope: 'Namespaced',
      names: { plural, singular: plural.slice(0, -1), kind: `Def${plural}` },
      versions,
    },
  };
}
const one = (schema: unknown, more: object = {}): unknown =>
  definition([{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more }]);
const spec = (schema: unknown): unknown => one({ type: 'object', properties: { spec: schema } });
const object = (properties: unknown): unknown => ({ type: 'object', properties });
const define = (name: string, body: () => unknown): Input => POST(name, DEFINITIONS, body);
/** Beyond what is wrong the definition is whole: its schema is really looked at. */
const deep = (n: number): unknown => {
  let schema: unknown = { type: 'string' };
  for (let i = 0; i < n; i++) schema = object({ a: schema });
  return schema;
};

/** Definitions of custom resources. */
export const definitions: readonly Input[] = [
  define('3,000 versions', () =>
    definition(
      times(3000, (i) => ({
        name: `v${i + 1}`,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    ),
  ),
  define('20,000 versions of one name', () =>
    definition(
      times(20_000, () => ({
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    ),
  ),
  define('100,000 properties', () => spec(object(members(80_000, (i) => [`p${i}`, { type: 'string' }])))),
  define('100,000 wrong properties', () => spec(object(members(100_000, (i) => [`p${i}`, { type: 'x' }])))),
  define('a schema 300 levels deep', () => spec(deep(300))),
  define('50,000 patterns', () =>
    spec(object(members(40_000, (i) => [`p${i}`, { type: 'string', pattern: `^x{${i % 900}}y${i}$` }]))),
  ),
  define('a pattern of 1 MB', () => spec({ type: 'string', pattern: 'a?'.repeat(500_000) })),
  define('a pattern that grows to a million instructions', () =>
    spec({ type: 'string', pattern: '((a|bb|cc|dd|ee|ff|gg){1000})'.repeat(50) }),
  ),
  define('an enum of 300,000 values', () => spec({ type: 'string', enum: times(200_000, (i) => `v${i}`) })),
  define('30,000 branches', () => spec({ type: 'string', oneOf: times(60_000, (i) => ({ pattern: `^${i}$` })) })),
  define('a default of 2 MB', () =>
    spec({ type: 'array', items: { type: 'integer' }, default: times(900_000, () => 1) }),
  ),
  define('40,000 defaults', () => spec(object(members(40_000, (i) => [`p${i}`, { type: 'string', default: 'x' }])))),
  define('20,000 rules', () =>
    spec({ type: 'object', 'x-kubernetes-validations': times(20_000, () => ({ rule: 'self == self' })) }),
  ),
  define('as many rules as a schema may have', () =>
    spec({
      type: 'object',
      'x-kubernetes-validations': times(16_000, (i) => ({ rule: `self == self && ${i} < 20000` })),
    }),
  ),
  define('a rule of 99,000 characters', () =>
    spec({ type: 'object', 'x-kubernetes-validations': [{ rule: `true${' && true'.repeat(12_000)}` }] }),
  ),
  define('as many patterns as a schema may have', () =>
    spec(object(members(16_000, (i) => [`p${i}`, { type: 'string', pattern: `^x{${i % 900}}y${i}$` }]))),
  ),
  define('as many defaults as a schema may have', () =>
    spec(object(members(16_000, (i) => [`p${i}`, { type: 'string', default: 'x' }]))),
  ),
  define('as many keys of a list as a schema may have', () =>
    spec({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': times(8_000, (i) => `k${i}`),
      items: {
        ...(object(members(8_000, (i) => [`k${i}`, { type: 'string' }])) as object),
        required: times(8_000, (i) => `k${i}`),
      },
    }),
  ),
  define('a rule of 1 MB', () =>
    spec({ type: 'object', 'x-kubernetes-validations': [{ rule: `true${' && true'.repeat(100_000)}` }] }),
  ),
  define('20,000 list map keys', () =>
    spec({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': times(60_000, (i) => `k${i}`),
      items: object({ a: { type: 'string' } }),
    }),
  ),
  define('20,000 required fields', () => spec({ type: 'object', required: times(200_000, (i) => `k${i}`) })),
  define('30,000 columns', () =>
    one(
      { type: 'object' },
      { additionalPrinterColumns: times(30_000, (i) => ({ name: `c${i}`, type: 'string', jsonPath: '.spec.a' })) },
    ),
  ),
  define('a column path of 1 MB', () =>
    one(
      { type: 'object' },
      { additionalPrinterColumns: [{ name: 'c', type: 'string', jsonPath: '.a'.repeat(500_000) }] },
    ),
  ),
  define('short names', () => {
    const whole = one({ type: 'object' }) as { spec: { names: object } };
    Object.assign(whole.spec.names, {
      shortNames: times(150_000, (i) => `s${i}`),
      categories: times(100_000, (i) => `c${i}`),
    });
    return whole;
  }),
];
