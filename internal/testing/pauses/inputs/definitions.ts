import { type Input, ITEMS, KEYS, members, OWNED, POST, times } from '../input.js';
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
const refuse = (name: string, body: () => unknown): Input => POST(name, DEFINITIONS, body, { refused: [413, 422] });
/** Beyond what is wrong the definition is whole: its schema is really looked at. */
const deep = (n: number): unknown => {
  let schema: unknown = { type: 'string' };
  for (let i = 0; i < n; i++) schema = object({ a: schema });
  return schema;
};

/** Definitions of custom resources. */
export const definitions: readonly Input[] = [
  define('many versions', () =>
    definition(
      times(3_000, (i) => ({
        name: `v${i + 1}`,
        served: true,
        storage: i === 0,
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    ),
  ),
  refuse('versions of one name', () =>
    definition(
      times(6_000, () => ({
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    ),
  ),
  define('many properties', () => spec(object(members(KEYS, (i) => [`p${i}`, { type: 'string' }])))),
  refuse('many wrong properties', () => spec(object(members(KEYS, (i) => [`p${i}`, { type: 'x' }])))),
  define('a schema 300 levels deep', () => spec(deep(300))),
  refuse('a pattern of 1 MB', () => spec({ type: 'string', pattern: 'a?'.repeat(500_000) })),
  refuse('a pattern that grows to a million instructions', () =>
    spec({ type: 'string', pattern: '((a|bb|cc|dd|ee|ff|gg){1000})'.repeat(50) }),
  ),
  define('an enum of many values', () => spec({ type: 'string', enum: times(ITEMS, (i) => `v${i}`) })),
  define('many branches', () => spec({ type: 'string', oneOf: times(ITEMS, (i) => ({ pattern: `^${i}$` })) })),
  define('a default of many items', () =>
    spec({ type: 'array', items: { type: 'integer' }, default: times(ITEMS, () => 1) }),
  ),
  define('as many rules as a schema may have', () =>
    spec({
      type: 'object',
      'x-kubernetes-validations': times(16_000, (i) => ({ rule: `self == self && ${i} < 20000` })),
    }),
  ),
  refuse('a rule of 99,000 characters', () =>
    spec({ type: 'object', 'x-kubernetes-validations': [{ rule: `true${' && true'.repeat(12_000)}` }] }),
  ),
  refuse('more patterns than a schema may have', () =>
    spec(object(members(16_000, (i) => [`p${i}`, { type: 'string', pattern: `^x{${i % 900}}y${i}$` }]))),
  ),
  define('as many patterns as a schema may have', () =>
    spec(object(members(16_000, (i) => [`p${i}`, { type: 'string', pattern: `^x{2}y${i}$` }]))),
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
  refuse('a rule of 1 MB', () =>
    spec({ type: 'object', 'x-kubernetes-validations': [{ rule: `true${' && true'.repeat(100_000)}` }] }),
  ),
  refuse('list map keys that are no properties', () =>
    spec({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': times(OWNED, (i) => `k${i}`),
      items: object({ a: { type: 'string' } }),
    }),
  ),
  define('many required fields', () => spec({ type: 'object', required: times(ITEMS, (i) => `k${i}`) })),
  define('many columns', () =>
    one(
      { type: 'object' },
      { additionalPrinterColumns: times(ITEMS, (i) => ({ name: `c${i}`, type: 'string', jsonPath: '.spec.a' })) },
    ),
  ),
  define('a column path of 100,000 steps', () =>
    one(
      { type: 'object' },
      { additionalPrinterColumns: [{ name: 'c', type: 'string', jsonPath: '.a'.repeat(100_000) }] },
    ),
  ),
  define('short names', () => {
    const whole = one({ type: 'object' }) as { spec: { names: object } };
    Object.assign(whole.spec.names, {
      shortNames: times(15_000, (i) => `s${i}`),
      categories: times(15_000, (i) => `c${i}`),
    });
    return whole;
  }),
];
