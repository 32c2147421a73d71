import { child, children, defaultNumber, defaultString } from '../../machinery/access.js';
import { deepEqual, semanticEqual } from '../../machinery/equal.js';
import { canonicalCidr, legacyIP } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { asInGo } from '../generic/as-in-go.js';
import { checkConditions } from '../generic/conditions.js';
import { FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
import { checkNodeSelector } from '../generic/node-selector.js';
import { checkTemplateMeta } from '../generic/template-meta.js';
import type { Strategy } from '../types.js';
import { checkAdminRequests, checkAdminResults } from './admin-access.js';
import { checkBindingConditions } from './binding-conditions.js';
import {
  checkClaimSpec,
  checkConfigurationFor,
  checkRawObject,
  checkRequestRef,
  MAX_CONFIGS,
  type RequestNames,
  requestNamesOf,
} from './claim-spec.js';
import { checkItems, checkSet, checkTextSet } from './collections.js';
import { checkDeviceName, checkDriverName, checkPoolName } from './names.js';

const MAX_CONSUMERS = 256;
const MAX_RESULTS = 32;
const MAX_DEVICE_CONDITIONS = 8;
const MAX_IPS = 16;
const MAX_INTERFACE_BYTES = 256;
const MAX_HARDWARE_BYTES = 128;

// Defaults: k8s.io/kubernetes pkg/apis/resource/v1/defaults.go.

function defaultRequest(request: JsonObject): void {
  defaultString(request, 'allocationMode', 'ExactCount');
  if (request['allocationMode'] === 'ExactCount') defaultNumber(request, 'count', 1);
  for (const toleration of children(request, 'tolerations')) defaultString(toleration, 'operator', 'Equal');
}

function defaultClaimSpec(spec: JsonObject | undefined): void {
  for (const request of children(child(spec, 'devices'), 'requests')) {
    const exactly = child(request, 'exactly');
    if (exactly !== undefined) defaultRequest(exactly);
    for (const alternative of children(request, 'firstAvailable')) defaultRequest(alternative);
  }
}

/** A device of an allocation, or of its status: driver, pool, name, and the share of it. */
const deviceIdInGo = (device: FieldNode): JsonObject => ({
  Driver: device.text('driver'),
  Pool: device.text('pool'),
  Device: device.text('device'),
  ShareID: device.text('shareID'),
});
const deviceId = (device: FieldNode): string => JSON.stringify(deviceIdInGo(device));

const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function checkShare(device: FieldNode): void {
  if (!device.has('shareID')) return;
  const uid = device.text('shareID');
  if (UID.test(uid)) return;
  const known = UID.test(uid.toLowerCase());
  device.invalid(
    'shareID',
    known
      ? 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
      : `error validating uid: invalid UUID ${uid.length === 36 ? 'format' : `length: ${uid.length}`}`,
  );
}

function checkDevice(device: FieldNode): void {
  checkDriverName(device, 'driver');
  checkPoolName(device, 'pool');
  checkDeviceName(device, 'device');
}

function checkResult(result: FieldNode, names: RequestNames): void {
  checkRequestRef(result, 'request', result.text('request'), names);
  checkDevice(result);
  checkBindingConditions(result);
  checkShare(result);
}

function checkAllocatedConfig(config: FieldNode, names: RequestNames): void {
  if (config.text('source') === '') config.required('source');
  else config.requireOneOf('source', ['FromClaim', 'FromClass']);
  checkConfigurationFor(config, names);
}

function checkAllocation(allocation: FieldNode, names: RequestNames): void {
  const devices = allocation.struct('devices');
  checkItems(devices, 'results', MAX_RESULTS, (result) => checkResult(result, names));
  // Those of the class and those of the claim.
  checkItems(devices, 'config', 2 * MAX_CONFIGS, (config) => checkAllocatedConfig(config, names));
  const selector = allocation.child('nodeSelector');
  if (selector !== undefined) checkNodeSelector(selector);
}

function checkConsumer(consumer: FieldNode): void {
  for (const key of ['resource', 'name', 'uid']) consumer.requireText(key);
}

/** An address with the length of its network, such as `192.0.2.5/24`. */
function interfaceAddress(value: string): string[] {
  const [address = ''] = value.split('/');
  const bad = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)';
  if (!value.includes('/') || legacyIP(address).length > 0) return [bad];
  const fieldErrors = canonicalCidr(value);
  return fieldErrors.some((c) => c.startsWith('must be a valid CIDR')) ? [bad] : [];
}

function checkNetworkData(data: FieldNode): void {
  for (const [key, max] of [
    ['interfaceName', MAX_INTERFACE_BYTES],
    ['hardwareAddress', MAX_HARDWARE_BYTES],
  ] as const) {
    if (Buffer.byteLength(data.text(key)) > max) data.tooLong(key, max);
  }
  checkTextSet(data, 'ips', MAX_IPS, (at, value) => data.checkText(at, interfaceAddress, value));
}

function checkDeviceStatus(device: FieldNode, allocated: ReadonlySet<string>): void {
  checkDevice(device);
  checkShare(device);
  if (!allocated.has(deviceId(device))) {
    device.invalid('', 'must be an allocated device in the claim', deviceIdInGo(device));
  }
  const conditions = device.count('conditions');
  if (conditions > MAX_DEVICE_CONDITIONS) device.tooMany('conditions', conditions, MAX_DEVICE_CONDITIONS);
  checkConditions(device);
  if (device.has('data')) checkRawObject(device, 'data');
  const network = device.child('networkData');
  if (network !== undefined) checkNetworkData(network);
}

function checkReservations(status: FieldNode, before: FieldNode, deleted: boolean): void {
  const consumers = status.list('reservedFor').map((c) => c.value);
  if (consumers.length === 0) return;
  if (!status.has('allocation')) {
    status.forbidden('reservedFor', 'may not be specified when `allocated` is not set');
    return;
  }
  const old = before.list('reservedFor').map((c) => c.value);
  if (deleted && consumers.some((c) => !old.some((o) => deepEqual(o, c)))) {
    status.forbidden(
      'reservedFor',
      'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
    );
  }
}

function checkClaimStatus(root: FieldNode, old: JsonObject): void {
  const status = root.struct('status');
  const before = new FieldNode(old).struct('status');
  const names = requestNamesOf(root.struct('spec').struct('devices'));
  checkSet(status, 'reservedFor', MAX_CONSUMERS, checkConsumer, (consumer) => consumer.text('uid'));
  const allocation = status.child('allocation');
  const allocated = new Set((allocation?.struct('devices').list('results') ?? []).map(deviceId));
  checkSet(status, 'devices', -1, (device) => checkDeviceStatus(device, allocated), deviceId, deviceIdInGo);
  checkReservations(status, before, root.struct('metadata').has('deletionTimestamp'));
  if (allocation === undefined) return;
  if (!before.has('allocation')) checkAllocation(allocation, names);
  else if (!semanticEqual(allocation.value, before.get('allocation'))) {
    status.invalid('allocation', IMMUTABLE, asInGo(allocation.value, 'io.k8s.api.resource.v1.AllocationResult'));
  }
}

function immutableSpec(root: FieldNode, old: JsonObject, type: string): void {
  const spec = root.struct('spec');
  if (!semanticEqual(root.get('spec'), old['spec'])) {
    spec.invalid('', IMMUTABLE, asInGo(spec.value, `io.k8s.api.resource.v1.${type}`));
  }
}

const allocatedDevices = (status: FieldNode): FieldNode[] =>
  status.struct('allocation').struct('devices').list('results');

/** What is told of devices goes with them, so that who takes them back need not know of it (dropDeallocatedStatusDevices). */
function dropDeallocated(claim: JsonObject, old: JsonObject): void {
  const status = new FieldNode(claim).struct('status');
  const gone = new Set(allocatedDevices(new FieldNode(old).struct('status')).map(deviceId));
  for (const device of allocatedDevices(status)) gone.delete(deviceId(device));
  const kept = status.list('devices').filter((device) => !gone.has(deviceId(device)));
  if (kept.length === status.count('devices')) return;
  if (kept.length === 0) delete status.value['devices'];
  else status.value['devices'] = kept.map((device) => device.value);
}

export const resourceClaims: Strategy = {
  defaults: (claim) => defaultClaimSpec(child(claim, 'spec')),
  prepareForCreate(_ctx, claim) {
    claim['status'] = {};
  },
  prepareForStatusUpdate: (_ctx, claim, old) => dropDeallocated(claim, old),
  validateFirst: (claim, ctx) => checkAdminRequests(child(claim, 'spec'), ctx),
  validate: (claim) => validating(claim, (root) => checkClaimSpec(root.struct('spec'))),
  validateUpdate: (claim, old) => validating(claim, (root) => immutableSpec(root, old, 'ResourceClaimSpec')),
  validateStatusUpdate(claim, old, ctx) {
    const errors = validating(claim, (root) => checkClaimStatus(root, old));
    const first = checkAdminResults(claim, old, ctx);
    return first instanceof Promise ? first.then((found) => [...found, ...errors]) : [...first, ...errors];
  },
};

function checkTemplate(root: FieldNode): void {
  const spec = root.struct('spec');
  checkTemplateMeta(spec.struct('metadata'));
  checkClaimSpec(spec.struct('spec'));
}

export const resourceClaimTemplates: Strategy = {
  defaults: (template) => defaultClaimSpec(child(child(template, 'spec'), 'spec')),
  validateFirst: (template, ctx) => checkAdminRequests(child(child(template, 'spec'), 'spec'), ctx),
  validate: (template) => validating(template, checkTemplate),
  validateUpdate: (template, old) =>
    validating(template, (root) => {
      checkTemplate(root);
      immutableSpec(root, old, 'ResourceClaimTemplateSpec');
    }),
};
