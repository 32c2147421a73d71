import { type Input, members, NAMESPACED, POST, times } from '../input.js';

const MEGABYTE = 1_000_000;
const CONFIG_MAPS = `${NAMESPACED}/configmaps`;

const text = (name: string, body: () => string, contentType = 'application/json', path = CONFIG_MAPS): Input => ({
  name,
  method: 'POST',
  path,
  options: () => ({ body: body(), headers: { 'content-type': contentType } }),
});
const yaml = (name: string, body: () => string): Input => text(name, body, 'application/yaml');
const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: y-\n';
const query = (name: string, path: string, headers: Readonly<Record<string, string>> = {}): Input => ({
  name,
  method: 'GET',
  path,
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
const proto = (name: string, rest: () => Buffer): Input => ({
  name,
  method: 'POST',
  path: CONFIG_MAPS,
  options: () => ({ body: protobuf(rest()), headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } }),
});
const entry = (i: number): Buffer =>
  field(2, Buffer.concat([field(1, Buffer.from(`k${i}`)), field(2, Buffer.from('v'))]));

/** Bodies, queries and headers that are hard to read. */
export const parsers: readonly Input[] = [
  POST('a config map of 3 MB in one value', CONFIG_MAPS, () => ({
    metadata: { generateName: 'c-' },
    data: { big: 'x'.repeat(2.9 * MEGABYTE) },
  })),
  POST('a config map of 150,000 keys', CONFIG_MAPS, () => ({
    metadata: { generateName: 'c-' },
    data: members(150_000, (i) => [`key${i}`, 'v']),
  })),
  POST('a value of 1.4 million escaped characters', CONFIG_MAPS, () => ({
    metadata: { generateName: 'c-' },
    data: { big: '\n'.repeat(1.4 * MEGABYTE) },
  })),
  text('nesting of 1.5 million lists', () => '['.repeat(1.5 * MEGABYTE) + ']'.repeat(1.5 * MEGABYTE)),
  text('nesting of 500,000 objects', () => '{"a":'.repeat(500_000)),
  text('an integer of 3 million digits', () => `{"metadata":{"generateName":"c-"},"x":${'9'.repeat(2.9 * MEGABYTE)}}`),
  text(
    'an integer of 3 million digits where one is wanted',
    () => `{"metadata":{"generateName":"c-","generation":${'9'.repeat(2.9 * MEGABYTE)}}}`,
  ),
  text(
    'a number with 3 million digits behind the point',
    () => `{"metadata":{"generateName":"c-","generation":1.${'9'.repeat(2.9 * MEGABYTE)}}}`,
  ),
  text(
    '200,000 integers beyond 2^53',
    () => `{"metadata":{"generateName":"c-"},"x":[${times(140_000, (i) => `9007199254740993${i % 10}`).join(',')}]}`,
  ),
  text('300,000 duplicate members', () => `{${'"data":{},'.repeat(290_000)}"data":{}}`),
  {
    ...text('150,000 unknown fields, with warnings', () =>
      JSON.stringify({ metadata: { generateName: 'c-' }, ...members(150_000, (i) => [`unknown${i}`, 1]) }),
    ),
    path: `${CONFIG_MAPS}?fieldValidation=Warn`,
  },
  {
    ...text('150,000 unknown fields, strict', () =>
      JSON.stringify({ metadata: { generateName: 'c-' }, ...members(150_000, (i) => [`unknown${i}`, 1]) }),
    ),
    path: `${CONFIG_MAPS}?fieldValidation=Strict`,
  },
  text('JSON that ends in the middle', () => `{"data":{"a":"${'x'.repeat(2.9 * MEGABYTE)}`),
  text('JSON with an error at its end', () => `{"data":{${times(200_000, (i) => `"k${i}":"v"`).join(',')},}`),
  text('2.9 million blanks', () => ' '.repeat(2.9 * MEGABYTE)),
  text(
    'a string of 480,000 lone surrogates',
    () => `{"metadata":{"generateName":"c-"},"data":{"a":"${'\\ud800'.repeat(480_000)}"}}`,
  ),
  yaml('YAML of 150,000 keys', () => `${head}data:\n${times(150_000, (i) => `  k${i}: "v"\n`).join('')}`),
  yaml('YAML of a long folded text', () => `${head}data:\n  a: >\n${'    some words here\n'.repeat(140_000)}`),
  yaml('YAML of 1.4 million flow items', () => `[${'a,'.repeat(1.4 * MEGABYTE)}a]`),
  yaml('YAML of deep flow lists', () => '['.repeat(2.9 * MEGABYTE)),
  yaml('YAML of a deep block list', () => times(1500, (i) => `${' '.repeat(i)}- a:\n`).join('')),
  yaml(
    'YAML aliases that multiply',
    () =>
      `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${times(30, (i) => `a${i + 1}: &a${i + 1} [${times(10, () => `*a${i}`).join(',')}]\n`).join('')}`,
  ),
  yaml('YAML of 200,000 duplicate keys', () => `${head}${'data: {}\n'.repeat(200_000)}`),
  yaml('YAML of 200,000 anchors', () => `${head}data:\n${times(150_000, (i) => `  k${i}: &a${i} v\n`).join('')}`),
  yaml('YAML with one plain word of 2.9 MB', () => `${head}data:\n  a: ${'x'.repeat(2.9 * MEGABYTE)}\n`),
  yaml('YAML with a quoted text of 2.9 MB of escapes', () => `${head}data:\n  a: "${'\\n'.repeat(1.4 * MEGABYTE)}"\n`),
  yaml('YAML numbers of 2.9 million digits', () => `${head}data:\n  a: ${'9'.repeat(2.9 * MEGABYTE)}\n`),
  yaml('YAML of 1.4 million colons', () => ': '.repeat(1.4 * MEGABYTE)),
  yaml('YAML of 2.9 million question marks', () => '? '.repeat(1.4 * MEGABYTE)),
  yaml('YAML of 700,000 documents', () => '---\n'.repeat(700_000)),
  yaml('YAML of 2.9 million tabs', () => `a:${'\t'.repeat(2.9 * MEGABYTE)}b`),
  proto('protobuf of 150,000 map entries', () => Buffer.concat(times(150_000, entry))),
  proto('protobuf of 700,000 unknown fields', () => Buffer.concat(times(700_000, () => field(15, Buffer.from('xx'))))),
  proto('protobuf that repeats its metadata 300,000 times', () =>
    Buffer.concat(times(300_000, () => field(1, field(2, Buffer.from('p-'))))),
  ),
  proto('protobuf whose length lies', () => Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])),
  query(
    'a label selector of 12,000 values',
    `${NAMESPACED}/configmaps?labelSelector=${encodeURIComponent(`a in (${times(8000, (i) => `v${i}`).join(',')})`)}`,
  ),
  query(
    'a label selector of 10,000 requirements',
    `${NAMESPACED}/configmaps?labelSelector=${times(10_000, (i) => `k${i}`).join(',')}`,
  ),
  query('a label selector of brackets', `${NAMESPACED}/configmaps?labelSelector=${'('.repeat(50_000)}`),
  query(
    'a field selector of 6,000 terms',
    `${NAMESPACED}/configmaps?fieldSelector=${times(2500, () => 'metadata.name!=a').join(',')}`,
  ),
  query(
    'a field selector of backslashes',
    `${NAMESPACED}/configmaps?fieldSelector=metadata.name=${'\\\\'.repeat(20_000)}`,
  ),
  query('15,000 query parameters', `${NAMESPACED}/configmaps?${times(9000, (i) => `p${i}=1`).join('&')}`),
  query('one query parameter 15,000 times', `${NAMESPACED}/configmaps?${'limit=1&'.repeat(7500)}`),
  query('50,000 percent signs in the query', `${NAMESPACED}/configmaps?labelSelector=${'%'.repeat(50_000)}`),
  query('20,000 segments in the path', `/api/v1${'/a'.repeat(20_000)}`),
  query('a continue token of 50 KB', `${NAMESPACED}/configmaps?limit=1&continue=${'A'.repeat(50_000)}`),
  query('3,000 media types in Accept', `${NAMESPACED}/configmaps`, {
    accept: times(1500, (i) => `application/x${i};q=0.${i % 9}`).join(','),
  }),
  query('an Accept of semicolons and blanks', `${NAMESPACED}/configmaps`, {
    accept: `application/json${'; '.repeat(25_000)}`,
  }),
  query('an Accept-Encoding of 10,000 entries', `${NAMESPACED}/configmaps`, {
    'accept-encoding': `${'x;q=0.1,'.repeat(5000)}gzip`,
  }),
  text('a content type of 50 KB', () => '{}', `application/json${';a=b'.repeat(12_000)}`),
  text('a content type of quotes', () => '{}', `application/json;a="${'\\"'.repeat(20_000)}`),
];
