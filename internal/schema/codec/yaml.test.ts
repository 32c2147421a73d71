import { describe, expect, it } from 'vitest';
import { StatusError } from '../../machinery/status.js';
import { decodeBody, decodeYaml } from './body.js';
import { yamlToJson } from './yaml-decode.js';
import { encodeYaml } from './yaml-encode.js';

const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
const json = (yaml: string): unknown => JSON.parse(yamlToJson(Buffer.from(yaml)).json.toString());

describe('yamlToJson reads as sigs.k8s.io/yaml does', () => {
  it.each([
    ['yes', true],
    ['y', true],
    ['Off', false],
    ['"yes"', 'yes'],
    ['0777', 511],
    ['0o17', 15],
    ['08', 8],
    ['0x1F', 31],
    ['0b11', 3],
    ['1_000', 1000],
    ['+5', 5],
    ['1:20', '1:20'],
    ['2026-01-02', '2026-01-02'],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['1e3', 1000],
    ['.5', 0.5],
    ['~', null],
    ['', null],
    ['!!str 1', '1'],
    ['!!int "7"', 7],
    ['|\n  a\n  b\n', 'a\nb\n'],
    ['>-\n  a\n  b\n', 'a b'],
  ])('%j is %j', (text, value) => {
    expect(json(`a: ${text}`)).toEqual({ a: value });
  });
  it('keeps integers beyond 2^53', () => {
    expect(yamlToJson(Buffer.from('a: 9007199254740993')).json.toString()).toBe('{"a":9007199254740993}');
  });
  it('makes keys strings, and sorts them', () => {
    expect(yamlToJson(Buffer.from('b: 1\n1: x\ntrue: t\na: 2')).json.toString()).toBe(
      '{"1":"x","a":2,"b":1,"true":"t"}',
    );
  });
  it('reads the first document only, and nothing as null', () => {
    expect(json('---\na: 1\n---\nb: 2')).toEqual({ a: 1 });
    expect(json('')).toBeNull();
    expect(json('# nothing\n')).toBeNull();
  });
  it('follows aliases and merge keys', () => {
    expect(json('x: &a {b: 1, c: 1}\nw:\n  <<: *a\n  b: 2\nz: *a')).toEqual({
      x: { b: 1, c: 1 },
      w: { b: 2, c: 1 },
      z: { b: 1, c: 1 },
    });
    expect(json('x: &a {b: 1}\nw: &b {b: 2, c: 2}\nz:\n  <<: [*a, *b]')).toMatchObject({ z: { b: 1, c: 2 } });
  });
  it.each([
    ['a: b: c', 'yaml: mapping values are not allowed in this context'],
    ['a: *b', "unknown anchor 'b' referenced"],
    ['a: &a [*a]', 'contains itself'],
    ['? [1]\n: 2', 'invalid map key'],
    ['a: .nan', 'unsupported value: NaN'],
    ['[[['.repeat(1000), 'yaml: '],
  ])('refuses %j', (text, why) => {
    expect(() => yamlToJson(Buffer.from(text))).toThrow(why);
  });
  it('stops an alias bomb early', () => {
    let bomb = `a: &a [${Array(9).fill('"lol"').join(',')}]\n`;
    for (let i = 1; i <= 10; i++) {
      const aliases = Array(9).fill(`*${'abcdefghijk'.charAt(i - 1)}`);
      const c = 'abcdefghijk'.charAt(i);
      bomb += `${c}: &${c} [${aliases.join(',')}]\n`;
    }
    const before = performance.now();
    expect(() => yamlToJson(Buffer.from(bomb))).toThrow('excessive aliasing');
    expect(performance.now() - before).toBeLessThan(2000);
  });
});

describe('decodeYaml', () => {
  const body = Buffer.from('metadata:\n  name: a\n  name: b\ndata:\n  x: "1"\nzzz: 1\n');
  it('warns of keys that are there twice, before what is unknown', () => {
    const { object, warnings } = decodeYaml(body, CONFIG_MAP, 'Warn');
    expect(object).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'b' }, data: { x: '1' } });
    expect(warnings).toEqual(['line 3: key "name" already set in map', 'unknown field "zzz"']);
  });
  it('refuses them with Strict and is silent with Ignore', () => {
    expect(() => decodeYaml(body, CONFIG_MAP, 'Strict')).toThrow(StatusError);
    expect(decodeYaml(body, CONFIG_MAP, 'Ignore').warnings).toEqual([]);
  });
  it('answers 400 for what is no YAML, and 415 for another media type', () => {
    expect(() => decodeBody(Buffer.from('a: b: c'), 'application/yaml', CONFIG_MAP, undefined, 'Warn')).toThrow(
      'the object provided is unrecognized (must be of type ConfigMap): yaml: mapping values',
    );
    expect(() => decodeBody(Buffer.from('x'), 'text/plain', CONFIG_MAP, undefined, 'Warn')).toThrow(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  });
});

describe('encodeYaml writes as kube-apiserver does', () => {
  it.each([
    ['1', '"1"'],
    ['yes', '"yes"'],
    ['y', '"y"'],
    ['', '""'],
    ['null', '"null"'],
    ['<<', '"<<"'],
    ['1:20', '"1:20"'],
    ['2026-01-02T03:04:05Z', '"2026-01-02T03:04:05Z"'],
    ['a: b', "'a: b'"],
    ['a #b', "'a #b'"],
    ['*', "'*'"],
    ['- a', "'- a'"],
    ['-', "'-'"],
    ['-a', '-a'],
    ["it's", "it's"],
    ["'q'", "'''q'''"],
    [' a', "' a'"],
    ['{a}', "'{a}'"],
    ['a{b}', 'a{b}'],
    ['tab\there', '"tab\\there"'],
    ['é', 'é'],
    ['😀', '"\\U0001F600"'],
    ['a\nb', '|-\n  a\n  b'],
    ['a\nb\n', '|\n  a\n  b'],
    ['a\n\n', '|+\n  a\n'],
    ['a \nb', '"a \\nb"'],
  ])('%j as %s', (value, text) => {
    const yaml = encodeYaml({ k: value }).toString();
    expect(yaml).toBe(`k: ${text}\n`);
    expect(json(yaml)).toEqual({ k: value });
  });
  it('lays out lists, maps and empty ones', () => {
    const object = { b: [{ x: 1, y: [] }, [1, [2]]], a: { d: {}, c: null }, m: 9007199254740993n, gone: undefined };
    expect(encodeYaml(object).toString()).toBe(
      'a:\n  c: null\n  d: {}\nb:\n- x: 1\n  "y": []\n- - 1\n  - - 2\nm: 9007199254740993\n',
    );
  });
  it('sorts keys with numbers in them by number, and letters last', () => {
    const keys = encodeYaml({ a10: 1, a9: 1, 'a-b': 1, ab: 1, '.': 1 }).toString();
    expect(keys.split('\n').map((line) => line.split(':')[0])).toEqual(['.', 'a-b', 'a9', 'a10', 'ab', '']);
  });
  it('folds long lines and reads them back', () => {
    const long = 'The quick brown fox jumps over the lazy dog, '.repeat(4).trim();
    for (const text of [long, `${long}: x`, `${long}\tx`, ` ${long}`]) {
      const yaml = encodeYaml({ spec: { message: text } }).toString();
      expect(Math.max(...yaml.split('\n').map((line) => line.length))).toBeLessThan(100);
      expect(json(yaml)).toEqual({ spec: { message: text } });
    }
  });
  it('writes very long keys as complex keys', () => {
    const key = 'k'.repeat(200);
    const object = { [key]: { a: 1 }, [`${key}2`]: ['x'] };
    const yaml = encodeYaml(object).toString();
    expect(yaml).toBe(`? ${key}\n: a: 1\n? ${key}2\n: - x\n`);
    expect(json(yaml)).toEqual(object);
  });
});
