import { child, children, num, str } from '../../../machinery/access.js';
import { isObject, type JsonObject } from '../../../machinery/json.js';
import { addQuantity, compareQuantity, signOfQuantity, subQuantity } from '../../../machinery/quantity.js';
import type { ObjectReader } from '../../types.js';
import { type Amounts, countOf, type MutableAmounts } from '../amounts.js';
import { DEVICE_CLASS, isExtendedResourceOfQuota, requestsOf } from '../names.js';
import { podUsage } from './pod-usage.js';
import type { Evaluator } from './types.js';

const COUNT = 'count/resourceclaims.resource.k8s.io';
const BY_CLASS = '.deviceclass.resource.k8s.io/devices';
const BY_IMPLICIT_NAME = requestsOf(DEVICE_CLASS);
/** What a claim can be given at most: what one for all devices counts (resourceapi.AllocationResultsMaxSize). */
const DEVICES_MAX = 32;
const OF_EXTENDED_RESOURCE = 'resource.kubernetes.io/extended-resource-claim';

const extendedNameOf = (deviceClass: JsonObject | undefined): string =>
  str(child(deviceClass, 'spec'), 'extendedResourceName');

const deviceClass = (reader: ObjectReader, name: string): JsonObject | undefined =>
  name === '' ? undefined : reader.get('resource.k8s.io', 'deviceclasses', '', name);

/** Whether a quota's name for an extended resource means devices of a class. */
function meansDevices(name: string, reader: ObjectReader): boolean {
  if (name.startsWith(BY_IMPLICIT_NAME)) return deviceClass(reader, name.slice(BY_IMPLICIT_NAME.length)) !== undefined;
  if (!isExtendedResourceOfQuota(name)) return false;
  const resource = name.slice(requestsOf('').length);
  return reader.list('resource.k8s.io', 'deviceclasses').some((of) => extendedNameOf(of) === resource);
}

function devicesOf(request: JsonObject): number {
  switch (str(request, 'allocationMode')) {
    case 'ExactCount':
      return num(request, 'count') ?? 0;
    case 'All':
      return DEVICES_MAX;
    default:
      return 0;
  }
}

/** Devices by class: of alternatives the most that each class could be asked for. */
function devicesByClass(claim: JsonObject): MutableAmounts {
  const used: MutableAmounts = new Map();
  const add = (name: string, devices: number): void => {
    const have = used.get(name);
    used.set(name, have === undefined ? countOf(devices) : addQuantity(have, countOf(devices)));
  };
  for (const request of children(child(child(claim, 'spec'), 'devices'), 'requests')) {
    const alternatives = children(request, 'firstAvailable');
    const exactly = child(request, 'exactly');
    if (alternatives.length > 0) {
      const most = new Map<string, number>();
      for (const one of alternatives) {
        const name = `${str(one, 'deviceClassName')}${BY_CLASS}`;
        const devices = devicesOf(one);
        if (devices > (most.get(name) ?? 0)) most.set(name, devices);
      }
      for (const [name, devices] of most) add(name, devices);
    } else if (exactly !== undefined) {
      add(`${str(exactly, 'deviceClassName')}${BY_CLASS}`, devicesOf(exactly));
    }
  }
  return used;
}

const ownerOf = (claim: JsonObject): JsonObject | undefined =>
  children(child(claim, 'metadata'), 'ownerReferences').find((owner) => owner['controller'] === true);

const isForExtendedResource = (claim: JsonObject): boolean =>
  str(child(child(claim, 'metadata'), 'annotations'), OF_EXTENDED_RESOURCE) === 'true';

/**
 * What the pod uses for whose extended resources the scheduler made this claim: that much is charged already. Nothing
 * unless the pod is there and this is its only claim of the kind, or its first.
 */
function chargedWithPod(claim: JsonObject, namespace: string, reader: ObjectReader): Amounts | undefined {
  if (!isForExtendedResource(claim)) return undefined;
  const owner = ownerOf(claim);
  if (owner === undefined || str(owner, 'kind') !== 'Pod' || str(owner, 'apiVersion') !== 'v1') return undefined;
  const pod = reader.get('', 'pods', namespace, str(owner, 'name'));
  const uid = str(owner, 'uid');
  if (pod === undefined || str(child(pod, 'metadata'), 'uid') !== uid) return undefined;
  const meta = child(claim, 'metadata');
  const named = child(pod, 'status')?.['extendedResourceClaimStatus'];
  if (isObject(named)) {
    if (str(named, 'resourceClaimName') !== str(meta, 'name')) return undefined;
  } else {
    const age = [str(meta, 'creationTimestamp'), str(meta, 'name')].join(' ');
    const others = [...reader.pages('resource.k8s.io', 'resourceclaims', namespace)]
      .flat()
      .map(({ value }) => JSON.parse(value.toString()) as JsonObject)
      .filter((other) => isForExtendedResource(other) && str(ownerOf(other), 'uid') === uid)
      .map((other) => child(other, 'metadata'));
    if (others.some((other) => [str(other, 'creationTimestamp'), str(other, 'name')].join(' ') < age)) return undefined;
  }
  return podUsage(pod, Date.now());
}

/** Claims for devices: how many claims, how many devices of each class, also by the names of extended resources. */
export const resourceClaimEvaluator: Evaluator = {
  handles: (a) => a.subresource === '' && (a.operation === 'CREATE' || a.operation === 'UPDATE'),
  matching: (names, reader) =>
    [...names].filter((name) => name === COUNT || name.endsWith(BY_CLASS) || meansDevices(name, reader)),
  inScope: undefined,
  usage(claim, namespace, reader) {
    const byClass = devicesByClass(claim);
    const used: MutableAmounts = new Map([[COUNT, countOf(1)], ...byClass]);
    const charged = chargedWithPod(claim, namespace, reader);
    for (const [name, devices] of byClass) {
      const className = name.slice(0, -BY_CLASS.length);
      if (className === '') continue;
      const extended = extendedNameOf(deviceClass(reader, className));
      const names = [`${BY_IMPLICIT_NAME}${className}`, ...(extended === '' ? [] : [requestsOf(extended)])];
      for (const asExtended of names) {
        const already = charged?.get(asExtended);
        const rest = already === undefined ? devices : subQuantity(devices, already);
        const have = used.get(asExtended);
        if (signOfQuantity(rest) > 0 && (have === undefined || compareQuantity(rest, have) > 0))
          used.set(asExtended, rest);
      }
    }
    return used;
  },
};
