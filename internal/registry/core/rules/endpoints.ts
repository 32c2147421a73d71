import { legacyIP, nonSpecialIP } from '../../../machinery/formats.js';
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../../../machinery/names.js';
import { type FieldNode, validating } from '../../generic/field-node.js';
import type { Strategy } from '../../types.js';
import { checkPort } from './ports.js';
import { PROTOCOLS } from './protocols.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, validateEndpointSubsets.

function checkAddress(address: FieldNode): void {
  address.checkText('ip', legacyIP);
  if (address.text('hostname') !== '') address.checkText('hostname', dns1123Label);
  if (address.has('nodeName')) address.checkText('nodeName', dns1123Subdomain);
  address.checkText('ip', nonSpecialIP);
}

function checkEndpointPort(port: FieldNode, named: boolean): void {
  if (port.text('name') !== '') port.checkText('name', dns1123Label);
  else if (named) port.required('name');
  checkPort(port, 'port');
  if (port.text('protocol') === '') port.required('protocol');
  else port.requireOneOf('protocol', PROTOCOLS);
  if (port.has('appProtocol')) port.checkText('appProtocol', qualifiedName);
}

function checkSubset(subset: FieldNode): void {
  if (subset.count('addresses') === 0 && subset.count('notReadyAddresses') === 0) {
    subset.required('', 'must specify `addresses` or `notReadyAddresses`');
  }
  for (const list of ['addresses', 'notReadyAddresses']) subset.list(list).forEach(checkAddress);
  const ports = subset.list('ports');
  for (const port of ports) checkEndpointPort(port, ports.length > 1);
}

const check = (root: FieldNode): void => root.list('subsets').forEach(checkSubset);

export const endpointsRules: Pick<Strategy, 'validate' | 'validateUpdate'> = {
  validate: (o) => validating(o, check),
  validateUpdate: (o) => validating(o, check),
};
