import { describe, expect, it } from 'vitest';
import { compileJsonPath, simplePath } from './jsonpath.js';

const object = {
  spec: { 'a.b': 1, list: [{ n: 1 }, { n: 2 }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Live', status: 'False' },
    ],
  },
};
const found = (path: string): unknown => compileJsonPath(path)?.(object, { left: 100 });

describe('JSONPath of custom resources', () => {
  it.each([
    ['.spec.list[1].n', 2],
    ['.spec.list[-1].n', 2],
    ['.spec.list[*].n', 1],
    ['.status.conditions[?(@.type=="Ready")].status', 'True'],
    [".status.conditions[?(@.type!='Ready')].status", 'False'],
    ['.spec.list[?(@.n>1)].n', 2],
    ['.spec.a\\.b', 1],
    // As client-go reads it: a, and b in it.
    [".spec['a.b']", undefined],
    [".spec['a\\.b']", 1],
    ['{.spec.list[0].n}', 1],
    ['.spec.none.x', undefined],
  ])('%s', (path, value) => {
    expect(found(path)).toEqual(value);
  });

  it('looks at no more values than it may', () => {
    const list = Array.from({ length: 50 }, (_, i) => ({ n: i }));
    const last = compileJsonPath('.list[?(@.n==49)].n');
    expect(last?.({ list }, { left: 50 })).toBe(49);
    expect(last?.({ list }, { left: 49 })).toBeUndefined();
  });

  it('does not take what it does not know', () => {
    expect(compileJsonPath('.spec[')).toBeUndefined();
  });

  it('knows simple paths', () => {
    expect(simplePath('.spec.replicas')).toEqual(['spec', 'replicas']);
    expect(simplePath('.spec.list[0]')).toBeUndefined();
  });
});
