import { child, children } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { duplicate, invalidValue, required } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Subdomain, qualifiedName } from '../../machinery/names.js';
import { type FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

const MAX_DRIVER_BYTES = 63;
const MAX_NODE_ID_BYTES = 256;

/** The name of a CSI driver: a subdomain in any case, at most 63 bytes. */
export function checkCsiDriverName(owner: FieldNode, key: string): void {
  const name = owner.text(key);
  if (name === '') {
    owner.required(key);
    return;
  }
  if (Buffer.byteLength(name) > MAX_DRIVER_BYTES) owner.tooLong(key, MAX_DRIVER_BYTES);
  for (const message of dns1123Subdomain(name.toLowerCase())) owner.invalid(key, message);
}

function checkDriver(driver: FieldNode, names: Set<string>): void {
  checkCsiDriverName(driver, 'name');
  const nodeID = driver.text('nodeID');
  if (nodeID === '') driver.required('nodeID');
  if (Buffer.byteLength(nodeID) > MAX_NODE_ID_BYTES) {
    driver.invalid('nodeID', `must be ${MAX_NODE_ID_BYTES} characters or less`);
  }
  driver.struct('allocatable').nonNegative('count');
  const name = driver.text('name');
  if (names.has(name)) driver.duplicate('name', name);
  names.add(name);
  checkTopologyKeys(driver);
}

/** Field errors are about the driver, not about the list. */
function checkTopologyKeys(driver: FieldNode): void {
  const seen = new Set<string>();
  for (const key of driver.texts('topologyKeys')) {
    if (key === '') driver.add(required(driver.path));
    if (seen.has(key)) driver.add(duplicate(driver.path, key));
    seen.add(key);
    for (const message of qualifiedName(key)) driver.add(invalidValue(driver.path, key, message));
  }
}

function check(root: FieldNode): void {
  const names = new Set<string>();
  for (const driver of root.struct('spec').list('drivers')) checkDriver(driver, names);
}

/** What of a driver may not change: all but how many volumes it takes. */
const fixedPart = (driver: JsonObject): JsonObject => ({
  Name: driver['name'],
  NodeID: driver['nodeID'],
  TopologyKeys: driver['topologyKeys'] ?? null,
  Allocatable: null,
});

export const csiNodes: Strategy = {
  validate: (node) => validating(node, check),
  validateUpdate: (node, old) =>
    validating(node, (root) => {
      check(root);
      const spec = root.struct('spec');
      for (const before of children(child(old, 'spec'), 'drivers')) {
        for (const driver of spec.list('drivers')) {
          if (driver.text('name') !== before['name']) continue;
          const fixed = fixedPart(driver.value);
          if (!semanticEqual(fixed, fixedPart(before))) spec.invalid('drivers', IMMUTABLE, fixed);
        }
      }
    }),
};
