import { isObject } from '../../machinery/json.js';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';
import { checkItems, checkSet, checkTextSet } from './collections.js';
import { checkDriverName, checkFullName } from './names.js';
import { checkSelectors } from './selector.js';

const MAX_REQUESTS = 32;
const MAX_ALTERNATIVES = 8;
const MAX_CONSTRAINTS = 32;
export const MAX_CONFIGS = 32;
const MAX_PARAMETER_BYTES = 10 * 1024;
export const TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'None'];

/** Names of requests, each with those of its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNamesOf(devices: FieldNode): RequestNames {
  return new Map(
    devices
      .list('requests')
      .map((r) => [r.text('name'), new Set(r.list('firstAvailable').map((alternative) => alternative.text('name')))]),
  );
}

/** Field errors of a reference to a request, or with a slash to one of its alternatives. */
export function checkRequestRef(owner: FieldNode, at: string, name: string, names: RequestNames): void {
  const wrong = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const parts = name.split('/');
  const [request = '', alternative] = parts;
  if (parts.length > 2) {
    owner.invalid(at, wrong, name);
    return;
  }
  for (const part of parts) owner.checkText(at, dns1123Label, part);
  const alternatives = names.get(request);
  if (alternatives === undefined || (alternative !== undefined && !alternatives.has(alternative))) {
    owner.invalid(at, wrong, name);
  }
}

function checkToleration(toleration: FieldNode): void {
  if (toleration.text('key') !== '') toleration.checkText('key', qualifiedName);
  switch (toleration.text('operator')) {
    case 'Exists':
      if (toleration.text('value') !== '') toleration.invalid('value', 'must be empty for operator `Exists`');
      break;
    case 'Equal':
      toleration.checkText('value', labelValue);
      break;
    case '':
      toleration.required('operator');
      break;
    default:
      toleration.unsupported('operator', ['Equal', 'Exists']);
  }
  if (toleration.text('effect') !== '') toleration.requireOneOf('effect', TAINT_EFFECTS);
}

/** What a request and each of its alternatives say alike. */
function checkWanted(request: FieldNode): void {
  request.requireText('deviceClassName', dns1123Subdomain);
  checkSelectors(request);
  const mode = request.text('allocationMode');
  const count = request.number('count') ?? 0;
  if (mode === 'All') {
    if (count !== 0) request.invalid('count', `must not be specified when allocationMode is '${mode}'`);
  } else if (mode !== 'ExactCount') request.unsupported('allocationMode', ['All', 'ExactCount']);
  else if (count <= 0) request.invalid('count', 'must be greater than zero', count);
  request.list('tolerations').forEach(checkToleration);
}

function checkAlternative(alternative: FieldNode): void {
  alternative.checkText('name', dns1123Label);
  checkWanted(alternative);
}

function checkRequest(request: FieldNode): void {
  request.checkText('name', dns1123Label);
  const exactly = request.child('exactly');
  const alternatives = request.count('firstAvailable') > 0;
  const one = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly !== undefined && alternatives) request.invalid('', `${one}, but multiple fields are set`, null);
  else if (exactly !== undefined) checkWanted(exactly);
  else if (!alternatives) request.required('', one);
  else checkSet(request, 'firstAvailable', MAX_ALTERNATIVES, checkAlternative, (a) => a.text('name'));
}

function checkConstraint(constraint: FieldNode, names: RequestNames): void {
  checkTextSet(constraint, 'requests', MAX_REQUESTS, (at, name) => checkRequestRef(constraint, at, name, names));
  if (constraint.has('matchAttribute')) checkFullName(constraint, 'matchAttribute');
  else if (constraint.has('distinctAttribute')) checkFullName(constraint, 'distinctAttribute');
  else {
    constraint.required(
      '',
      'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    );
  }
}

/** Field errors of an opaque JSON object of bounded size. `stored`: it was there before, and stays whatever its size. */
export function checkRawObject(owner: FieldNode, key: string, stored = false): void {
  const v = owner.value[key];
  if (v === undefined || v === null) owner.required(key);
  else if (!stored && Buffer.byteLength(JSON.stringify(v)) > MAX_PARAMETER_BYTES) {
    owner.tooLong(key, MAX_PARAMETER_BYTES);
  } else if (!isObject(v)) owner.invalid(key, 'must be a valid JSON object', '<value omitted>');
}

/** Field errors of configuration that a driver understands. */
export function checkConfiguration(config: FieldNode, stored = false): void {
  const opaque = config.child('opaque');
  if (opaque === undefined) {
    config.required('opaque');
    return;
  }
  checkDriverName(opaque, 'driver');
  checkRawObject(opaque, 'parameters', stored);
}

/** As `checkConfiguration`, for the requests that it is for. */
export function checkConfigurationFor(config: FieldNode, names: RequestNames): void {
  checkTextSet(config, 'requests', MAX_REQUESTS, (at, name) => checkRequestRef(config, at, name, names));
  checkConfiguration(config);
}

/** Field errors of a ResourceClaimSpec. */
export function checkClaimSpec(spec: FieldNode): void {
  const devices = spec.struct('devices');
  const names = requestNamesOf(devices);
  checkSet(devices, 'requests', MAX_REQUESTS, checkRequest, (r) => r.text('name'));
  checkItems(devices, 'constraints', MAX_CONSTRAINTS, (constraint) => checkConstraint(constraint, names));
  checkItems(devices, 'config', MAX_CONFIGS, (config) => checkConfigurationFor(config, names));
}
