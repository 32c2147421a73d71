import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const NEGATIVE = 'must be greater than or equal to 0';
const told = (status: JsonObject): JsonObject => ({ metadata: { name: 'w' }, status });

describe('what controllers say of their pods', () => {
  it.each([
    ['deployments', 'replicas'],
    ['deployments', 'terminatingReplicas'],
    ['statefulsets', 'observedGeneration'],
    ['daemonsets', 'numberUnavailable'],
  ])('%s have no negative %s', (resource, key) => {
    const errors = fieldErrorsOf('apps', resource);
    expect(errors(told({ [key]: 0 }), told({}), 'status')).toEqual([]);
    expect(errors(told({ [key]: -1 }), told({}), 'status')).toContain(`status.${key}: Invalid value: -1: ${NEGATIVE}`);
  });

  it('is that no part of them is more than all', () => {
    const status = { replicas: 1, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 3 };
    const all = 'cannot be greater than status.replicas';
    expect(fieldErrorsOf('apps', 'deployments')(told(status), told({}), 'status')).toEqual([
      `status.updatedReplicas: Invalid value: 2: ${all}`,
      `status.availableReplicas: Invalid value: 3: ${all}`,
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
    ]);
    expect(fieldErrorsOf('apps', 'statefulsets')(told({ ...status, currentReplicas: 4 }), told({}), 'status')).toEqual([
      `status.currentReplicas: Invalid value: 4: ${all}`,
      `status.updatedReplicas: Invalid value: 2: ${all}`,
      `status.availableReplicas: Invalid value: 3: ${all}`,
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.readyReplicas',
    ]);
  });

  it.each(['deployments', 'statefulsets', 'daemonsets'])('%s never count fewer collisions', (resource) => {
    const errors = fieldErrorsOf('apps', resource);
    const old = told({ collisionCount: 2 });
    expect(errors(told({ collisionCount: 3 }), old, 'status')).toEqual([]);
    expect(errors(told({ collisionCount: 1 }), old, 'status')).toEqual([
      'status.collisionCount: Invalid value: 1: cannot be decremented',
    ]);
    expect(errors(told({}), old, 'status')).toEqual(['status.collisionCount: Invalid value: 0: cannot be decremented']);
  });
});
