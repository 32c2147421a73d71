import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { contextOf, fieldErrorsOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';

const GROUP = 'resource.k8s.io';
const ofClaim = fieldErrorsOf(GROUP, 'resourceclaims');
const ofClass = fieldErrorsOf(GROUP, 'deviceclasses');
const ofTemplate = fieldErrorsOf(GROUP, 'resourceclaimtemplates');
const ofSlice = fieldErrorsOf(GROUP, 'resourceslices');

const wanted = { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 };
const claim = (devices: JsonObject, more: JsonObject = {}): JsonObject => ({ spec: { devices }, ...more });
const slice = (more: JsonObject): JsonObject => ({
  spec: { driver: 'gpu.example.com', nodeName: 'n1', pool: { name: 'p', resourceSliceCount: 1 }, ...more },
});

describe('resource claims', () => {
  it('ask for devices exactly, or for the first that is there', () => {
    expect(ofClaim(claim({ requests: [{ name: 'a', exactly: wanted }] }))).toEqual([]);
    expect(ofClaim(claim({ requests: [{ name: 'a' }] }))).toEqual([
      'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
    ]);
    const all = { ...wanted, allocationMode: 'All' };
    expect(ofClaim(claim({ requests: [{ name: 'a', exactly: all }] }))).toEqual([
      "spec.devices.requests[0].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'",
    ]);
  });
  it('refer to their own requests', () => {
    const requests = [{ name: 'a', firstAvailable: [{ name: 'b', ...wanted }] }];
    const constraint = (...names: string[]): JsonObject =>
      claim({ requests, constraints: [{ requests: names, matchAttribute: 'example.com/numa' }] });
    expect(ofClaim(constraint('a', 'a/b'))).toEqual([]);
    expect(ofClaim(constraint('a/c'))).toMatchInlineSnapshot(`
      [
        "spec.devices.constraints[0].requests[0]: Invalid value: "a/c": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
      ]
    `);
    expect(ofClaim(constraint('a', 'a'))).toEqual(['spec.devices.constraints[0].requests[1]: Duplicate value: "a"']);
  });
  it('never change what they ask for, nor what they got', () => {
    const one = claim({ requests: [{ name: 'a', exactly: wanted }] });
    expect(ofClaim(claim({}), one)[0]).toContain('field is immutable');
    const got = (device: string): JsonObject => ({
      ...one,
      status: { allocation: { devices: { results: [{ request: 'a', driver: 'd.io', pool: 'p', device }] } } },
    });
    expect(ofClaim(got('x'), one, 'status')).toEqual([]);
    expect(ofClaim(got('x'), got('y'), 'status')[0]).toContain('status.allocation: Invalid value');
  });
  it('tell the state of devices that were allocated to them', () => {
    const one = claim({ requests: [{ name: 'a', exactly: wanted }] });
    const devices = [{ driver: 'd.io', pool: 'p', device: 'x' }];
    expect(ofClaim({ ...one, status: { devices } }, one, 'status')).toEqual([
      'status.devices[0]: Invalid value: {"Driver":"d.io","Pool":"p","Device":"x","ShareID":""}: must be an allocated device in the claim',
    ]);
  });
  it('are reserved only while they are allocated', () => {
    const told = (device: string, ...results: string[]): JsonObject => ({
      status: {
        ...(results.length === 0
          ? {}
          : { allocation: { devices: { results: results.map((d) => ({ driver: 'd.io', pool: 'p', device: d })) } } }),
        devices: device.split('').map((d) => ({ driver: 'd.io', pool: 'p', device: d })),
      },
    });
    const left = (now: JsonObject): unknown => {
      strategyFor(GROUP, 'resourceclaims').prepareForStatusUpdate?.(
        contextOf(GROUP, 'v1', 'resourceclaims'),
        now,
        told('xy', 'x', 'y'),
      );
      return now['status'];
    };
    // What is told of devices goes with them; of what was never there it stays, and is refused.
    expect(left(told('xyz', 'y'))).toEqual(told('yz', 'y')['status']);
    expect(left(told('xy'))).toEqual({});
    const status = { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] };
    expect(ofClaim(claim({}, { status }), claim({}), 'status')).toEqual([
      'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
    ]);
  });
});

describe('templates of resource claims', () => {
  const template = (name: string, metadata: JsonObject = {}): JsonObject => ({
    spec: { metadata, spec: { devices: { requests: [{ name, exactly: wanted }] } } },
  });
  it('give labels and annotations to the claims, and nothing else of metadata', () => {
    expect(ofTemplate(template('a', { labels: { a: 'b' }, annotations: { a: 'b' } }))).toEqual([]);
    const all = { name: 'n', uid: 'u', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] };
    expect(ofTemplate(template('a', all))).toEqual(
      ['name', 'uID', 'generation', 'creationTimestamp', 'finalizers'].map(
        (key) => `spec.metadata.${key}: Forbidden: cannot be set`,
      ),
    );
  });
  it('are looked at once more when they are changed, which they may not be', () => {
    expect(ofTemplate(template('a'), template('a'))).toEqual([]);
    const [wrong, fixed, ...more] = ofTemplate(template('A'), template('a'));
    expect(wrong).toContain('spec.spec.devices.requests[0].name: Invalid value: "A"');
    expect(fixed).toMatch(/^spec: Invalid value: {"Spec":{"Devices":{"Requests":\[{"Name":"A",.*field is immutable$/);
    expect(more).toEqual([]);
  });
});

describe('device classes', () => {
  it('stand for resources of other domains', () => {
    expect(ofClass({ spec: { extendedResourceName: 'example.com/gpu' } })).toEqual([]);
    expect(ofClass({ spec: { extendedResourceName: 'cpu' } })).toMatchInlineSnapshot(`
      [
        "spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name",
      ]
    `);
  });
});

describe('resource slices', () => {
  it('are for one node, nodes that are selected, or all', () => {
    expect(ofSlice(slice({ allNodes: true }))).toEqual([
      'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set',
    ]);
    expect(ofSlice(slice({ nodeName: 'n2' }), slice({}))).toEqual([
      'spec.nodeName: Invalid value: "n2": field is immutable',
    ]);
  });
  it('describe devices by one value for each attribute', () => {
    const attributes = {
      ok: { int: 1 },
      none: {},
      'example.com/two': { int: 1, bool: true },
      'no-identifier': { int: 1 },
    };
    const fieldErrors = ofSlice(slice({ devices: [{ name: 'd', attributes }] })).map((c) =>
      c.slice(0, c.indexOf(': ')),
    );
    expect(fieldErrors).toEqual([
      'spec.devices[0].attributes[example.com/two]',
      // Of a name that is wrong, the map is said to be wrong.
      'spec.devices[0].attributes',
      'spec.devices[0].attributes[none]',
    ]);
  });
  it('share a capacity in steps that fit', () => {
    const device = (requestPolicy: JsonObject): JsonObject =>
      slice({
        devices: [
          { name: 'd', allowMultipleAllocations: true, capacity: { memory: { value: '10Gi', requestPolicy } } },
        ],
      });
    const at = 'spec.devices[0].capacity[memory].requestPolicy';
    expect(ofSlice(device({ default: '1Gi', validRange: { min: '1Gi', step: '1Gi' } }))).toEqual([]);
    expect(ofSlice(device({ validRange: { min: '1Gi' } }))).toEqual([
      `${at}.default: Required value: required when validRange is defined`,
    ]);
    expect(ofSlice(device({ default: '1Gi', validRange: { min: '2Gi' } }))).toEqual([
      `${at}.validRange.min: Invalid value: "1Gi": default is less than min: 2Gi`,
    ]);
    expect(ofSlice(device({ default: '1Gi', validValues: ['2Gi', '1Gi'] }))).toEqual([
      `${at}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
    ]);
  });
  it('hold fewer devices when these are harder to choose', () => {
    const devices = (n: number, more: JsonObject): JsonObject[] =>
      Array.from({ length: n }, (_, i) => ({ name: `d${i}`, ...(i === 0 ? more : {}) }));
    expect(ofSlice(slice({ devices: devices(128, {}) }))).toEqual([]);
    expect(ofSlice(slice({ devices: devices(65, { taints: [{ key: 'k', effect: 'NoSchedule' }] }) }))).toEqual([
      'spec.devices: Too many: 65: must have at most 64 items',
    ]);
  });
});
