import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';

const of = fieldErrorsOf('policy', 'poddisruptionbudgets');
const budget = (spec: JsonObject): JsonObject => ({ spec });

describe('pod disruption budgets', () => {
  it('say how many must stay, or how many may go', () => {
    expect(of(budget({ minAvailable: 2 }))).toEqual([]);
    expect(of(budget({ maxUnavailable: '50%' }))).toEqual([]);
    expect(of(budget({ minAvailable: 1, maxUnavailable: 1 }))[0]).toContain(
      'minAvailable and maxUnavailable cannot be both set',
    );
  });
  it('want a share of at most all, and no negative count', () => {
    expect(of(budget({ minAvailable: '101%' }))).toEqual([
      'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
    ]);
    expect(of(budget({ maxUnavailable: -1 }))).toEqual([
      'spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });
  it('say of an empty selector how it is meant, and nothing else beside', () => {
    const mark = { key: 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match', operator: 'Exists' };
    const selected = (selector: JsonObject): unknown => {
      const pdb = budget({ selector });
      strategyFor('policy', 'poddisruptionbudgets').defaults?.(pdb);
      return (pdb['spec'] as JsonObject)['selector'];
    };
    expect(selected({ matchExpressions: [mark] })).toEqual({ matchExpressions: [mark] });
    expect(selected({ matchLabels: { a: 'b' }, matchExpressions: [mark] })).toEqual({ matchLabels: { a: 'b' } });
    expect(selected({ matchExpressions: [{ ...mark, operator: 'DoesNotExist' }] })).toEqual({});
  });
  it('report whole conditions and counts that are not negative', () => {
    const condition = { type: 'Ok', status: 'Maybe', reason: '1', lastTransitionTime: '2026-01-01T00:00:00Z' };
    const fieldErrors = of({ status: { conditions: [condition], currentHealthy: -1 } }, budget({}), 'status');
    expect(fieldErrors[0]).toBe(
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    );
    expect(fieldErrors[1]).toContain('a condition reason must start with alphabetic character');
    expect(fieldErrors[2]).toContain('status.currentHealthy: Invalid value: -1');
  });
});
