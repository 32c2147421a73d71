import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { prune } from '../../extensions/structural/prune.js';
import { decodeUntyped, parseJson } from '../../schema/codec/index.js';

const OPEN = 'x-kubernetes-preserve-unknown-fields';

describe('what a custom resource keeps', () => {
  it('is all of the items of a list that preserves unknown fields, and of lists in it', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: {
        open: {
          type: 'array',
          [OPEN]: true,
          items: {
            type: 'object',
            properties: {
              known: { type: 'string' },
              closed: { type: 'object', properties: { a: { type: 'string' } } },
            },
          },
        },
        closed: { type: 'array', items: { type: 'object', properties: { known: { type: 'string' } } } },
      },
    };
    const object: JsonObject = {
      open: [{ known: 'x', other: 1, closed: { a: 'y', b: 'z' } }],
      closed: [{ known: 'x', other: 1 }],
    };
    const unknown: string[] = [];
    prune(object, schema, unknown);
    expect(object).toEqual({
      open: [{ known: 'x', other: 1, closed: { a: 'y' } }],
      closed: [{ known: 'x' }],
    });
    expect(unknown).toEqual(['open[0].closed.b', 'closed[0].other']);
  });
  it('is no number that is too large: it is refused, not stored as null', () => {
    const gvk = { group: 'example.com', version: 'v1', kind: 'Gadget' };
    const text = '{"kind":"Gadget","apiVersion":"example.com/v1","spec":{"n":1e400}}';
    expect(() => decodeUntyped(Buffer.from(text), 'Ignore', gvk)).toThrow(
      'Gadget in version "v1" cannot be handled as a Gadget: json: cannot unmarshal number 1e400 into Go value of type float64',
    );
    expect(() => parseJson('{"spec":{"n":-1e999}}')).toThrow(
      'json: cannot unmarshal number -1e999 into Go value of type float64',
    );
  });
});
