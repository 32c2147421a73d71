import { children, defaultTo } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { invalidValue } from '../../machinery/field.js';
import { legacyIP, nonSpecialIP } from '../../machinery/formats.js';
import { parseIP } from '../../machinery/ip.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../machinery/names.js';
import { FieldNode, IMMUTABLE, type TextCheck, validating } from '../generic/field-node.js';
import { labelErrors } from '../generic/object-meta.js';
import type { Strategy } from '../types.js';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_TOPOLOGY_LABELS = 16;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_ENDPOINTS = 1000;
/** Zones, and nodes, that an endpoint may be hinted for. */
const MAX_HINTS = 8;

/** A domain name of two labels or more; a trailing dot is taken as the root. */
const fqdn: TextCheck = (value) => {
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  const fieldErrors = dns1123Subdomain(name);
  if (fieldErrors.length > 0) return fieldErrors;
  return name.includes('.') ? [] : ['should be a domain with at least two segments separated by dots'];
};

/** How addresses of a type are read; `kept` are those that the stored slice already has. */
function addressCheck(type: string, kept: ReadonlySet<string>): TextCheck {
  if (type === 'FQDN') return fqdn;
  if (type !== 'IPv4' && type !== 'IPv6') return () => [];
  return (value) => {
    const fieldErrors = kept.has(value) ? [] : legacyIP(value);
    if (fieldErrors.length > 0) return fieldErrors;
    const family = parseIP(value)?.family;
    if (family !== undefined && family !== type) return [`must be an ${type} address`];
    return nonSpecialIP(value);
  };
}

function checkHints(hints: FieldNode, key: string, check: TextCheck): void {
  const items = hints.list(key);
  if (items.length > MAX_HINTS) {
    hints.tooMany(key, items.length, MAX_HINTS);
    return;
  }
  const seen = new Set<string>();
  for (const item of items) {
    const name = item.text('name');
    if (seen.has(name)) item.duplicate('name', name);
    seen.add(name);
    item.checkText('name', check);
  }
}

function checkEndpoint(endpoint: FieldNode, check: TextCheck): void {
  const addresses = endpoint.texts('addresses');
  if (addresses.length === 0) endpoint.required('addresses', 'must contain at least 1 address');
  else if (addresses.length > MAX_ADDRESSES) endpoint.tooMany('addresses', addresses.length, MAX_ADDRESSES);
  for (const [i, address] of addresses.entries()) {
    for (const message of check(address)) {
      endpoint.add(invalidValue(`${endpoint.at('addresses')}[${i}]`, address, message));
    }
  }
  if (endpoint.has('nodeName')) endpoint.checkText('nodeName', dns1123Subdomain);
  const labels = endpoint.count('deprecatedTopology');
  if (labels > MAX_TOPOLOGY_LABELS) endpoint.tooMany('deprecatedTopology', labels, MAX_TOPOLOGY_LABELS);
  endpoint.add(...labelErrors(endpoint.get('deprecatedTopology'), endpoint.at('deprecatedTopology')));
  if (endpoint.has('hostname')) endpoint.checkText('hostname', dns1123Label);
  const hints = endpoint.child('hints');
  if (hints === undefined) return;
  checkHints(hints, 'forZones', labelValue);
  checkHints(hints, 'forNodes', dns1123Subdomain);
}

function checkPort(port: FieldNode, names: Set<string>): void {
  const name = port.text('name');
  if (name !== '') port.checkText('name', dns1123Label);
  if (names.has(name)) port.duplicate('name', name);
  names.add(name);
  if (!port.has('protocol')) port.required('protocol');
  else port.requireOneOf('protocol', PROTOCOLS);
  if (port.has('appProtocol')) port.checkText('appProtocol', qualifiedName);
}

function checkEndpoints(root: FieldNode, kept: ReadonlySet<string>): void {
  const endpoints = root.list('endpoints');
  if (endpoints.length > MAX_ENDPOINTS) root.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS);
  else {
    const check = addressCheck(root.text('addressType'), kept);
    for (const endpoint of endpoints) checkEndpoint(endpoint, check);
  }
}

function checkTypeAndPorts(root: FieldNode): void {
  if (root.text('addressType') === '') root.required('addressType');
  else root.requireOneOf('addressType', ADDRESS_TYPES);
  const ports = root.list('ports');
  if (ports.length > MAX_PORTS) root.tooMany('ports', ports.length, MAX_PORTS);
  else {
    const names = new Set<string>();
    for (const port of ports) checkPort(port, names);
  }
}

const addressesOf = (slice: JsonObject): ReadonlySet<string> =>
  new Set(new FieldNode(slice).list('endpoints').flatMap((e) => e.texts('addresses')));

/** Topology is a field that only older releases wrote: an update may leave it alone, not change it. */
function dropTopology(slice: JsonObject, old: JsonObject | undefined): void {
  const of = (o: JsonObject) => children(o, 'endpoints').map((e) => e['deprecatedTopology'] ?? null);
  if (old !== undefined && semanticEqual(of(slice), of(old))) return;
  for (const endpoint of children(slice, 'endpoints')) delete endpoint['deprecatedTopology'];
}

export const endpointSlices: Strategy = {
  defaults(slice) {
    for (const port of children(slice, 'ports')) {
      defaultTo(port, 'name', '');
      defaultTo(port, 'protocol', 'TCP');
    }
  },
  prepareForCreate: (_ctx, slice) => dropTopology(slice, undefined),
  prepareForUpdate: (_ctx, slice, old) => dropTopology(slice, old),
  validate: (slice) =>
    validating(slice, (root) => {
      checkTypeAndPorts(root);
      checkEndpoints(root, new Set());
    }),
  validateUpdate: (slice, old) =>
    validating(slice, (root) => {
      checkTypeAndPorts(root);
      // What an older release took is left alone, until it is changed.
      if (!semanticEqual(slice['endpoints'], old['endpoints'])) checkEndpoints(root, addressesOf(old));
      const type = root.text('addressType');
      if (type !== old['addressType']) root.invalid('addressType', IMMUTABLE, type);
    }),
};
