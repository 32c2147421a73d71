import { child, strings } from '../../machinery/access.js';
import { invalidValue } from '../../machinery/field.js';
import { canonicalCidr, canonicalIP, familyOfCidr } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Subdomain, pathSegmentName } from '../../machinery/names.js';
import { FieldNode, IMMUTABLE, type TextCheck, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

const segment: TextCheck = (value) => pathSegmentName(value, false);

function checkAddress(root: FieldNode): void {
  const metadata = root.struct('metadata');
  if (metadata.text('name') !== '') metadata.checkText('name', canonicalIP);
  const spec = root.struct('spec');
  const parent = spec.child('parentRef');
  if (parent === undefined) {
    spec.required('parentRef');
    return;
  }
  if (parent.text('group') !== '') parent.checkText('group', dns1123Subdomain);
  parent.requireText('resource', segment);
  parent.requireText('name', segment);
  if (parent.text('namespace') !== '') parent.checkText('namespace', segment);
}

export const ipAddresses: Strategy = {
  validate: (address) => validating(address, checkAddress),
  validateUpdate: (address, old) =>
    validating(address, (root) => {
      const spec = root.struct('spec');
      spec.immutable('parentRef', child(old, 'spec'), parentRefAsInGo(spec.struct('parentRef')));
    }),
};

/** What kube-apiserver prints of a parent reference: Go's names, all of them. */
const parentRefAsInGo = (ref: FieldNode): JsonObject => ({
  Group: ref.text('group'),
  Resource: ref.text('resource'),
  Namespace: ref.text('namespace'),
  Name: ref.text('name'),
});

function checkCidrs(spec: FieldNode): void {
  const cidrs = spec.texts('cidrs');
  if (cidrs.length === 0) {
    spec.required('cidrs', 'at least one CIDR required');
    return;
  }
  if (cidrs.length > 2) {
    spec.invalid('cidrs', 'may only hold up to 2 values', { CIDRs: cidrs });
    return;
  }
  for (const [i, cidr] of cidrs.entries()) {
    for (const message of canonicalCidr(cidr)) spec.add(invalidValue(`${spec.at('cidrs')}[${i}]`, cidr, message));
  }
  const [first, second] = cidrs.map(familyOfCidr);
  if (cidrs.length === 2 && first !== undefined && first === second) {
    spec.invalid('cidrs', 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64');
  }
}

/** A second family may be added, nothing else may change. */
function checkCidrsUpdate(spec: FieldNode, before: readonly string[]): void {
  const cidrs = spec.texts('cidrs');
  const grown = before.length === 1 && cidrs.length === 2;
  if (cidrs.length !== before.length && !grown) {
    spec.invalid('cidrs', IMMUTABLE);
    return;
  }
  for (const [i, cidr] of before.entries()) {
    if (cidrs[i] !== cidr) spec.add(invalidValue(`${spec.at('cidrs')}[${i}]`, cidrs[i], IMMUTABLE));
  }
  if (grown) checkCidrs(spec);
}

export const serviceCidrs: Strategy = {
  prepareForCreate(_ctx, cidr) {
    cidr['status'] = {};
  },
  validate: (cidr) => validating(cidr, (root) => checkCidrs(root.struct('spec'))),
  validateUpdate: (cidr, old) =>
    validating(cidr, (root) => checkCidrsUpdate(root.struct('spec'), strings(child(old, 'spec'), 'cidrs'))),
};
