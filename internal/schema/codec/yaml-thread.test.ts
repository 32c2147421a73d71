import { expect, it } from 'vitest';
import { YamlError, yamlToJson } from './yaml-decode.js';
import { prepareYaml, yamlJson } from './yaml-thread.js';

const large = (line: (i: number) => string): Buffer =>
  Buffer.from(Array.from({ length: 60_000 }, (_, i) => line(i)).join('\n'));

it('converts large YAML to the same JSON in a thread, and the loop turns meanwhile', async () => {
  const body = large((i) => `key${i}: [yes, 0o17, "a"]`);
  let turns = 0;
  const counting = setInterval(() => turns++, 1);
  await prepareYaml(body);
  clearInterval(counting);
  expect(turns).toBeGreaterThan(5);
  expect(yamlJson(body).json.toString()).toBe(yamlToJson(body).json.toString());
});

it('says what is wrong in the words of the conversion itself, and names duplicates', async () => {
  const broken = large((i) => (i === 50_000 ? 'a: b: c' : `key${i}: v`));
  await prepareYaml(broken);
  const why = (convert: (body: Buffer) => unknown): string => {
    try {
      convert(broken);
      return 'nothing';
    } catch (e) {
      return e instanceof YamlError ? e.message : `no YamlError: ${String(e)}`;
    }
  };
  expect(why(yamlJson)).toBe(why(yamlToJson));
  expect(why(yamlJson)).toMatch(/^yaml: /);
  const twice = large((i) => `key${i % 59_999}: v`);
  await prepareYaml(twice);
  expect(yamlJson(twice).duplicates).toBe(yamlToJson(twice).duplicates);
});

it('takes a bounded number of bodies, and answers the others with 429', async () => {
  const bodies = Array.from({ length: 24 }, () => large((i) => `key${i}: v`));
  const outcomes = await Promise.allSettled(bodies.map(async (body) => await prepareYaml(body)));
  const refused = outcomes.filter((o) => o.status === 'rejected').map((o) => o.reason as { code?: number });
  // One is worked at, sixteen wait.
  expect(refused.length).toBe(7);
  expect(new Set(refused.map((e) => e.code))).toEqual(new Set([429]));
});

it('converts small YAML when it is asked for', () => {
  const body = Buffer.from('a: 1');
  expect(prepareYaml(body)).toBeUndefined();
  expect(yamlJson(body).json.toString()).toBe('{"a":1}');
});
