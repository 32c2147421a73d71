import { describe, expect, it } from 'vitest';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const of = fieldErrorsOf('resource.k8s.io', 'deviceclasses');
const selecting = (expression: string): string[] =>
  of({ metadata: { name: 'c' }, spec: { selectors: [{ cel: { expression } }] } });

describe('selectors of devices', () => {
  it.each([
    'device.driver == "gpu.example.com"',
    'device.attributes["gpu.example.com"].model == "a" && device.allowMultipleAllocations',
    'device.attributes["gpu.example.com"].healthy',
    'device.capacity["gpu.example.com"].memory.compareTo(quantity("10Gi")) >= 0',
    'cel.bind(gpu, device.attributes["gpu.example.com"], gpu.healthy && gpu.index == 1)',
    'device.attributes["gpu.example.com"].version.isGreaterThan(semver("1.0.0"))',
  ])('%s', (expression) => {
    expect(selecting(expression)).toEqual([]);
  });
  it('are true or false', () => {
    const at = 'spec.selectors[0].cel.expression: Invalid value:';
    expect(selecting('device.driver')).toEqual([
      `${at} "device.driver": must evaluate to bool or the unknown type, not string`,
    ]);
    expect(selecting('device.nothing')[0]).toContain(
      "compilation failed: ERROR: <input>:1:7: undefined field 'nothing'",
    );
    expect(selecting('1 +')[0]).toContain('compilation failed: ERROR: <input>:1:4: Syntax error');
    expect(selecting('device.capacity["d"].size > 1')[0]).toContain(
      "found no matching overload for '_>_' applied to '(kubernetes.Quantity, int)'",
    );
  });
  it('cost what can be paid for each device', () => {
    const nested =
      'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a + b == c + d))))';
    expect(selecting(nested)).toEqual(['spec.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit']);
    expect(selecting('device.attributes.all(a, a.size() < 10)')).toEqual([]);
  });
});
