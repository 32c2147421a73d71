import { children, defaultTo, ensureChild } from '../../machinery/access.js';
import { invalidValue, notSupported } from '../../machinery/field.js';
import { isStrictSubset, legacyCidr, parseSloppyCidr, portName, portNumber } from '../../machinery/formats.js';
import type { JsonObject } from '../../machinery/json.js';
import { FieldNode, validating } from '../generic/field-node.js';
import { checkLabelSelector, type SelectorOptions } from '../generic/label-selector.js';
import type { Strategy } from '../types.js';

const POLICY_TYPES = ['Ingress', 'Egress'];
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const DIRECTIONS = [
  { rules: 'ingress', peers: 'from' },
  { rules: 'egress', peers: 'to' },
] as const;

/** What an update may keep because the stored policy already has it. */
interface Lenience extends SelectorOptions {
  readonly cidrs: ReadonlySet<string>;
}

function checkPort(port: FieldNode): void {
  port.checkOneOf('protocol', PROTOCOLS);
  const end = port.number('endPort');
  const start = port.get('port');
  if (typeof start === 'number') {
    for (const message of portNumber(start)) port.invalid('port', message);
    if (end === undefined) return;
    if (end < start) port.invalid('endPort', 'must be greater than or equal to `port`', start);
    for (const message of portNumber(end)) port.invalid('endPort', message);
    return;
  }
  if (end !== undefined) {
    const why = start === undefined ? 'not specified' : 'non-numeric';
    port.invalid('endPort', `may not be specified when \`port\` is ${why}`);
  }
  if (start !== undefined) port.checkText('port', portName);
}

function checkIpBlock(block: FieldNode, { cidrs }: Lenience): void {
  const cidr = block.text('cidr');
  if (cidr === '') {
    block.required('cidr');
    return;
  }
  if (!cidrs.has(cidr)) block.checkText('cidr', legacyCidr);
  const outer = parseSloppyCidr(cidr);
  if (outer === undefined) return;
  for (const [i, except] of block.texts('except').entries()) {
    const at = (): string => `${block.at('except')}[${i}]`;
    if (!cidrs.has(except)) for (const message of legacyCidr(except)) block.add(invalidValue(at(), except, message));
    const inner = parseSloppyCidr(except);
    if (inner !== undefined && !isStrictSubset(outer, inner)) {
      block.add(invalidValue(at(), except, 'must be a strict subset of `cidr`'));
    }
  }
}

function checkPeer(peer: FieldNode, lenience: Lenience): void {
  const selectors = [peer.child('podSelector'), peer.child('namespaceSelector')].filter((s) => s !== undefined);
  for (const selector of selectors) checkLabelSelector(selector, lenience);
  const block = peer.child('ipBlock');
  if (block !== undefined) checkIpBlock(block, lenience);
  if (block === undefined && selectors.length === 0) peer.required('', 'must specify a peer');
  if (block !== undefined && selectors.length > 0) {
    peer.forbidden('', 'may not specify both ipBlock and another peer');
  }
}

function checkSpec(spec: FieldNode, lenience: Lenience): void {
  checkLabelSelector(spec.struct('podSelector'), lenience);
  for (const { rules, peers } of DIRECTIONS) {
    for (const rule of spec.list(rules)) {
      rule.list('ports').forEach(checkPort);
      for (const peer of rule.list(peers)) checkPeer(peer, lenience);
    }
  }
  const types = spec.texts('policyTypes');
  if (types.length > POLICY_TYPES.length) {
    spec.invalid('policyTypes', 'may not specify more than two policyTypes');
    return;
  }
  for (const [i, type] of types.entries()) {
    if (!POLICY_TYPES.includes(type)) spec.add(notSupported(`${spec.at('policyTypes')}[${i}]`, type, POLICY_TYPES));
  }
}

function lenienceOf(old: JsonObject): Lenience {
  const spec = new FieldNode(old).struct('spec');
  const cidrs = new Set<string>();
  for (const { rules, peers } of DIRECTIONS) {
    for (const peer of spec.list(rules).flatMap((rule) => rule.list(peers))) {
      const block = peer.struct('ipBlock');
      for (const cidr of [block.text('cidr'), ...block.texts('except')]) cidrs.add(cidr);
    }
  }
  const selector = spec.struct('podSelector');
  checkLabelSelector(selector);
  return { cidrs, anyValue: selector.problems.length > 0 };
}

export const networkPolicies: Strategy = {
  defaults(policy) {
    const spec = ensureChild(policy, 'spec');
    for (const rule of [...children(spec, 'ingress'), ...children(spec, 'egress')]) {
      for (const port of children(rule, 'ports')) defaultTo(port, 'protocol', 'TCP');
    }
    if (!Array.isArray(spec['policyTypes']) || spec['policyTypes'].length === 0) {
      spec['policyTypes'] = children(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    }
    ensureChild(spec, 'podSelector');
  },
  validate: (policy) => validating(policy, (root) => checkSpec(root.struct('spec'), { cidrs: new Set() })),
  validateUpdate: (policy, old) => validating(policy, (root) => checkSpec(root.struct('spec'), lenienceOf(old))),
};
