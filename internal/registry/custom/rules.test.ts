import { describe, expect, it } from 'vitest';
import { errorText } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { hasRules, ruleErrors, rulesOf } from './rules.js';

const integer = { type: 'integer' };
const spec = (rules: JsonObject[], properties: JsonObject = { size: integer, max: integer }): JsonObject => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules } },
});
const complaints = (schema: JsonObject, value: JsonObject, old?: JsonObject): string[] =>
  ruleErrors(rulesOf(schema), { spec: value }, old === undefined ? undefined : { spec: old }).map(errorText);

describe('validation rules', () => {
  it('says what a rule says, or the rule', () => {
    const rule = 'self.size <= self.max';
    expect(complaints(spec([{ rule, message: 'too big' }]), { size: 3, max: 2 })).toEqual([
      'spec: Invalid value: too big',
    ]);
    expect(complaints(spec([{ rule }]), { size: 3, max: 2 })).toEqual([`spec: Invalid value: failed rule: ${rule}`]);
    expect(complaints(spec([{ rule }]), { size: 2, max: 2 })).toEqual([]);
  });

  it('makes the message by an expression, and names another field and reason', () => {
    const rule = {
      rule: 'self.size < 3',
      messageExpression: '"size " + string(self.size)',
      fieldPath: '.size',
      reason: 'FieldValueForbidden',
    };
    expect(complaints(spec([rule]), { size: 3 })).toEqual(['spec.size: Forbidden: size 3']);
  });

  it('looks at transitions only when something was there before, and at nothing that has not changed', () => {
    const schema = spec([{ rule: 'self.size >= oldSelf.size', message: 'shrinks' }, { rule: 'self.max == 0' }]);
    expect(complaints(schema, { size: 1, max: 0 })).toEqual([]);
    expect(complaints(schema, { size: 1, max: 0 }, { size: 2, max: 0 })).toEqual(['spec: Invalid value: shrinks']);
    expect(complaints(schema, { size: 1, max: 1 }, { size: 1, max: 1 })).toEqual([]);
  });

  it('reaches items, map values and escaped names', () => {
    const own = { 'x-kubernetes-validations': [{ rule: 'self > 0', message: 'no' }] };
    const schema = spec([{ rule: 'self.__in__ != self.a__dash__b', message: 'same' }], {
      in: integer,
      'a-b': integer,
      list: { type: 'array', items: { ...integer, ...own } },
      map: { type: 'object', additionalProperties: { ...integer, ...own } },
    });
    expect(complaints(schema, { in: 1, 'a-b': 1, list: [1, 0], map: { k: 0 } })).toEqual([
      'spec: Invalid value: same',
      'spec.list[1]: Invalid value: no',
      'spec.map[k]: Invalid value: no',
    ]);
  });

  it('says that a rule could not be evaluated, but lets pass one with a function it has not', () => {
    expect(complaints(spec([{ rule: 'self.size > 1', message: 'm' }]), { max: 1 })).toEqual([
      'spec: Invalid value: no such key: size evaluating rule: m',
    ]);
    expect(complaints(spec([{ rule: 'self.size.unheardOf()' }]), { size: 1 })).toEqual([]);
  });

  it('knows schemas without rules', () => {
    expect(hasRules(spec([]))).toBe(false);
    expect(hasRules(spec([{ rule: 'true' }]))).toBe(true);
  });
});
