import { child, children, defaultTo, str } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../machinery/names.js';
import { asInGo } from '../generic/as-in-go.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkNodeSelector } from '../generic/node-selector.js';
import type { Strategy } from '../types.js';
import { checkBindingConditions } from './binding-conditions.js';
import { checkCapacity } from './capacity.js';
import { TAINT_EFFECTS } from './claim-spec.js';
import { checkItems, checkSet } from './collections.js';
import { dropGatedSliceFields } from './gated-fields.js';
import { checkDeviceName, checkDriverName, checkPoolName, checkQualifiedName } from './names.js';

const MAX_DEVICES = 128;
/** Of devices with taints or counters, which take more to evaluate. */
const MAX_COMPLEX_DEVICES = 64;
const MAX_PROPERTIES = 32;
const MAX_VALUE_BYTES = 64;
const MAX_TAINTS = 16;
const MAX_COUNTER_SETS = 8;
const MAX_COUNTERS = 32;
const MAX_CONSUMPTIONS = 2;
/** Domain, slash and identifier of a property; what is longer is shown with its middle left out. */
const MAX_PROPERTY_NAME = 63 + 1 + 32;
const MAX_COUNTER_NAME = 63;

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

function shortened(name: string, max: number): string {
  if (name.length <= max) return name;
  const left = max - 3;
  return `${name.slice(0, Math.ceil(left / 2))}...${name.slice(name.length - Math.floor(left / 2))}`;
}

/** Calls `check` for each value of a map of objects, after the name of it was checked. */
function checkMap(
  owner: FieldNode,
  key: string,
  max: number,
  longestName: number,
  checkName: (at: string, name: string) => void,
  check?: (value: FieldNode) => void,
): void {
  const count = owner.count(key);
  if (max >= 0 && count > max) {
    owner.tooMany(key, count, max);
    return;
  }
  const map = owner.struct(key);
  for (const name of Object.keys(map.value).sort()) {
    // What is wrong with the name of a value is said of the map.
    checkName(key, name);
    const value = map.child(name)?.value ?? {};
    check?.(new FieldNode(value, `${map.path}[${shortened(name, longestName)}]`, owner.problems));
  }
}

function checkAttribute(attribute: FieldNode): void {
  const kinds = ['bool', 'int', 'string', 'version'].filter((key) => attribute.has(key));
  if (attribute.has('version') && !SEMVER.test(attribute.text('version'))) {
    attribute.invalid('version', 'must be a string compatible with semver.org spec 2.0.0');
  }
  for (const key of ['string', 'version']) {
    if (Buffer.byteLength(attribute.text(key)) > MAX_VALUE_BYTES) attribute.tooLong(key, MAX_VALUE_BYTES);
  }
  if (kinds.length === 1) return;
  const printed = {
    IntValue: attribute.get('int') ?? null,
    BoolValue: attribute.get('bool') ?? null,
    StringValue: attribute.get('string') ?? null,
    VersionValue: attribute.get('version') ?? null,
    // Lists are taken out: DRAListTypeAttributes is off.
    IntValues: null,
    BoolValues: null,
    StringValues: null,
    VersionValues: null,
  };
  attribute.invalid('', 'exactly one value must be specified', kinds.length === 0 ? '' : printed);
}

function checkTaint(taint: FieldNode): void {
  taint.checkText('key', qualifiedName);
  if (taint.text('value') !== '') taint.checkText('value', labelValue);
  if (taint.text('effect') === '') taint.required('effect');
  else taint.requireOneOf('effect', TAINT_EFFECTS);
}

/** A set of counters, or what a device consumes of one. `key` names the set. */
function checkCounters(counters: FieldNode, key: string): void {
  counters.requireText(key, dns1123Label);
  if (counters.count('counters') === 0) counters.required('counters');
  else {
    checkMap(counters, 'counters', MAX_COUNTERS, MAX_COUNTER_NAME, (at, name) =>
      counters.checkText(at, dns1123Label, name),
    );
  }
}

/** Refuses every way to name nodes that says nothing, and answers those that say something. */
function nodesOf(owner: FieldNode, keys: readonly string[], emptyName: string): string[] {
  return keys.filter((key) => {
    if (!owner.has(key)) return false;
    if (key === 'nodeName') {
      if (owner.text(key) === '') owner.invalid(key, emptyName);
      else owner.checkText(key, dns1123Subdomain);
      return owner.text(key) !== '';
    }
    if (key === 'nodeSelector') {
      checkNodeSelector(owner.struct(key));
      if (owner.path === 'spec') checkOneTerm(owner.struct(key));
      return true;
    }
    if (!owner.flag(key)) owner.invalid(key, 'must be either unset or set to true');
    return owner.flag(key);
  });
}

/** One term can be merged with that of another slice. */
function checkOneTerm(selector: FieldNode): void {
  if (selector.count('nodeSelectorTerms') === 1) return;
  const terms = asInGo(selector.value, 'core.v1.NodeSelector')['NodeSelectorTerms'] ?? null;
  selector.invalid('nodeSelectorTerms', 'must have exactly one node selector term', terms);
}

const listed = (keys: readonly string[]): string => `{${keys.map((key) => `\`${key}\``).join(', ')}}`;

function checkDeviceNodes(device: FieldNode, perDevice: boolean): void {
  const keys = ['nodeName', 'nodeSelector', 'allNodes'];
  const when = '`perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (!perDevice) {
    if (keys.some((key) => device.has(key))) {
      device.invalid('', `\`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if ${when}`, null);
    }
    return;
  }
  const set = nodesOf(device, keys, 'must not be empty');
  const why = `exactly one of \`nodeName\`, \`nodeSelector\`, or \`allNodes\` is required when ${when}`;
  if (set.length === 0) device.required('', why);
  else if (set.length > 1) device.invalid('', why, listed(set));
}

function checkDevice(device: FieldNode, old: JsonObject | undefined, perDevice: boolean): void {
  checkDeviceName(device, 'name');
  const properties = device.count('attributes') + device.count('capacity');
  if (properties > MAX_PROPERTIES) {
    const why = `the total number of attributes and capacities must not exceed ${MAX_PROPERTIES}`;
    device.invalid('', why, properties);
  }
  const named = (at: string, name: string): void => checkQualifiedName(device, at, name);
  const shared = device.flag('allowMultipleAllocations');
  checkMap(device, 'attributes', -1, MAX_PROPERTY_NAME, named, checkAttribute);
  checkMap(device, 'capacity', -1, MAX_PROPERTY_NAME, named, (capacity) => checkCapacity(capacity, shared));
  if (old === undefined || !semanticEqual(old['taints'], device.get('taints'))) {
    checkItems(device, 'taints', MAX_TAINTS, checkTaint);
  }
  const consumption = (c: FieldNode): void => checkCounters(c, 'counterSet');
  checkSet(device, 'consumesCounters', MAX_CONSUMPTIONS, consumption, (c) => c.text('counterSet'));
  checkDeviceNodes(device, perDevice);
  checkBindingConditions(device);
}

function checkPool(pool: FieldNode): void {
  checkPoolName(pool, 'name');
  const slices = pool.number('resourceSliceCount') ?? 0;
  if (slices <= 0) pool.invalid('resourceSliceCount', 'must be greater than zero', slices);
  if ((pool.number('generation') ?? 0) < 0) pool.invalid('generation', 'must be greater than or equal to zero');
}

function checkNodes(spec: FieldNode): void {
  const keys = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'];
  const set = nodesOf(spec, keys, 'must be either unset or set to a non-empty string');
  const why = `exactly one of ${keys.map((key) => `\`${key}\``).join(', ')} is required`;
  if (set.length === 0) spec.required('', why);
  else if (set.length > 1) spec.invalid('', `${why}, but multiple fields are set`, listed(set));
}

function checkSlice(root: FieldNode, old: JsonObject | undefined): void {
  const spec = root.struct('spec');
  const before = child(old, 'spec');
  checkDriverName(spec, 'driver');
  const pool = spec.struct('pool');
  checkPool(pool);
  if (before !== undefined) {
    pool.immutable('name', child(before, 'pool'));
    spec.immutable('driver', before);
    spec.immutable('nodeName', before, spec.get('nodeName') ?? null);
  }
  checkNodes(spec);
  // An empty list is one too.
  if (spec.shown('sharedCounters') !== undefined && spec.shown('devices') !== undefined) {
    spec.invalid('', 'only one of `sharedCounters` or `devices` is allowed', '');
  }
  const devices = spec.list('devices');
  const complex = devices.some((d) => d.count('taints') > 0 || d.count('consumesCounters') > 0);
  const perDevice = spec.flag('perDeviceNodeSelection');
  const known = new Map(children(before, 'devices').map((d) => [str(d, 'name'), d]));
  checkSet(
    spec,
    'devices',
    complex ? MAX_COMPLEX_DEVICES : MAX_DEVICES,
    (device) => checkDevice(device, known.get(device.text('name')), perDevice),
    (device) => device.text('name'),
  );
  const counterSet = (set: FieldNode): void => checkCounters(set, 'name');
  checkSet(spec, 'sharedCounters', MAX_COUNTER_SETS, counterSet, (set) => set.text('name'));
}

export const resourceSlices: Strategy = {
  defaults(slice) {
    for (const device of children(child(slice, 'spec'), 'devices')) {
      for (const taint of children(device, 'taints')) {
        defaultTo(taint, 'timeAdded', new Date().toISOString().replace(/\.\d+Z$/, 'Z'));
      }
    }
  },
  prepareForCreate: (_ctx, slice) => dropGatedSliceFields(slice, undefined),
  prepareForUpdate: (_ctx, slice, old) => dropGatedSliceFields(slice, old),
  validate: (slice) => validating(slice, (root) => checkSlice(root, undefined)),
  validateUpdate: (slice, old) => validating(slice, (root) => checkSlice(root, old)),
  fieldNames: ['spec.nodeName', 'spec.driver'],
  fields(slice) {
    const spec = child(slice, 'spec');
    return { 'spec.nodeName': str(spec, 'nodeName'), 'spec.driver': str(spec, 'driver') };
  },
};
