import { type Input, ITEMS, KEYS, members, NAMESPACED, POST, times } from '../input.js';

const CONFIG_MAPS = `${NAMESPACED}/configmaps`;

const text = (
  name: string,
  body: () => string,
  refused?: readonly number[],
  contentType = 'application/json',
): Input => ({
  name,
  method: 'POST',
  path: CONFIG_MAPS,
  refused,
  options: () => ({ body: body(), headers: { 'content-type': contentType } }),
});
const yaml = (name: string, body: () => string, refused?: readonly number[]): Input =>
  text(name, body, refused, 'application/yaml');
const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: y-\n';
const query = (
  name: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  refused?: readonly number[],
): Input => ({
  name,
  method: 'GET',
  path,
  refused,
  options: { headers },
});

/** A varint of protobuf. */
function varint(n: number): number[] {
  const out: number[] = [];
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...out, rest];
    out.push((rest % 128) + 128);
  }
}
const field = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes]);
/** A ConfigMap in protobuf's envelope; `rest` follows its metadata. */
function protobuf(rest: Buffer): Buffer {
  const type = Buffer.concat([field(1, Buffer.from('v1')), field(2, Buffer.from('ConfigMap'))]);
  const raw = Buffer.concat([field(1, field(2, Buffer.from('p-'))), rest]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, raw)]);
}
const proto = (name: string, rest: () => Buffer, refused?: readonly number[]): Input => ({
  name,
  refused,
  method: 'POST',
  path: CONFIG_MAPS,
  options: () => ({ body: protobuf(rest()), headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } }),
});
const entry = (i: number): Buffer =>
  field(2, Buffer.concat([field(1, Buffer.from(`k${i}`)), field(2, Buffer.from('v'))]));

/** Bodies, queries and headers that are hard to read. */
export const parsers: readonly Input[] = [
  POST('a config map of 1 MB in one value', CONFIG_MAPS, () => ({
    metadata: { generateName: 'c-' },
    data: { big: 'x'.repeat(1_040_000) },
  })),
  POST('a config map of many keys', CONFIG_MAPS, () => ({
    metadata: { generateName: 'c-' },
    data: members(KEYS, (i) => [`key${i}`, 'v']),
  })),
  POST('a value of a million escaped characters', CONFIG_MAPS, () => ({
    metadata: { generateName: 'c-' },
    data: { big: '\n'.repeat(1_040_000) },
  })),
  text('nesting of 1.5 million lists', () => '['.repeat(1_500_000) + ']'.repeat(1_500_000), [413]),
  text('nesting of 500,000 objects', () => '{"a":'.repeat(500_000), [413]),
  text('an integer of many digits', () => `{"metadata":{"generateName":"c-"},"x":${'9'.repeat(65_000)}}`),
  text(
    'an integer of many digits where one is wanted',
    () => `{"metadata":{"generateName":"c-","generation":${'9'.repeat(65_000)}}}`,
    [400],
  ),
  text(
    'a number with many digits behind the point',
    () => `{"metadata":{"generateName":"c-","generation":1.${'9'.repeat(65_000)}}}`,
    [400],
  ),
  text(
    'integers beyond 2^53',
    () => `{"metadata":{"generateName":"c-"},"x":[${times(ITEMS, (i) => `9007199254740993${i % 10}`).join(',')}]}`,
  ),
  text('duplicate members', () => `{"metadata":{"generateName":"c-"},${'"data":{},'.repeat(16_000)}"data":{}}`),
  {
    ...text('unknown fields, with warnings', () =>
      JSON.stringify({ metadata: { generateName: 'c-' }, ...members(KEYS, (i) => [`unknown${i}`, 1]) }),
    ),
    path: `${CONFIG_MAPS}?fieldValidation=Warn`,
  },
  {
    ...text('unknown fields, strict', () =>
      JSON.stringify({ metadata: { generateName: 'c-' }, ...members(KEYS, (i) => [`unknown${i}`, 1]) }),
    ),
    path: `${CONFIG_MAPS}?fieldValidation=Strict`,
  },
  text('JSON that ends in the middle', () => `{"data":{"a":"${'x'.repeat(1_400_000)}`, [400]),
  text('JSON with an error at its end', () => `{"data":{${times(KEYS, (i) => `"k${i}":"v"`).join(',')},}`, [400]),
  text('2.9 million blanks', () => ' '.repeat(2_900_000), [400]),
  text(
    'a string of 340,000 lone surrogates',
    () => `{"metadata":{"generateName":"c-"},"data":{"a":"${'\\ud800'.repeat(340_000)}"}}`,
  ),
  yaml('YAML of many keys', () => `${head}data:\n${times(KEYS, (i) => `  k${i}: "v"\n`).join('')}`),
  yaml('YAML of a long folded text', () => `${head}data:\n  a: >\n${'    some words here\n'.repeat(56_000)}`),
  yaml('YAML of 1.4 million flow items', () => `[${'a,'.repeat(1_400_000)}a]`, [413]),
  yaml('YAML of deep flow lists', () => '['.repeat(2_900_000), [400]),
  yaml('YAML of a deep block list', () => times(1500, (i) => `${' '.repeat(i)}- a:\n`).join(''), [400]),
  yaml(
    'YAML aliases that multiply',
    () =>
      `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${times(30, (i) => `a${i + 1}: &a${i + 1} [${times(10, () => `*a${i}`).join(',')}]\n`).join('')}`,
    [400],
  ),
  yaml('YAML of 200,000 duplicate keys', () => `${head}${'data: {}\n'.repeat(200_000)}`),
  yaml('YAML of many anchors', () => `${head}data:\n${times(KEYS, (i) => `  k${i}: &a${i} v\n`).join('')}`),
  yaml('YAML with one plain word of 1 MB', () => `${head}data:\n  a: ${'x'.repeat(1_040_000)}\n`),
  yaml('YAML with a quoted text of a million escapes', () => `${head}data:\n  a: "${'\\n'.repeat(1_040_000)}"\n`),
  yaml('YAML numbers of many digits', () => `${head}data:\n  a: ${'9'.repeat(65_000)}\n`),
  yaml('YAML of 1.4 million colons', () => ': '.repeat(1_400_000), [400]),
  yaml('YAML of 1.4 million question marks', () => '? '.repeat(1_400_000), [400]),
  yaml('YAML of 700,000 documents', () => '---\n'.repeat(700_000), [422]),
  yaml('YAML of 2.9 million tabs', () => `a:${'\t'.repeat(2_900_000)}b`, [422]),
  proto('protobuf of many map entries', () => Buffer.concat(times(KEYS, entry))),
  proto('protobuf of many unknown fields', () => Buffer.concat(times(98_000, () => field(15, Buffer.from('xx'))))),
  proto('protobuf that repeats its metadata', () =>
    Buffer.concat(times(49_000, () => field(1, field(2, Buffer.from('p-'))))),
  ),
  proto('protobuf whose length lies', () => Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]), [400]),
  query(
    'a label selector of 8,000 values',
    `${NAMESPACED}/configmaps?labelSelector=${encodeURIComponent(`a in (${times(8000, (i) => `v${i}`).join(',')})`)}`,
  ),
  query(
    'a label selector of 10,000 requirements',
    `${NAMESPACED}/configmaps?labelSelector=${times(10_000, (i) => `k${i}`).join(',')}`,
  ),
  query('a label selector of brackets', `${NAMESPACED}/configmaps?labelSelector=${'('.repeat(50_000)}`, {}, [400]),
  query(
    'a field selector of 2,500 terms',
    `${NAMESPACED}/configmaps?fieldSelector=${times(2500, () => 'metadata.name!=a').join(',')}`,
  ),
  query(
    'a field selector of backslashes',
    `${NAMESPACED}/configmaps?fieldSelector=metadata.name=${'\\\\'.repeat(20_000)}`,
  ),
  query('4,000 query parameters', `${NAMESPACED}/configmaps?${times(4_000, (i) => `p${i}=1`).join('&')}`),
  query('one query parameter 7,500 times', `${NAMESPACED}/configmaps?${'limit=1&'.repeat(7500)}`),
  query('50,000 percent signs in the query', `${NAMESPACED}/configmaps?labelSelector=${'%'.repeat(50_000)}`, {}, [400]),
  query('20,000 segments in the path', `/api/v1${'/a'.repeat(20_000)}`, {}, [404]),
  query('a continue token of 50 KB', `${NAMESPACED}/configmaps?limit=1&continue=${'A'.repeat(50_000)}`, {}, [400]),
  query('150 media types in Accept', `${NAMESPACED}/configmaps`, {
    accept: `${times(150, (i) => `application/x${i};q=0.${i % 9}`).join(',')},application/json`,
  }),
  query('an Accept of semicolons and blanks', `${NAMESPACED}/configmaps`, {
    accept: `application/json${'; '.repeat(25_000)}`,
  }),
  query('an Accept-Encoding of 10,000 entries', `${NAMESPACED}/configmaps`, {
    'accept-encoding': `${'x;q=0.1,'.repeat(5000)}gzip`,
  }),
  text('a content type of 50 KB', () => '{}', [422], `application/json${';a=b'.repeat(12_000)}`),
  text('a content type of quotes', () => '{}', [422], `application/json;a="${'\\"'.repeat(20_000)}`),
];
