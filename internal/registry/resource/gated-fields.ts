import { child, children } from '../../machinery/access.js';
import { isObject, type JsonObject } from '../../machinery/json.js';

// Fields of slices whose feature gates are off in v1.36 (k8s.io/kubernetes pkg/registry/resource/resourceslice,
// dropDisabledFields): taken out of what drivers send, unless the slice that is replaced has one of their kind.

const LISTS = ['ints', 'bools', 'strings', 'versions'] as const;

const devicesOf = (slice: JsonObject | undefined): JsonObject[] => children(child(slice, 'spec'), 'devices');

const attributesOf = (device: JsonObject): JsonObject[] =>
  Object.values(child(device, 'attributes') ?? {}).filter((attribute) => isObject(attribute));

const hasLists = (device: JsonObject): boolean =>
  attributesOf(device).some((attribute) => LISTS.some((key) => attribute[key] !== undefined));

const hasMappings = (device: JsonObject): boolean =>
  Object.keys(child(device, 'nodeAllocatableResourceMappings') ?? {}).length > 0;

/** Takes the gated fields out of a ResourceSlice. `old`: the slice that is replaced. */
export function dropGatedSliceFields(slice: JsonObject, old: JsonObject | undefined): void {
  const before = devicesOf(old);
  // DRAListTypeAttributes
  if (!before.some(hasLists)) {
    for (const attribute of devicesOf(slice).flatMap(attributesOf)) for (const key of LISTS) delete attribute[key];
  }
  // DRANodeAllocatableResources
  if (!before.some(hasMappings)) {
    for (const device of devicesOf(slice)) delete device['nodeAllocatableResourceMappings'];
  }
}
