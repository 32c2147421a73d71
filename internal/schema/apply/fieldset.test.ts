import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareElements } from './element.js';
import {
  difference,
  EMPTY,
  equal,
  type FieldSet,
  has,
  intersection,
  isEmpty,
  parseFieldSet,
  paths,
  recursiveDifference,
  setOf,
  union,
} from './fieldset.js';

const element = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'metadata').map((name) => `f:${name}`),
  fc.constantFrom('x', 'y y', 'z"').map((name) => `k:{"name":${JSON.stringify(name)}}`),
  fc.integer({ min: 0, max: 20 }).map((port) => `k:{"port":${port},"protocol":"TCP"}`),
  fc.constantFrom('v:"s"', 'v:8', 'v:10'),
  fc.integer({ min: 0, max: 3 }).map((i) => `i:${i}`),
);
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const pathList = fc.array(path, { maxLength: 12 });
const set: fc.Arbitrary<FieldSet> = pathList.map((list) => setOf(...list));
const keys = (s: FieldSet): string[] =>
  paths(s)
    .map((p) => p.join('\n'))
    .sort();

describe('field sets', () => {
  it('hold exactly the paths that they were made of', () => {
    fc.assert(
      fc.property(pathList, (list) => {
        expect(keys(setOf(...list))).toEqual([...new Set(list.map((p) => p.join('\n')))].sort());
      }),
    );
  });

  it('read back as printed, also when the steps come in another order and with spaces', () => {
    const shuffle = (node: FieldSet): FieldSet =>
      Object.fromEntries(
        Object.entries(node)
          .reverse()
          .map(([e, child]) => [
            e.startsWith('k:') ? e.replaceAll(':', ' : ').replace('k : ', 'k:') : e,
            shuffle(child),
          ]),
      );
    fc.assert(
      fc.property(set, (s) => {
        expect(JSON.stringify(parseFieldSet(JSON.parse(JSON.stringify(s))))).toBe(JSON.stringify(s));
        expect(JSON.stringify(parseFieldSet(shuffle(s)))).toBe(JSON.stringify(s));
      }),
    );
  });

  it('keep their steps in order: fields, keys, values, indexes, numbers as numbers', () => {
    const order = ['f:a', 'f:b', 'k:{"name":"a"}', 'k:{"name":"a b"}', 'k:{"port":8}', 'k:{"port":80}', 'v:8', 'v:10'];
    expect([...order].reverse().sort(compareElements)).toEqual(order);
    fc.assert(
      fc.property(set, (s) => {
        const steps = Object.keys(s);
        expect([...steps].sort(compareElements)).toEqual(steps);
      }),
    );
  });

  it('obey the laws of sets', () => {
    fc.assert(
      fc.property(set, set, set, (a, b, c) => {
        const [ka, kb] = [new Set(keys(a)), new Set(keys(b))];
        expect(keys(union(a, b))).toEqual([...new Set([...ka, ...kb])].sort());
        expect(keys(difference(a, b))).toEqual([...ka].filter((k) => !kb.has(k)).sort());
        expect(keys(intersection(a, b))).toEqual([...ka].filter((k) => kb.has(k)).sort());
        expect(equal(union(a, b), union(b, a))).toBe(true);
        expect(equal(union(a, union(b, c)), union(union(a, b), c))).toBe(true);
        expect(equal(union(difference(a, b), intersection(a, b)), a)).toBe(true);
        expect(union(a, a)).toBe(a);
        expect(difference(a, EMPTY)).toBe(a);
        expect(isEmpty(difference(a, a))).toBe(true);
      }),
    );
  });

  it('lose what lies below a removed path only in a recursive difference', () => {
    const a = setOf(['f:status', 'f:phase'], ['f:status', 'f:conditions'], ['f:spec']);
    const status = setOf(['f:status']);
    expect(difference(a, status)).toBe(a);
    expect(recursiveDifference(a, status)).toEqual(setOf(['f:spec']));
    fc.assert(
      fc.property(set, set, (x, y) => {
        const removed = paths(y);
        const below = (p: string[]): boolean => removed.some((r) => r.every((step, i) => p[i] === step));
        expect(keys(recursiveDifference(x, y))).toEqual(
          paths(x)
            .filter((p) => !below(p))
            .map((p) => p.join('\n'))
            .sort(),
        );
      }),
    );
  });

  it('say whether they hold a path', () => {
    const s = setOf(['f:spec', 'f:replicas']);
    expect(has(s, ['f:spec', 'f:replicas'])).toBe(true);
    expect(has(s, ['f:spec'])).toBe(false);
    expect(has(s, ['f:spec', 'f:replicas', 'f:x'])).toBe(false);
  });

  it('are not read from malformed FieldsV1', () => {
    for (const bad of [{ spec: {} }, { 'f:a': 1 }, { 'k:[]': {} }, { 'k:{': {} }, { 'i:x': {} }, []]) {
      expect(parseFieldSet(bad as never)).toBeUndefined();
    }
    expect(parseFieldSet(null)).toEqual({});
  });
});
