import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMember, indentJson, labelsOf, withResourceVersion } from './json-scan.js';

const json = fc.jsonValue({ maxDepth: 4 });

describe('scanning JSON', () => {
  it('finds a member as a parser would, whatever stands before it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), json), { maxLength: 5 }), json, (before, value) => {
        const obj = Object.fromEntries(before.filter(([k]) => k !== 'wanted' && k !== '__proto__'));
        const text = Buffer.from(JSON.stringify({ ...obj, wanted: value, after: 1 }));
        const range = findMember(text, 0, 'wanted');
        expect(range).toBeDefined();
        expect(JSON.parse(text.subarray(range?.[0], range?.[1]).toString())).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('finds no member that is not there', () => {
    expect(findMember(Buffer.from('{"a":{"b":1},"c":"b"}'), 0, 'b')).toBeUndefined();
    expect(findMember(Buffer.from('{}'), 0, 'b')).toBeUndefined();
  });

  it('indents as JSON.stringify does', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, undefined, 2));
      }),
    );
  });

  it('changes the revision of the object and nothing that only looks like it', () => {
    const obj = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a', resourceVersion: '7', annotations: { resourceVersion: '7', q: '"resourceVersion":"7"' } },
      data: { resourceVersion: '7' },
    };
    const changed = JSON.parse(withResourceVersion(Buffer.from(JSON.stringify(obj)), 12).toString()) as unknown;
    expect(changed).toEqual({ ...obj, metadata: { ...obj.metadata, resourceVersion: '12' } });
  });

  it('reads labels, of objects that have none too', () => {
    expect(labelsOf(Buffer.from('{"metadata":{"name":"é","labels":{"a":"b"}},"labels":{"x":"y"}}'))).toEqual({
      a: 'b',
    });
    expect(labelsOf(Buffer.from('{"metadata":{"name":"a"},"labels":{"x":"y"}}'))).toEqual({});
  });
});
