import { describe, expect, it } from 'vitest';
import { errorText } from '../../machinery/field.js';
import { atOnce, drive } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { hasRules, ruleErrors, rulesOf } from './rules.js';

const integer = { type: 'integer' };
const spec = (rules: JsonObject[], properties: JsonObject = { size: integer, max: integer }): JsonObject => ({
  type: 'object',
  properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules } },
});
const fieldErrors = (schema: JsonObject, value: JsonObject, old?: JsonObject): string[] =>
  atOnce(ruleErrors(atOnce(rulesOf(schema)), { spec: value }, old === undefined ? undefined : { spec: old })).map(
    errorText,
  );

describe('validation rules', () => {
  it('says what a rule says, or the rule', () => {
    const rule = 'self.size <= self.max';
    expect(fieldErrors(spec([{ rule, message: 'too big' }]), { size: 3, max: 2 })).toEqual([
      'spec: Invalid value: too big',
    ]);
    expect(fieldErrors(spec([{ rule }]), { size: 3, max: 2 })).toEqual([`spec: Invalid value: failed rule: ${rule}`]);
    expect(fieldErrors(spec([{ rule }]), { size: 2, max: 2 })).toEqual([]);
  });

  it('makes the message by an expression, and names another field and reason', () => {
    const rule = {
      rule: 'self.size < 3',
      messageExpression: '"size " + string(self.size)',
      fieldPath: '.size',
      reason: 'FieldValueForbidden',
    };
    expect(fieldErrors(spec([rule]), { size: 3 })).toEqual(['spec.size: Forbidden: size 3']);
  });

  it('looks at transitions only when something was there before, and forgives what has not changed', () => {
    const schema = spec([{ rule: 'self.size >= oldSelf.size', message: 'shrinks' }, { rule: 'self.max == 0' }]);
    expect(fieldErrors(schema, { size: 1, max: 0 })).toEqual([]);
    expect(fieldErrors(schema, { size: 1, max: 0 }, { size: 2, max: 0 })).toEqual(['spec: Invalid value: shrinks']);
    expect(fieldErrors(schema, { size: 1, max: 1 }, { size: 1, max: 1 })).toEqual([]);
  });

  it('reaches items, map values and escaped names', () => {
    const own = { 'x-kubernetes-validations': [{ rule: 'self > 0', message: 'no' }] };
    const schema = spec([{ rule: 'self.__in__ != self.a__dash__b', message: 'same' }], {
      in: integer,
      'a-b': integer,
      list: { type: 'array', items: { ...integer, ...own } },
      map: { type: 'object', additionalProperties: { ...integer, ...own } },
    });
    expect(fieldErrors(schema, { in: 1, 'a-b': 1, list: [1, 0], map: { k: 0 } })).toEqual([
      'spec: Invalid value: same',
      'spec.list[1]: Invalid value: 0: no',
      'spec.map[k]: Invalid value: 0: no',
    ]);
  });

  it('says that a rule could not be evaluated, or not be compiled', () => {
    expect(fieldErrors(spec([{ rule: 'self.size > 1', message: 'm' }]), { max: 1 })).toEqual([
      'spec: Invalid value: "object": no such key: size evaluating rule: m',
    ]);
    expect(fieldErrors(spec([{ rule: 'self.size.unheardOf()' }]), { size: 1 })[0]).toMatch(
      /^spec: Invalid value: "object": rule compile error: compilation failed: ERROR: <input>:1:20: undeclared reference/,
    );
  });

  it('warns of what was wrong before and has not changed, and forgives no transition', () => {
    const warnings: string[] = [];
    const rules = atOnce(rulesOf(spec([{ rule: 'self.max == 0', message: 'none' }])));
    expect(atOnce(ruleErrors(rules, { spec: { max: 1 } }, { spec: { max: 1 } }, warnings))).toEqual([]);
    expect(warnings).toEqual(['spec: Invalid value: none']);
  });

  it('compares sets and lists of entries in any order, and lists in theirs', () => {
    const texts = { type: 'array', items: { type: 'string' } };
    const entry = { type: 'object', properties: { k: { type: 'string' }, v: integer } };
    const same = [{ rule: 'self == oldSelf', message: 'changed' }];
    const schema = spec([], {
      set: { ...texts, 'x-kubernetes-list-type': 'set', 'x-kubernetes-validations': same },
      list: { ...texts, 'x-kubernetes-validations': same },
      entries: {
        type: 'array',
        items: entry,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        'x-kubernetes-validations': same,
      },
    });
    const old = {
      set: ['a', 'b'],
      list: ['a', 'b'],
      entries: [
        { k: 'a', v: 1 },
        { k: 'b', v: 2 },
      ],
    };
    const turned = {
      set: ['b', 'a'],
      list: ['b', 'a'],
      entries: [
        { k: 'b', v: 2 },
        { k: 'a', v: 1 },
      ],
    };
    expect(fieldErrors(schema, turned, old)).toEqual(['spec.list: Invalid value: changed']);
    expect(
      fieldErrors(
        schema,
        {
          ...old,
          entries: [
            { k: 'a', v: 1 },
            { k: 'b', v: 3 },
          ],
        },
        old,
      ),
    ).toEqual(['spec.entries: Invalid value: changed']);
  });

  it('spends no more than the budget of one object, and lets others have their turn meanwhile', async () => {
    const rule = { rule: 'self.list.all(x, self.list.all(y, self.list.all(z, z >= 0)))', message: 'm' };
    const schema = spec([rule, { rule: 'false', message: 'after' }], { list: { type: 'array', items: integer } });
    const list = Array.from({ length: 300 }, (_, i) => i);
    let turns = 0;
    let ended = false;
    const count = (): void => {
      turns++;
      if (!ended) setImmediate(count);
    };
    // Each rule and value is below the bound of one evaluation; together they take a hundred milliseconds and more.
    const many = spec([], {
      list: {
        type: 'array',
        items: { ...integer, 'x-kubernetes-validations': [{ rule: `${JSON.stringify(list)}.all(x, x + self >= 0)` }] },
      },
    });
    count();
    await drive(ruleErrors(atOnce(rulesOf(many)), { spec: { list: [...list, ...list, ...list] } }, undefined));
    ended = true;
    expect(turns).toBeGreaterThan(2);
    const errors = await drive(ruleErrors(atOnce(rulesOf(schema)), { spec: { list } }, undefined));
    expect(errors.map(errorText)).toEqual([
      `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: m`,
    ]);
  });

  it('knows schemas without rules', () => {
    expect(hasRules(spec([]))).toBe(false);
    expect(hasRules(spec([{ rule: 'true' }]))).toBe(true);
  });
});
