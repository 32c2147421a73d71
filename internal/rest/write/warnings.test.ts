import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Rest, startRest } from './testing/harness.js';

let rest: Rest;
beforeAll(async () => {
  rest = await startRest();
});
afterAll(() => rest.close());

const CM = '/api/v1/namespaces/default/configmaps';
const MERGE = { contentType: 'application/merge-patch+json' };
const STRATEGIC = { contentType: 'application/strategic-merge-patch+json' };
const JSON_PATCH = { contentType: 'application/json-patch+json' };
const YAML = { contentType: 'application/yaml' };
const APPLY = { contentType: 'application/apply-patch+yaml' };

describe('warnings', () => {
  it('are kept when the request then fails', async () => {
    const body = { metadata: { name: 'Not A Name' }, nope: 1 };
    const refused = await rest.call('POST', CM, body);
    expect(refused.status).toBe(422);
    expect(refused.warnings).toEqual(['unknown field "nope"']);
  });
  it('name keys that occur twice in patches, and are the patch’s fault with Strict', async () => {
    await rest.ok(201, 'POST', CM, { metadata: { name: 'twice' }, data: {} });
    const body = '{"data":{"a":"1","a":"2"}}';
    for (const how of [MERGE, STRATEGIC]) {
      const warned = await rest.call('PATCH', `${CM}/twice`, body, how);
      expect(warned).toMatchObject({ status: 200, body: { data: { a: '2' } } });
      expect(warned.warnings).toEqual(['duplicate field "data.a"']);
      const strict = await rest.ok(422, 'PATCH', `${CM}/twice?fieldValidation=Strict`, body, how);
      expect(strict['message']).toMatch(/: strict decoding error: duplicate field "data\.a"$/);
      const ignored = await rest.call('PATCH', `${CM}/twice?fieldValidation=Ignore`, body, how);
      expect(ignored.warnings).toEqual([]);
    }
    const operations = '[{"op":"add","path":"/data/b","value":"x","nope":1}]';
    const added = await rest.call('PATCH', `${CM}/twice`, operations, JSON_PATCH);
    expect(added.warnings).toEqual(['json patch unknown field "[0].nope"']);
  });
  it('name keys that occur twice in YAML, one by one, and an apply goes on', async () => {
    const yaml =
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: why\ndata:\n  a: "1"\n  a: "2"\n  b: "1"\n  b: "2"\n';
    const twice = ['line 7: key "a" already set in map', 'line 9: key "b" already set in map'];
    const made = await rest.call('POST', CM, yaml, YAML);
    expect(made).toMatchObject({ status: 201, warnings: twice, body: { data: { a: '2', b: '2' } } });
    expect(await rest.ok(400, 'POST', `${CM}?fieldValidation=Strict`, yaml, YAML)).toMatchObject({
      message: `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n  ${twice.join('\n  ')}`,
    });
    const url = `${CM}/why?fieldManager=me&force=true`;
    expect(await rest.call('PATCH', url, yaml, APPLY)).toMatchObject({ status: 200, warnings: twice });
    expect(await rest.ok(400, 'PATCH', `${url}&fieldValidation=Strict`, yaml, APPLY)).toMatchObject({
      message: `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${twice.join('\n  ')}`,
    });
  });
});

describe('bodies that cannot be read', () => {
  it('are refused in the words of Go and of goyaml', async () => {
    const message = async (how: { contentType: string }, body: string): Promise<unknown> =>
      (await rest.ok(400, 'PATCH', `${CM}/twice?fieldManager=me`, body, how))['message'];
    const broken = "error decoding patch: invalid character 'b' looking for beginning of object key string";
    expect(await message(MERGE, '{broken')).toBe(broken);
    expect(await message(STRATEGIC, '{broken')).toBe(broken.replace('error decoding patch: ', ''));
    expect(await message(JSON_PATCH, '[{broken')).toBe(broken);
    expect(await message(APPLY, 'a: b: c\n')).toBe(
      'error decoding YAML: error converting YAML to JSON: yaml: mapping values are not allowed in this context',
    );
    expect(await message(APPLY, 'a: 1\n\tb: 2\n')).toBe(
      'error decoding YAML: error converting YAML to JSON: yaml: line 2: found character that cannot start any token',
    );
  });
});

describe('an answer that nobody can give', () => {
  it('is refused before anything is written', async () => {
    const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const nothing = { accept: 'application/json;as=Nope;v=v1;g=meta.k8s.io' };
    await rest.ok(406, 'POST', CM, { metadata: { name: 'unseen' } }, nothing);
    await rest.ok(404, 'GET', `${CM}/unseen`);
    await rest.ok(406, 'PATCH', `${CM}/twice`, { data: { z: '1' } }, { ...MERGE, ...nothing });
    await rest.ok(406, 'DELETE', `${CM}/twice`, undefined, nothing);
    expect((await rest.ok(200, 'GET', `${CM}/twice`))['data']).not.toHaveProperty('z');
    const PODS = '/api/v1/namespaces/default/pods';
    await rest.ok(201, 'POST', PODS, { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };
    // A binding has no columns.
    await rest.ok(406, 'POST', `${PODS}/p/binding`, binding, table);
    await rest.ok(201, 'POST', `${PODS}/p/binding`, binding);
    await rest.ok(201, 'POST', CM, { metadata: { name: 'seen' } }, table);
  });
});
