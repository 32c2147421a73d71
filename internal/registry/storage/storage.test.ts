import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';

const GROUP = 'storage.k8s.io';
const ofClass = fieldErrorsOf(GROUP, 'storageclasses');
const ofDriver = fieldErrorsOf(GROUP, 'csidrivers');
const ofNode = fieldErrorsOf(GROUP, 'csinodes');
const ofAttachment = fieldErrorsOf(GROUP, 'volumeattachments');
const ofAttributes = fieldErrorsOf(GROUP, 'volumeattributesclasses');
const ofCapacity = fieldErrorsOf(GROUP, 'csistoragecapacities');

const storageClass = (more: JsonObject = {}): JsonObject => ({
  provisioner: 'csi.example.com',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  ...more,
});

describe('storage classes', () => {
  it('want a provisioner and known policies', () => {
    expect(ofClass(storageClass())).toEqual([]);
    expect(ofClass(storageClass({ provisioner: '', reclaimPolicy: 'Recycle' }))).toEqual([
      'provisioner: Required value',
      'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
    ]);
  });
  it('never change what volumes were made by', () => {
    expect(ofClass(storageClass({ parameters: { a: '2' } }), storageClass({ parameters: { a: '1' } }))).toEqual([
      'parameters: Invalid value: {"a":"2"}: field is immutable',
    ]);
    expect(ofClass(storageClass({ mountOptions: ['ro'] }), storageClass())).toEqual([]);
  });
  it('want topology terms that differ', () => {
    const term = { matchLabelExpressions: [{ key: 'zone', values: ['a', 'b'] }] };
    const same = { matchLabelExpressions: [{ key: 'zone', values: ['b', 'a'] }] };
    expect(ofClass(storageClass({ allowedTopologies: [term, same] }))).toEqual([
      'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
    ]);
  });
});

describe('CSI', () => {
  const driver = (spec: JsonObject): JsonObject => ({
    spec: { attachRequired: true, podInfoOnMount: false, storageCapacity: false, seLinuxMount: false, ...spec },
  });
  it('drivers keep their life cycles, and ask for tokens of sensible life', () => {
    expect(
      ofDriver(driver({ volumeLifecycleModes: ['Ephemeral'] }), driver({ volumeLifecycleModes: ['Persistent'] })),
    ).toEqual(['spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable']);
    expect(ofDriver(driver({ tokenRequests: [{ audience: 'a', expirationSeconds: 1 }, { audience: 'a' }] }))).toEqual([
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ]);
  });
  it('drivers of a node may come, go and change their count, nothing else', () => {
    const node = (nodeID: string, count: number): JsonObject => ({
      spec: { drivers: [{ name: 'a', nodeID, topologyKeys: ['zone'], allocatable: { count } }] },
    });
    expect(ofNode(node('n1', 5), node('n1', 3))).toEqual([]);
    expect(ofNode(node('n2', 5), node('n1', 3))).toMatchInlineSnapshot(`
      [
        "spec.drivers: Invalid value: {"Name":"a","NodeID":"n2","TopologyKeys":["zone"],"Allocatable":null}: field is immutable",
      ]
    `);
    expect(ofNode({ spec: {} }, node('n1', 3))).toEqual([]);
  });
  it('capacities are not negative', () => {
    expect(ofCapacity({ storageClassName: 'fast', capacity: '-1' })).toEqual([
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ]);
  });
});

describe('volumes', () => {
  const attachment = (name: string, status: JsonObject = {}): JsonObject => ({
    spec: { attacher: 'csi.example.com', nodeName: 'n1', source: { persistentVolumeName: name } },
    status,
  });
  it('are attached once and for all', () => {
    expect(ofAttachment(attachment('a'))).toEqual([]);
    expect(ofAttachment(attachment('a'), attachment('b'))).toEqual([
      'spec: Invalid value: {"Attacher":"csi.example.com","Source":{"PersistentVolumeName":"a","InlineVolumeSpec":null},"NodeName":"n1"}: field is immutable',
    ]);
    expect(
      ofAttachment(attachment('a', { attachError: { message: 'x'.repeat(1025) } }), attachment('a'), 'status'),
    ).toEqual(['status.attachError.message: Too long: may not be more than 1024 bytes']);
  });
  it('have attributes that never change', () => {
    const of = (a: string): JsonObject => ({ driverName: 'csi.example.com', parameters: { a } });
    expect(ofAttributes({ driverName: 'csi.example.com' })).toEqual([
      'parameters: Required value: must contain at least one key/value pair',
    ]);
    expect(ofAttributes(of('2'), of('1'))).toEqual(['parameters: Forbidden: updates to parameters are forbidden.']);
  });
});

describe('what is said of changed and inline volumes', () => {
  it('a capacity is looked at whole, and stays where it is and of which class', () => {
    const capacity = (more: JsonObject): JsonObject => ({ storageClassName: 'a', ...more });
    expect(ofCapacity(capacity({ capacity: '1Gi' }), capacity({}))).toEqual([]);
    expect(ofCapacity(capacity({ capacity: '-1' }), capacity({}))).toEqual([
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ]);
    // Every node, instead of none.
    expect(ofCapacity(capacity({ nodeTopology: {} }), capacity({}))).toEqual([
      'nodeTopology: Invalid value: {}: field is immutable',
    ]);
    expect(ofCapacity(capacity({ nodeTopology: {} }), capacity({ nodeTopology: {} }))).toEqual([]);
    expect(ofCapacity(capacity({ storageClassName: 'B' }), capacity({})).map((c) => c.split(':')[0])).toEqual([
      'storageClassName',
      'storageClassName',
    ]);
  });
  it('an inline volume is of a CSI driver alone, and nobody can claim it', () => {
    const attach = (inlineVolumeSpec: JsonObject): JsonObject => ({
      spec: { attacher: 'csi.example.com', nodeName: 'n', source: { inlineVolumeSpec } },
    });
    const csi = { driver: 'csi.example.com', volumeHandle: 'v' };
    const inline = { accessModes: ['ReadWriteOnce'], csi };
    expect(ofAttachment(attach(inline))).toEqual([]);
    const at = 'spec.source.inlineVolumeSpec';
    expect(ofAttachment(attach({ hostPath: { path: '/x' }, claimRef: {}, storageClassName: 'c' }))).toEqual([
      `${at}.claimRef: Forbidden: may not be specified in the context of inline volumes`,
      `${at}.csi: Required value: has to be specified in the context of inline volumes`,
      `${at}.accessModes: Required value`,
      `${at}.storageClassName: Forbidden: may not be specified in the context of inline volumes`,
    ]);
    expect(ofAttachment(attach({ ...inline, nfs: { server: 's', path: '/' } }))).toEqual([
      `${at}.csi: Forbidden: may not specify more than 1 volume type`,
    ]);
  });
});
