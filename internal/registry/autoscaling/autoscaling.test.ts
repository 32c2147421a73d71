import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { decodeBody } from '../../schema/codec/index.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';

const of = fieldErrorsOf('autoscaling', 'horizontalpodautoscalers', 'v2');
const hpa = (more: JsonObject): JsonObject => ({
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }, maxReplicas: 3, ...more },
});
const metric = (type: string, member: string, source: JsonObject): JsonObject =>
  hpa({ metrics: [{ type, [member]: source }] });

describe('horizontal pod autoscalers', () => {
  it('scale between one and the most', () => {
    expect(of(hpa({ minReplicas: 1 }))).toEqual([]);
    expect(of(hpa({ minReplicas: 4 }))).toEqual([
      'spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`',
    ]);
    expect(of(hpa({ minReplicas: 0 }))).toHaveLength(2);
  });
  it('keep what an older release let in', () => {
    const zero = hpa({ minReplicas: 0, metrics: [external({ type: 'Value', value: '1' })] });
    expect(of(zero, zero)).toEqual([]);
    const core = hpa({ scaleTargetRef: { kind: 'X', name: 'x', apiVersion: 'v1' } });
    expect(of(core)).toEqual([
      'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group',
    ]);
    expect(of(core, core)).toEqual([]);
  });
  it('want the member that the type names, and it alone', () => {
    const target = { type: 'Utilization', averageUtilization: 50 };
    expect(of(metric('Resource', 'resource', { name: 'cpu', target }))).toEqual([]);
    expect(of(metric('Pods', 'resource', { name: 'cpu', target }))).toEqual([
      'spec.metrics[0].pods: Required value: must populate information for the given metric source',
    ]);
  });
  it('want one target', () => {
    expect(of(hpa({ metrics: [external({ type: 'Value', value: '1', averageValue: '1' })] }))).toEqual([
      'spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
    ]);
    expect(of(hpa({ metrics: [external({ type: 'Value', value: '-1' })] }))).toEqual([
      'spec.metrics[0].external.target.value: Invalid value: "-1": must be positive',
    ]);
  });
  it('bound their windows', () => {
    const rules = { stabilizationWindowSeconds: 3601, policies: [{ type: 'Pods', value: 1, periodSeconds: 1801 }] };
    expect(of(hpa({ behavior: { scaleDown: rules } }))).toEqual([
      'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
      'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
    ]);
  });
});

function external(target: JsonObject): JsonObject {
  return { type: 'External', external: { metric: { name: 'queue' }, target } };
}

describe('scaling policies', () => {
  it('may be left to the defaults, but not be none', () => {
    const decode = (behavior: JsonObject): JsonObject => {
      const gvk = { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' };
      const spec = { scaleTargetRef: { kind: 'D', name: 'd', apiVersion: 'apps/v1' }, maxReplicas: 2, behavior };
      const body = Buffer.from(JSON.stringify({ metadata: { name: 'h' }, spec }));
      const type = 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler';
      const { object } = decodeBody(body, 'application/json', type, gvk, 'Strict');
      strategyFor('autoscaling', 'horizontalpodautoscalers').defaults?.(object);
      return object;
    };
    expect(of(decode({ scaleDown: {} }))).toEqual([]);
    expect(of(decode({ scaleDown: { policies: [] } }))).toEqual([
      'spec.behavior.scaleDown.policies: Required value: must specify at least one Policy',
    ]);
  });
});
