import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from './field-errors.testkit.js';

const of = fieldErrorsOf('scheduling.k8s.io', 'priorityclasses');
const ofLease = fieldErrorsOf('coordination.k8s.io', 'leases');
const ofApi = fieldErrorsOf('apiregistration.k8s.io', 'apiservices');
const named = (name: string, value: number): JsonObject => ({
  metadata: { name },
  value,
  preemptionPolicy: 'PreemptLowerPriority',
});

describe('priority classes', () => {
  it('leave the highest values to the system', () => {
    expect(of(named('high', 1_000_000_000))).toEqual([]);
    expect(of(named('higher', 1_000_000_001))).toMatchInlineSnapshot(`
      [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
      ]
    `);
    expect(of(named('system-node-critical', 2_000_001_000))).toEqual([]);
    expect(of(named('system-mine', 1))[0]).toContain('system-mine is not a known system priority class');
  });
  it('never change their value', () => {
    expect(of(named('a', 2), named('a', 1))).toEqual(['value: Forbidden: may not be changed in an update.']);
  });
});

describe('leases', () => {
  it('last longer than nothing', () => {
    expect(ofLease({ spec: { leaseDurationSeconds: 0 } })).toEqual([
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    ]);
    expect(ofLease({ spec: { leaseDurationSeconds: 1, leaseTransitions: 0 } })).toEqual([]);
  });
});

describe('API services', () => {
  const service = (spec: JsonObject, name = 'v1.example.com'): JsonObject => ({
    metadata: { name },
    spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, ...spec },
  });
  it('are named after what they serve', () => {
    expect(ofApi(service({}))).toEqual([]);
    expect(ofApi(service({}, 'v2.example.com'))).toEqual([
      'metadata.name: Invalid value: "v2.example.com": must be `spec.version+"."+spec.group`: "v1.example.com"',
    ]);
  });
  it('say how a server elsewhere is trusted, and only there', () => {
    expect(ofApi(service({ caBundle: 'YWJj' }))).toEqual([
      'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
    ]);
    const elsewhere = { service: { name: 's', namespace: 'n', port: 443 } };
    expect(ofApi(service({ ...elsewhere, caBundle: 'YWJj' }))).toEqual([]);
    expect(ofApi(service({ ...elsewhere, caBundle: 'YWJj', insecureSkipTLSVerify: true }))).toMatchInlineSnapshot(`
      [
        "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present",
      ]
    `);
  });
});

describe('runtime classes', () => {
  const ofClass = fieldErrorsOf('node.k8s.io', 'runtimeclasses');
  it('never change their handler', () => {
    expect(ofClass({ handler: 'b' }, { handler: 'a' })).toEqual(['handler: Invalid value: "b": field is immutable']);
  });
  it('cost what containers can cost, and tolerate a taint once', () => {
    const toleration = { key: 'a', operator: 'Exists' };
    const fieldErrors = ofClass({
      handler: 'a',
      overhead: { podFixed: { cpu: '-1', apples: '1' } },
      scheduling: { tolerations: [toleration, toleration] },
    });
    expect(fieldErrors.map((c) => c.split(': ')[0])).toEqual([
      'overhead.limits[cpu]',
      'overhead.limits[apples]',
      'overhead.limits[apples]',
      'scheduling.tolerations[1]',
    ]);
  });
});

describe('runtime classes', () => {
  const ofRuntime = fieldErrorsOf('node.k8s.io', 'runtimeclasses');
  const runtime = (more: JsonObject): JsonObject => ({ handler: 'runsc', ...more });
  it('are looked at whole when they are changed, and keep their handler', () => {
    expect(ofRuntime(runtime({ handler: '' }))).toEqual(['handler: Required value']);
    expect(ofRuntime(runtime({ handler: 'a.b' }), runtime({}))).toEqual([
      'handler: Invalid value: "a.b": must not contain dots',
      'handler: Invalid value: "a.b": field is immutable',
    ]);
    expect(ofRuntime(runtime({ overhead: { podFixed: { memory: '-1' } } }), runtime({}))).toEqual([
      'overhead.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
  });
  it('tolerate the same only once, however long', () => {
    const same = { key: 'a', operator: 'Exists', effect: 'NoExecute' };
    const tolerations = [same, { ...same, tolerationSeconds: 5 }];
    expect(ofRuntime(runtime({ scheduling: { tolerations } }))).toEqual([
      'scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"NoExecute","TolerationSeconds":5}',
    ]);
  });
});
