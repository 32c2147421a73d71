import { isIP } from 'node:net';
import { semanticEqual } from '../../../machinery/equal.js';
import { child } from '../../../machinery/access.js';
import { invalidValue } from '../../../machinery/field.js';
import { dns1123Label } from '../../../machinery/names.js';
import { type FieldNode, IMMUTABLE, validating } from '../../generic/field-node.js';
import { checkLabelSelector } from '../../generic/label-selector.js';
import { labelErrors } from '../../generic/object-meta.js';
import type { Strategy } from '../../types.js';
import { checkPort, checkPortOrName } from './containers.js';
import { checkPodSpec } from './pod-spec.js';
import { checkPodUpdate } from './pod-update.js';
import { checkAlwaysRestarts, checkPodTemplate, selects } from './template.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation.

type Rules = Pick<Strategy, 'validate' | 'validateUpdate'>;

export const podRules: Rules = {
  validate: (o) => validating(o, (root) => checkPodSpec(root.struct('spec'))),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkPodSpec(root.struct('spec'));
      checkPodUpdate(root, old);
    }),
};

const both = (rules: (root: FieldNode) => void): Rules => ({
  validate: (o) => validating(o, rules),
  validateUpdate: (o) => validating(o, rules),
});

export const podTemplateRules = both((root) => checkPodTemplate(root.struct('template')));

export const replicationControllerRules = both((root) => {
  const spec = root.struct('spec');
  spec.nonNegative('replicas');
  spec.nonNegative('minReadySeconds');
  const selector = spec.child('selector');
  if (selector === undefined || Object.keys(selector.value).length === 0) spec.required('selector');
  const template = spec.child('template');
  if (template === undefined) {
    spec.required('template');
    return;
  }
  const labels = template.struct('metadata').child('labels');
  if (selector !== undefined && !selects({ matchLabels: selector.value }, labels?.value)) {
    spec.invalid('template.metadata.labels', '`selector` does not match template `labels`', labels?.value ?? null);
  }
  checkPodTemplate(template);
  checkAlwaysRestarts(template);
});

const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;
const CONFIG_KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
/** One mebibyte in all, keys not counted. */
const MAX_DATA_BYTES = 1024 * 1024;

function checkData(root: FieldNode, maps: readonly string[]): void {
  let bytes = 0;
  for (const map of maps) {
    for (const [key, value] of root.entries(map)) {
      if (!CONFIG_KEY.test(key) || key === '.' || key.startsWith('..')) {
        root.add(invalidValue(`${root.at(map)}[${key}]`, key, CONFIG_KEY_TEXT));
      }
      bytes += map === 'data' && maps.length > 1 ? Buffer.byteLength(value) : Math.floor((value.length * 3) / 4);
    }
  }
  if (bytes > MAX_DATA_BYTES) root.tooLong('', MAX_DATA_BYTES);
}

const IMMUTABLE_SET = 'field is immutable when `immutable` is set';

function keptWhenImmutable(maps: readonly string[]): NonNullable<Rules['validateUpdate']> {
  return (o, old) =>
    validating(o, (root) => {
      checkData(root, maps);
      if (old['immutable'] !== true) return;
      if (o['immutable'] !== true) root.forbidden('immutable', IMMUTABLE_SET);
      for (const map of maps) if (!semanticEqual(o[map], old[map])) root.forbidden(map, IMMUTABLE_SET);
    });
}

export const configMapRules: Rules = {
  validate: (o) =>
    validating(o, (root) => {
      checkData(root, ['data', 'binaryData']);
      const binary = child(o, 'binaryData') ?? {};
      for (const [key] of root.entries('data')) {
        if (key in binary) root.add(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
      }
    }),
  validateUpdate: keptWhenImmutable(['data', 'binaryData']),
};

/** Keys that a secret of a type must hold. */
const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
};

function checkSecret(root: FieldNode): void {
  checkData(root, ['data']);
  const data = child(root.value, 'data') ?? {};
  for (const key of SECRET_KEYS[root.text('type')] ?? []) if (!(key in data)) root.required(`data[${key}]`);
  if (root.text('type') === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
    root.required('data[username]');
    root.required('data[password]');
  }
  if (root.text('type') === 'kubernetes.io/service-account-token') {
    const annotations = child(child(root.value, 'metadata'), 'annotations');
    if (typeof annotations?.['kubernetes.io/service-account.name'] !== 'string') {
      root.required('metadata.annotations[kubernetes.io/service-account.name]');
    }
  }
}

export const secretRules: Rules = {
  validate: (o) => validating(o, checkSecret),
  validateUpdate: (o, old, ctx) => [
    ...validating(o, (root) => {
      root.immutable('type', old);
      checkSecret(root);
    }),
    ...(keptWhenImmutable(['data'])(o, old, ctx) ?? []),
  ],
};

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const IP_TEXT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

function checkService(root: FieldNode): void {
  const spec = root.struct('spec');
  const type = spec.text('type');
  const ips = spec.has('clusterIPs') ? spec.texts('clusterIPs') : [spec.text('clusterIP')].filter((ip) => ip !== '');
  const headless = ips[0] === 'None';
  const ports = spec.list('ports');
  if (ports.length === 0 && !headless && type !== 'ExternalName') spec.required('ports');
  if (type === 'ExternalName') {
    if (spec.text('externalName') === '') spec.required('externalName');
    if (ips.length > 0) spec.forbidden('clusterIPs', 'may not be set for ExternalName services');
  }
  const names = new Set<string>();
  const used = new Set<string>();
  for (const port of ports) {
    const name = port.text('name');
    if (name === '') {
      if (ports.length > 1) port.required('name');
    } else {
      port.checkText('name', dns1123Label);
      if (names.has(name)) port.duplicate('name');
      names.add(name);
    }
    checkPort(port, 'port');
    if (port.text('protocol') === '') port.required('protocol');
    else port.requireOneOf('protocol', ['SCTP', 'TCP', 'UDP']);
    checkPortOrName(port, 'targetPort');
    if (type === 'ClusterIP' && (port.number('nodePort') ?? 0) !== 0) {
      port.forbidden('nodePort', "may not be used when `type` is 'ClusterIP'");
    }
    const key = `${port.text('protocol')}/${port.number('port') ?? 0}`;
    if (used.has(key)) port.duplicate('', port.value);
    used.add(key);
  }
  spec.add(...labelErrors(spec.get('selector'), spec.at('selector')));
  if (spec.text('sessionAffinity') === '') spec.required('sessionAffinity');
  else spec.requireOneOf('sessionAffinity', ['ClientIP', 'None']);
  const timeout = spec.child('sessionAffinityConfig')?.child('clientIP');
  const seconds = timeout?.number('timeoutSeconds');
  if (seconds !== undefined && (seconds <= 0 || seconds > 86_400)) {
    timeout?.invalid('timeoutSeconds', 'must be greater than 0 and less than 86400', seconds);
  }
  if (type === '') spec.required('type');
  else spec.requireOneOf('type', SERVICE_TYPES);
  for (const [i, ip] of ips.entries()) {
    if (ip !== 'None' && isIP(ip) === 0) spec.invalid(`clusterIPs[${i}]`, IP_TEXT, ip);
  }
  for (const [i, ip] of spec.texts('externalIPs').entries()) {
    if (isIP(ip) === 0) spec.invalid(`externalIPs[${i}]`, IP_TEXT, ip);
  }
  spec.checkOneOf('internalTrafficPolicy', ['Cluster', 'Local']);
  if (spec.has('externalTrafficPolicy')) {
    if (type === 'ClusterIP' || type === 'ExternalName') {
      spec.invalid('externalTrafficPolicy', 'may only be set for externally-accessible services');
    } else spec.requireOneOf('externalTrafficPolicy', ['Cluster', 'Local']);
  }
  spec.checkOneOf('ipFamilyPolicy', ['SingleStack', 'PreferDualStack', 'RequireDualStack']);
  for (const [i, family] of spec.texts('ipFamilies').entries()) {
    if (family !== 'IPv4' && family !== 'IPv6') {
      spec.unsupported(`ipFamilies[${i}]`, ['IPv4', 'IPv6'], family);
    }
  }
}

export const serviceRules: Rules = {
  validate: (o) => validating(o, checkService),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      const spec = root.struct('spec');
      const was = child(old, 'spec');
      const held = was?.['clusterIP'];
      const external = spec.text('type') === 'ExternalName' || was?.['type'] === 'ExternalName';
      if (
        !external &&
        typeof held === 'string' &&
        held !== '' &&
        spec.has('clusterIP') &&
        spec.text('clusterIP') !== held
      ) {
        spec.invalid('clusterIPs[0]', 'may not change once set', spec.texts('clusterIPs'));
      }
      checkService(root);
    }),
};

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

function checkAccessModes(spec: FieldNode): void {
  const modes = spec.texts('accessModes');
  if (modes.length === 0) spec.required('accessModes', 'at least 1 access mode is required');
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) spec.unsupported('accessModes', ACCESS_MODES, mode);
}

function checkClaim(root: FieldNode): void {
  const spec = root.struct('spec');
  const selector = spec.child('selector');
  if (selector !== undefined) checkLabelSelector(selector);
  checkAccessModes(spec);
  const requests = spec.struct('resources').child('requests');
  if (requests?.has('storage') !== true) spec.required('resources[storage]');
  else if (/^-|^0[A-Za-z]*$/.test(requests.text('storage'))) {
    spec.invalid('resources[storage]', 'must be greater than zero', requests.text('storage'));
  }
  spec.checkOneOf('volumeMode', ['Block', 'Filesystem']);
}

const CLAIM_IMMUTABLE =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

export const claimRules: Rules = {
  validate: (o) => validating(o, checkClaim),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkClaim(root);
      const bound = child(old, 'status')?.['phase'] === 'Bound';
      const fixed = (claim: typeof o) => {
        const spec = { ...child(claim, 'spec') };
        if (bound) {
          delete spec['resources'];
          delete spec['volumeAttributesClassName'];
        }
        // Binding fills in the volume's name once.
        if (
          child(child(old, 'spec'), 'volumeName') === undefined &&
          (child(old, 'spec')?.['volumeName'] ?? '') === ''
        ) {
          delete spec['volumeName'];
        }
        if (child(old, 'spec')?.['storageClassName'] === undefined) delete spec['storageClassName'];
        return spec;
      };
      if (!semanticEqual(fixed(o), fixed(old))) root.forbidden('spec', CLAIM_IMMUTABLE);
    }),
};

/** Fields of a persistent volume's spec that are no source. */
const NOT_SOURCES = new Set(
  (
    'capacity accessModes claimRef persistentVolumeReclaimPolicy storageClassName mountOptions ' +
    'volumeMode nodeAffinity volumeAttributesClassName'
  ).split(' '),
);

function checkVolume(root: FieldNode): void {
  const spec = root.struct('spec');
  checkAccessModes(spec);
  if (spec.count('capacity') === 0) spec.required('capacity');
  else if (!spec.struct('capacity').has('storage')) {
    spec.unsupported('capacity', ['storage'], Object.keys(spec.struct('capacity').value)[0] ?? '');
  }
  spec.checkOneOf('persistentVolumeReclaimPolicy', ['Delete', 'Recycle', 'Retain']);
  spec.checkOneOf('volumeMode', ['Block', 'Filesystem']);
  const sources = Object.keys(spec.value).filter((k) => !NOT_SOURCES.has(k) && spec.has(k));
  if (sources.length === 0) spec.required('', 'must specify a volume type');
  for (const extra of sources.slice(1)) spec.forbidden(extra, 'may not specify more than 1 volume type');
  spec.child('nfs')?.requireText('server');
  spec.child('nfs')?.requireText('path');
  spec.child('hostPath')?.requireText('path');
  const csi = spec.child('csi');
  csi?.requireText('driver');
  csi?.requireText('volumeHandle');
}

export const volumeRules: Rules = {
  validate: (o) => validating(o, checkVolume),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkVolume(root);
      const source = (pv: typeof o) =>
        Object.fromEntries(Object.entries(child(pv, 'spec') ?? {}).filter(([k]) => !NOT_SOURCES.has(k)));
      if (!semanticEqual(source(o), source(old))) {
        root.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
      }
      const spec = root.struct('spec');
      if (!semanticEqual(spec.value['volumeMode'], child(old, 'spec')?.['volumeMode'])) {
        spec.invalid('volumeMode', IMMUTABLE);
      }
    }),
};

export const endpointsRules = both((root) => {
  for (const subset of root.list('subsets')) {
    if (subset.count('addresses') === 0 && subset.count('notReadyAddresses') === 0) {
      subset.required('', 'must specify `addresses` or `notReadyAddresses`');
    }
    for (const list of ['addresses', 'notReadyAddresses']) {
      for (const address of subset.list(list)) {
        if (isIP(address.text('ip')) === 0) address.invalid('ip', IP_TEXT, address.text('ip'));
        if (address.text('hostname') !== '') address.checkText('hostname', dns1123Label);
      }
    }
    const several = subset.list('ports').length > 1;
    for (const port of subset.list('ports')) {
      if (port.text('name') === '') {
        if (several) port.required('name');
      } else port.checkText('name', dns1123Label);
      checkPort(port, 'port');
      if (port.text('protocol') === '') port.required('protocol');
      else port.requireOneOf('protocol', ['SCTP', 'TCP', 'UDP']);
    }
  }
});
