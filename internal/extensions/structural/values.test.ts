import { describe, expect, it } from 'vitest';
import { errorText } from '../../machinery/field.js';
import type { JsonValue } from '../../machinery/json.js';
import type { Schema } from './schema.js';
import { valueErrorsAtOnce } from './values.js';

const of = (schema: Schema, value: JsonValue): string[] => valueErrorsAtOnce(schema, value, '').map(errorText);
const spec = (property: Schema, value: JsonValue): string[] =>
  of({ type: 'object', properties: { a: property } }, { a: value });

describe('values of a schema', () => {
  it('have the type that it says', () => {
    expect(spec({ type: 'integer' }, 'x')).toEqual([
      'a: Invalid value: "string": a in body must be of type integer: "string"',
    ]);
    expect(spec({ type: 'number' }, 1)).toEqual([]);
    expect(spec({ type: 'integer' }, 1.5)).toEqual([
      'a: Invalid value: "number": a in body must be of type integer: "number"',
      ': Invalid value: "": Checked value must be of type integer (default format) in a',
    ]);
    expect(spec({ 'x-kubernetes-int-or-string': true }, true)).toEqual([
      'a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"',
    ]);
  });
  it('are compared by format where the schema names one, but for texts and lists', () => {
    const wrong = (is: string, wanted = 'int64'): string =>
      `a: Invalid value: "${is}": a in body must be of type ${wanted}: "${is}"`;
    const int64: Schema = { type: 'integer', format: 'int64' };
    expect(spec(int64, 9223372036854775807n)).toEqual([]);
    expect(spec(int64, 9223372036854775808n)).toEqual([
      wrong('float64'),
      ': Invalid value: "": Checked value must be of type integer with format int64 in a',
    ]);
    expect(spec(int64, true)).toEqual([wrong('')]);
    expect(spec(int64, {})).toEqual([wrong('')]);
    expect(spec(int64, 'x')).toEqual([wrong('string', 'integer')]);
    expect(spec(int64, [])).toEqual([wrong('array', 'integer')]);
    expect(spec({ type: 'string', format: 'date' }, 5)).toEqual([wrong('int64', 'date')]);
  });
  it('are null only where that is allowed', () => {
    expect(spec({ type: 'string', nullable: true }, null)).toEqual([]);
    expect(spec({ type: 'string' }, null)).toEqual([
      'a: Invalid value: "null": a in body must be of type string: "null"',
    ]);
  });
  it('keep to bounds', () => {
    expect(spec({ type: 'integer', maximum: 100 }, 101)).toEqual([
      'a: Invalid value: 101: a in body should be less than or equal to 100',
    ]);
    expect(spec({ type: 'integer', minimum: 1, exclusiveMinimum: true }, 1)).toEqual([
      'a: Invalid value: 1: a in body should be greater than 1',
    ]);
    expect(spec({ type: 'array', maxItems: 1, items: { type: 'string' } }, ['x', 'y'])).toEqual([
      'a: Too many: 2: must have at most 1 item',
    ]);
    expect(spec({ type: 'string', maxLength: 1 }, 'xy')).toEqual(['a: Too long: may not be more than 1 byte']);
  });
  it('match patterns and formats, in items too', () => {
    expect(spec({ type: 'array', items: { type: 'string', pattern: '^[a-z]+$' } }, ['a', 'A'])).toEqual([
      `a[1]: Invalid value: "A": a[1] in body should match '^[a-z]+$'`,
    ]);
    expect(spec({ type: 'string', format: 'date-time' }, '2026-02-30T00:00:00Z')).toEqual([
      'a: Invalid value: "2026-02-30T00:00:00Z": a in body must be of type date-time: "2026-02-30T00:00:00Z"',
    ]);
    expect(spec({ type: 'string', format: 'date-time' }, '2026-02-28T00:00:00Z')).toEqual([]);
  });
  it('are among the values of an enum', () => {
    expect(spec({ type: 'string', enum: ['x', 'y'] }, 'z')).toEqual([
      'a: Unsupported value: "z": supported values: "x", "y"',
    ]);
  });
  it('have what is required, and in maps only what fits', () => {
    expect(of({ type: 'object', required: ['spec'] }, {})).toEqual(['spec: Required value']);
    expect(spec({ type: 'object', additionalProperties: { type: 'string' } }, { k: 1 })).toEqual([
      'a.k: Invalid value: "integer": a.k in body must be of type string: "integer"',
    ]);
  });
  it('meet what is composed', () => {
    const schema: Schema = { type: 'object', oneOf: [{ required: ['x'] }, { required: ['y'] }] };
    expect(spec(schema, { x: 1 })).toEqual([]);
    expect(spec(schema, { x: 1, y: 1 })).toEqual([
      ': Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ]);
    expect(spec({ type: 'object', not: { required: ['x'] } }, { x: 1 })).toEqual([
      ': Invalid value: "": "a" must not validate the schema (not)',
    ]);
  });
});
