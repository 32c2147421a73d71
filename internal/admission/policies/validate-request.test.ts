import { describe, expect, test } from 'vitest';
import { fromJson } from '../../cel/index.js';
import { drive } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { checksOf, RequestValues } from '../expressions/request-values.js';
import { attributesOf, contextOf } from '../testing/attributes.js';
import { errorTypeOf, validateRequest } from './validate-request.js';
import { compileValidating } from './validating-policy.js';

/** Comparing it costs a hundred thousand units, and hardly any time. */
const LONG = 'x'.repeat(1_000_000);

/** What a policy says about a create of a ConfigMap, without the times that it took. */
async function verdict(spec: JsonObject, { ignoreErrors = false, params = null as JsonObject | null } = {}) {
  const object = { metadata: { name: 'o' }, data: { a: '1', long: LONG } };
  const [ctx, a] = [contextOf(), attributesOf('configmaps', { object })];
  const values = new RequestValues(ctx, a, a.def, a.kind, object, undefined, checksOf(ctx, a));
  const flow = validateRequest(compileValidating(spec), ignoreErrors, { values, params: fromJson(params) });
  const { decisions, annotations } = await drive(flow);
  return {
    decisions: decisions.map(({ seconds, ...decision }) => {
      expect(seconds).toBeGreaterThanOrEqual(0);
      expect(seconds).toBeLessThan(60);
      return decision;
    }),
    annotations,
  };
}
const allowed = { denied: false, message: '', reason: '', errorType: 'no_error' };
const denied = (message: string, reason = 'Invalid') => ({
  denied: true,
  message,
  reason,
  errorType: 'invalid_error',
});
const failure = (message: string, errorType = 'invalid_error', ignored = false) => ({
  denied: !ignored,
  message,
  reason: '',
  errorType,
});
const BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';
/** Costs some nine hundred thousand units; all rules of a policy have ten million. */
const dear = 'lists.range(9).all(x, object.data.long == object.data.long)';

test('every rule decides for itself, with its own message and reason', async () => {
  const spec = {
    validations: [
      { expression: "object.data.a == '1'", message: 'never said' },
      { expression: '\n false ' },
      { expression: 'false', message: ' said ' },
      { expression: 'false', reason: 'Forbidden', messageExpression: "' a is ' + object.data.a" },
    ],
  };
  expect(await verdict(spec)).toEqual({
    decisions: [allowed, denied('failed expression: false'), denied('said'), denied('a is 1', 'Forbidden')],
    annotations: [],
  });
});

test.each<[string, string, string]>([
  ['as long as it may be', "lists.range(512).map(i, '0123456789').join('')", '0123456789'.repeat(512)],
  ['longer by a byte', "lists.range(512).map(i, '0123456789').join('') + '.'", 'fixed'],
  ['longer by the bytes of a letter', "lists.range(512).map(i, '0123456789').join('').replace('0', 'ä', 1)", 'fixed'],
  ['with blanks around', "'  made\\n'", 'made'],
  ['of blanks', "' \\n '", 'fixed'],
  ['of two lines', "'a\\nb'", 'fixed'],
  ['that fails', 'string(object.none)', 'fixed'],
])('a message %s', async (_what, messageExpression, message) => {
  const validations = [{ expression: 'false', message: 'fixed', messageExpression }];
  expect((await verdict({ validations })).decisions).toEqual([denied(message)]);
});

describe('what cannot be evaluated', () => {
  const why = "expression 'object.none == 1' resulted in error: no such key: none";
  const validations = [{ expression: 'object.none == 1', message: 'm', reason: 'Forbidden' }, { expression: 'false' }];
  test('denies without the reason of the rule, or is passed over, and others decide all the same', async () => {
    const other = denied('failed expression: false');
    expect((await verdict({ validations })).decisions).toEqual([failure(why), other]);
    expect((await verdict({ validations }, { ignoreErrors: true })).decisions).toEqual([
      failure(why, 'invalid_error', true),
      other,
    ]);
  });

  test('is told as not compiled where an earlier release stored it', async () => {
    const spec = { validations: [{ expression: '1' }], auditAnnotations: [{ key: 'k', valueExpression: '1' }] };
    const wrong = (what: string, type = 'int') => `compilation error: must evaluate to ${what} but got ${type}`;
    expect(await verdict(spec)).toEqual({
      decisions: [failure(wrong('bool'), 'compile_error')],
      annotations: [{ key: 'k', value: '', error: wrong('one of [string null_type]') }],
    });
    const conditions = [{ name: 'c', expression: '1' }];
    expect(await verdict({ ...spec, matchConditions: conditions })).toEqual({
      decisions: [failure(wrong('bool'), 'compile_error')],
      annotations: [],
    });
  });

  test('of conditions is one decision, or no match; a false one decides before', async () => {
    const of = (...expressions: string[]): JsonObject => ({
      validations: [{ expression: 'false' }],
      matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })),
    });
    const nothing = { decisions: [], annotations: [] };
    expect(await verdict(of('object.none == 1'))).toEqual({ decisions: [failure(why)], annotations: [] });
    expect(await verdict(of('object.none == 1', 'object.none == 1'))).toEqual({
      decisions: [failure(why)],
      annotations: [],
    });
    expect(await verdict(of('object.none == 1'), { ignoreErrors: true })).toEqual(nothing);
    expect(await verdict(of('object.none == 1', 'false'))).toEqual(nothing);
    expect(await verdict(of('namespaceObject == null', 'true'))).toEqual({
      decisions: [denied('failed expression: false')],
      annotations: [],
    });
    const tooDear = of(...Array.from({ length: 3 }, () => dear));
    expect((await verdict(tooDear)).decisions).toEqual([failure(BUDGET, 'out_of_budget')]);
    expect(await verdict(tooDear, { ignoreErrors: true })).toEqual(nothing);
  });
});

test('rules that cost too much together are one decision', async () => {
  const validations = Array.from({ length: 12 }, () => ({ expression: dear }));
  expect((await verdict({ validations }, { ignoreErrors: true })).decisions).toEqual([
    failure(BUDGET, 'out_of_budget', true),
  ]);
});

test('messages are made of what the rules left, only for rules that do not hold', async () => {
  const messageExpression = `${dear} ? 'made' : ''`;
  const rules = (n: number, expression: string) =>
    Array.from({ length: n }, () => ({ expression, message: 'fixed', messageExpression }));
  const spent = Array.from({ length: 8 }, () => ({ expression: dear }));
  const told = await verdict({ validations: [...spent, ...rules(4, 'false')] });
  expect(new Set(told.decisions.map(({ message }) => message))).toEqual(
    new Set([`failed messageExpression: ${BUDGET}`]),
  );
  expect(told.decisions).toHaveLength(12);
  const held = await verdict({ validations: [...spent, ...rules(4, 'true'), ...rules(1, 'false')] });
  expect(held.decisions).toEqual([...Array.from({ length: 12 }, () => allowed), denied('made')]);
});

test('messages have no authorizer, rules and annotations have one, all see the namespace and the parameter', async () => {
  const spec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    variables: [{ name: 'limit', expression: 'params.limit' }],
    validations: [
      { expression: "authorizer.path('/x').check('get').allowed() && namespaceObject == null && params.limit == 1" },
      { expression: 'false', messageExpression: 'string(variables.limit) + string(namespaceObject == null)' },
      { expression: 'false', messageExpression: "string(authorizer.path('/x').check('get').allowed())" },
    ],
    auditAnnotations: [
      { key: 'a', valueExpression: " string(authorizer.requestResource.check('get').allowed()) + ' ' " },
      { key: 'b', valueExpression: "' '" },
      { key: 'c', valueExpression: 'null' },
      { key: 'd', valueExpression: 'string(variables.limit)' },
      { key: 'e', valueExpression: 'string(object.none)' },
    ],
  };
  expect(await verdict(spec, { params: { limit: 1 } })).toEqual({
    decisions: [allowed, denied('1true'), denied('failed expression: false')],
    annotations: [
      { key: 'a', value: 'true', error: '' },
      { key: 'd', value: '1', error: '' },
      { key: 'e', value: '', error: "expression 'string(object.none)' resulted in error: no such key: none" },
    ],
  });
});

test('errors are counted by what they begin with', () => {
  expect(errorTypeOf('compilation error: x')).toBe('compile_error');
  expect(errorTypeOf('compilation failed: x')).toBe('compile_error');
  expect(errorTypeOf(BUDGET)).toBe('out_of_budget');
  expect(errorTypeOf(`it says: ${BUDGET}, compilation`)).toBe('invalid_error');
  expect(errorTypeOf('')).toBe('invalid_error');
});
