import { describe, expect, it } from 'vitest';
import {
  AUTHORIZER_TYPE,
  authorizerValue,
  CelError,
  Checks,
  compile,
  DYN,
  fromJson,
  INT,
  kubernetesEnvironment,
  listOf,
  Program,
  STRING,
  toJson,
  type Value,
} from './index.js';

const env = kubernetesEnvironment({
  variables: new Map([
    ['object', DYN],
    ['n', INT],
    ['words', listOf(STRING)],
    ['authorizer', AUTHORIZER_TYPE],
  ]),
});
const object = {
  spec: { replicas: 3, ratio: 1.5, name: 'web', tags: ['a', 'b'] },
  metadata: { labels: { 'a/b': 'c' } },
};

function program(text: string): Program {
  const made = compile(text, env);
  if (!(made instanceof Program)) throw new Error(made.message);
  return made;
}

const values = new Map<string, Value>([
  ['object', fromJson(object)],
  ['n', 5n],
]);
function run(text: string): unknown {
  const { value } = program(text).evaluateSync((name) => values.get(name));
  return value instanceof CelError ? `error: ${value.message}` : toJson(value);
}
const problem = (text: string): string => {
  const made = compile(text, env);
  return made instanceof Program ? 'compiled' : made.message;
};

describe('expressions', () => {
  it.each([
    ["object.spec.replicas <= 5 && object.metadata.labels.all(k, k.startsWith('a'))", true],
    ['object.spec.ratio + 0.5', 2],
    ['object.spec.tags.map(t, t + t)', ['aa', 'bb']],
    ["object.spec.tags.filter(t, t != 'a')", ['b']],
    ['[3, 1, 2].sortBy(x, -x)', [3, 2, 1]],
    ["{'b': 1, 'a': 2}.transformMap(k, v, v > 1, v * 2)", { a: 4 }],
    ["object.?spec.?none.orValue('x') + object.spec.name", 'xweb'],
    ['optional.of(2).optMap(x, x * 3).value()', 6],
    ['has(object.spec.name) && !has(object.spec.none)', true],
    ["object.metadata.labels['a/b']", 'c'],
    ["'%s is %d%%, %.2f'.format([object.spec.name, 7, 1234.5])", 'web is 7%, 1,234.50'],
    ["quantity('1Gi').add(quantity('1Mi')).compareTo(quantity('1025Mi'))", 0],
    ["cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))", true],
    ["url('https://user@host:80/a%20b?q=1&q=2').getQuery()", { q: ['1', '2'] }],
    ["semver('1.2.3-rc.1').isLessThan(semver('1.2.3'))", true],
    ["'a1b22'.findAll('[0-9]+')", ['1', '22']],
    ["format.dns1123Label().validate('ok').hasValue()", false],
    ['sets.equivalent([1, 2, 2], [2, 1])', true],
    ["string(timestamp('2024-02-29T00:00:00Z') + duration('36h'))", '2024-03-01T12:00:00Z'],
    ['lists.range(3).reverse() + [7]', [2, 1, 0, 7]],
    ['n % 2 == 1 ? "odd" : "even"', 'odd'],
    ['1 / 0 > 0 || true', true],
  ])('%s', (text, want) => {
    expect(run(text)).toEqual(want);
  });

  it.each([
    ['object.spec.none', 'no such key: none'],
    ['object.spec.tags[2]', 'index out of bounds: 2'],
    ['n + 9223372036854775807', 'integer overflow'],
    ['n / (n - 5)', 'division by zero'],
    ["object.spec.replicas + 'a'", 'no such overload'],
    ['timestamp(object.spec.name)', "type conversion error from 'string' to 'google.protobuf.Timestamp'"],
    ['url(object.spec.name)', 'URL parse error during conversion from string: parse "web": invalid URI for request'],
  ])('%s is an error of evaluation', (text, want) => {
    expect(run(text)).toBe(`error: ${want}`);
  });

  it.each([
    ['n + "a"', "1:3: found no matching overload for '_+_' applied to '(int, string)'"],
    ['words[0].size', "1:9: type 'string' does not support field selection"],
    ['nothing', "1:1: undeclared reference to 'nothing' (in container '')"],
    ["duration('1x')", '1:10: invalid duration argument'],
    ["'a'.matches('(')", '1:13: invalid matches argument'],
    ['[1, "a"]', "1:5: expected type 'int' but found 'string'"],
    [
      "'%d'.format(['a'])",
      '1:14: error during formatting: decimal clause can only be used on integers, was given string',
    ],
    ['[1].all(1, true)', '1:9: argument must be a simple name'],
  ])('%s is refused', (text, want) => {
    expect(problem(text).split('\n')[0]).toBe(`compilation failed: ERROR: <input>:${want}`);
  });

  it('refuses constants that cannot be converted', () => {
    expect(problem("int('x')")).toBe("program instantiation failed: type conversion error from 'string' to 'int'");
  });

  it('takes names that every JavaScript object has for what they are: nothing', () => {
    expect(run('has(object.constructor) || has(object.spec.__proto__)')).toBe(false);
    expect(run('object.toString')).toBe('error: no such key: toString');
    expect(problem('constructor')).toContain("undeclared reference to 'constructor'");
    expect(problem('object.hasOwnProperty(1)')).toContain("undeclared reference to 'hasOwnProperty'");
  });
});

describe('bounds', () => {
  it('breaks an evaluation off that costs more than it may', () => {
    const nested = program('lists.range(1000).all(x, lists.range(1000).all(y, lists.range(1000).all(z, z >= 0)))');
    const { value, exceeded, cost } = nested.evaluateSync(() => undefined);
    expect(exceeded).toBe(true);
    expect(value).toEqual(new CelError('operation cancelled: actual cost limit exceeded'));
    // At once: what it would have cost in all is a thousand times that.
    expect(cost).toBeLessThan(1_010_000);
  });

  it('counts costs as kube-apiserver does', () => {
    const cost = (text: string): number => program(text).evaluateSync((name) => values.get(name)).cost;
    expect(cost('true')).toBe(0);
    expect(cost('n == 5')).toBe(2);
    expect(cost('object.spec.name')).toBe(3);
    expect(cost('[n]')).toBe(11);
    expect(cost("object.spec.name + 'aaaaaaaaaaaaaaaaa'")).toBe(5);
    expect(cost('[1, 2].all(x, x > 0)')).toBe(11);
  });

  it('does not let long texts, deep nesting or patterns hold it up', () => {
    expect(problem('a'.repeat(16_385))).toContain('expression code point size exceeds limit: size: 16385, limit 16384');
    expect(problem(`${'('.repeat(300)}1${')'.repeat(300)}`)).toContain('expression recursion limit exceeded: 250');
    expect(problem(`${'-1+'.repeat(300)}1`)).toContain('expression recursion limit exceeded: 250');
    expect(run(`'${'a'.repeat(10_000)}b'.matches('^(a+)+$')`)).toBe(false);
  });
});

describe('authorizer', () => {
  const asks = program("authorizer.group('apps').resource('deployments').namespace('x').check('get').allowed()");

  it('evaluates at once when the decision is there, and once more when it had to be waited for', async () => {
    const asked: unknown[] = [];
    const at = new Checks((attributes) => {
      asked.push(attributes);
      return { allowed: true, reason: '' };
    });
    expect(asks.evaluate((name) => (name === 'authorizer' ? authorizerValue(at) : undefined))).toMatchObject({
      value: true,
    });
    expect(asked).toEqual([{ group: 'apps', resource: 'deployments', namespace: 'x', verb: 'get' }]);
    let times = 0;
    const later = new Checks(async () => {
      times++;
      await Promise.resolve();
      return { allowed: false, reason: 'no' };
    });
    const evaluation = asks.evaluate((name) => (name === 'authorizer' ? authorizerValue(later) : undefined));
    expect(evaluation).toBeInstanceOf(Promise);
    expect(await evaluation).toMatchObject({ value: false });
    expect(times).toBe(1);
  });
});

describe('estimates', () => {
  const estimate = (text: string, sizes: Readonly<Record<string, number>>): { min: number; max: number } =>
    program(text).estimate(({ path }) => {
      const max = sizes[path.join('.')];
      return max === undefined ? undefined : { min: 0, max };
    });

  it('multiply the cost of a loop by the most elements that the schema allows', () => {
    expect(estimate('words.all(w, w.size() < 5)', { words: 10 }).max).toBe(1 + 10 * (2 + 1 + 3) + 1);
    expect(estimate('words.all(w, w.size() < 5)', {}).max).toBe(2 ** 64);
    expect(estimate("words.all(w, w.matches('aaaa'))", { words: 10, 'words.@items': 99 }).max).toBe(
      1 + 10 * (2 + 1 + 1 + 10) + 1,
    );
  });
});
