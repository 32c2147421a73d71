import { dump, loadAll } from 'js-yaml';
import {
  child,
  children,
  defaultNumber,
  defaultString,
  defaultTo,
  ensureChild,
  num,
  str,
  strings,
} from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { KEY_ALGORITHMS, type KeyAlgorithm } from '../pki/key-algorithms.js';
import { checkShape, durationMs, type Faults, KUBEADM_KINDS } from './kubeadm-schema.js';
import { CERTIFICATES_DIR, DATA_DIR } from './node-paths.js';

export const KUBEADM_VERSION = 'kubeadm.k8s.io/v1beta4';
const OLD_VERSION = 'kubeadm.k8s.io/v1beta3';
/** Whom a node is that has only a bootstrap token yet. */
export const NODE_GROUP = 'system:bootstrappers:kubeadm:default-node-token';
export const DEFAULT_PORT = 6443;

/** A configuration file, read and defaulted, in the form of v1beta4. */
export interface KubeadmConfig {
  readonly cluster: JsonObject;
  readonly init: JsonObject;
  /** Undefined where the file has none. */
  readonly join: JsonObject | undefined;
  /** A KubeletConfiguration of the file; undefined where it has none. */
  readonly kubelet: JsonObject | undefined;
  /** A KubeProxyConfiguration of the file; undefined where it has none. */
  readonly proxy: JsonObject | undefined;
  /** What was read and has no effect, a sentence each. */
  readonly warnings: readonly string[];
}

/** What this machine gives where the file says nothing. */
export interface ConfigDefaults {
  readonly nodeName: string;
  readonly advertiseAddress: string;
  readonly kubernetesVersion: string;
  /** A token for `init`; '' for none. */
  readonly token: string;
}

/** Reads documents of group kubeadm.k8s.io (v1beta4, v1beta3). Throws FatalError with all that is wrong. */
export function readKubeadmConfig(text: string, defaults: ConfigDefaults): KubeadmConfig {
  const found: Record<string, JsonObject> = Object.create(null) as Record<string, JsonObject>;
  const faults: Faults = { wrong: [], unknown: [] };
  const warnings: string[] = [];
  for (const document of documents(text)) {
    const [version, kind] = [str(document, 'apiVersion'), str(document, 'kind')];
    if (kind === 'KubeletConfiguration' || kind === 'KubeProxyConfiguration') {
      found[kind] = document;
      continue;
    }
    const fields = Object.hasOwn(KUBEADM_KINDS, kind) ? KUBEADM_KINDS[kind] : undefined;
    if (fields === undefined) {
      warnings.push(`ignored configuration document with GroupVersionKind ${version}, Kind=${kind}`);
      continue;
    }
    if (version !== KUBEADM_VERSION && version !== OLD_VERSION) {
      faults.wrong.push(`${kind}: no kind "${kind}" is registered for version "${version}": write ${KUBEADM_VERSION}`);
      continue;
    }
    if (found[kind] !== undefined) faults.wrong.push(`there are two documents of kind ${kind}: leave one`);
    const current = version === OLD_VERSION ? fromV1beta3(document) : document;
    checkShape(current, fields, '', faults);
    found[kind] = current;
  }
  const algorithm = str(found['ClusterConfiguration'], 'encryptionAlgorithm');
  if (algorithm !== '' && !KEY_ALGORITHMS.some((known) => known === algorithm)) {
    const invalid = `Invalid encryption algorithm ${JSON.stringify(algorithm)}. Must be one of [${KEY_ALGORITHMS.join(' ')}]`;
    faults.wrong.push(`encryptionAlgorithm: Invalid value: ${JSON.stringify(algorithm)}: ${invalid}`);
  }
  if (faults.wrong.length > 0) throw new FatalError(`the configuration is wrong: ${faults.wrong.join('; ')}`);
  warnings.push(...faults.unknown.map((path) => `unknown field "${path}" has no effect`));
  const cluster = defaultCluster(found['ClusterConfiguration'] ?? {}, defaults);
  const init = defaultInit(found['InitConfiguration'] ?? {}, defaults);
  const join = found['JoinConfiguration'];
  if (join !== undefined) defaultJoin(join, defaults);
  warnings.push(...withoutEffect(cluster));
  return {
    cluster,
    init,
    join,
    kubelet: found['KubeletConfiguration'],
    proxy: found['KubeProxyConfiguration'],
    warnings,
  };
}

/** The YAML of one or several documents, with fields in alphabetical order, as kubeadm prints them. */
export function yamlOf(...objects: readonly JsonObject[]): string {
  return objects.map((object) => dump(object, { sortKeys: true, lineWidth: -1, noRefs: true })).join('---\n');
}

function documents(text: string): JsonObject[] {
  let all: JsonValue[];
  try {
    all = loadAll(text) as JsonValue[];
  } catch (error) {
    throw new FatalError(`the configuration is no YAML: ${error instanceof Error ? error.message.split('\n')[0] : ''}`);
  }
  return all
    .filter((document) => document !== null && document !== undefined)
    .map((document) => {
      if (isObject(document)) return document;
      throw new FatalError('the configuration is wrong: each document must be an object with apiVersion and kind');
    });
}

/** v1beta3 wrote arguments as maps, and two timeouts elsewhere. */
function fromV1beta3(old: JsonObject): JsonObject {
  const object = { ...old, apiVersion: KUBEADM_VERSION };
  const asList = (holder: JsonObject | undefined, field: string): void => {
    const map = holder?.[field];
    if (holder === undefined || !isObject(map)) return;
    holder[field] = Object.entries(map).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    }));
  };
  for (const part of ['apiServer', 'controllerManager', 'scheduler']) asList(child(object, part), 'extraArgs');
  asList(child(child(object, 'etcd'), 'local'), 'extraArgs');
  asList(child(object, 'nodeRegistration'), 'kubeletExtraArgs');
  const discovery = child(object, 'discovery');
  if (str(discovery, 'timeout') !== '') ensureChild(object, 'timeouts')['discovery'] = str(discovery, 'timeout');
  if (discovery !== undefined) delete discovery['timeout'];
  return object;
}

function defaultCluster(cluster: JsonObject, defaults: ConfigDefaults): JsonObject {
  cluster['apiVersion'] = KUBEADM_VERSION;
  cluster['kind'] = 'ClusterConfiguration';
  defaultString(cluster, 'kubernetesVersion', defaults.kubernetesVersion);
  if (/^(stable|latest)/.test(str(cluster, 'kubernetesVersion')))
    cluster['kubernetesVersion'] = defaults.kubernetesVersion;
  defaultString(cluster, 'certificatesDir', CERTIFICATES_DIR);
  defaultString(cluster, 'clusterName', 'kubernetes');
  defaultString(cluster, 'imageRepository', 'registry.k8s.io');
  defaultString(cluster, 'encryptionAlgorithm', 'ECDSA-P256');
  defaultString(cluster, 'certificateValidityPeriod', '8760h0m0s');
  defaultString(cluster, 'caCertificateValidityPeriod', '87600h0m0s');
  const networking = ensureChild(cluster, 'networking');
  defaultString(networking, 'serviceSubnet', '10.96.0.0/12');
  defaultString(networking, 'dnsDomain', 'cluster.local');
  defaultString(ensureChild(ensureChild(cluster, 'etcd'), 'local'), 'dataDir', DATA_DIR);
  for (const part of ['apiServer', 'controllerManager', 'scheduler', 'dns', 'proxy']) defaultTo(cluster, part, {});
  return cluster;
}

function defaultInit(init: JsonObject, defaults: ConfigDefaults): JsonObject {
  init['apiVersion'] = KUBEADM_VERSION;
  init['kind'] = 'InitConfiguration';
  const endpoint = ensureChild(init, 'localAPIEndpoint');
  defaultString(endpoint, 'advertiseAddress', defaults.advertiseAddress);
  defaultNumber(endpoint, 'bindPort', DEFAULT_PORT);
  defaultRegistration(init, defaults);
  if (init['bootstrapTokens'] === undefined && defaults.token !== '')
    init['bootstrapTokens'] = [{ token: defaults.token }];
  for (const token of children(init, 'bootstrapTokens')) defaultToken(token, defaults.token);
  defaultTimeouts(init);
  return init;
}

/** kubeadm's defaults of one bootstrap token. */
export function defaultToken(token: JsonObject, text: string): void {
  if (text !== '') defaultString(token, 'token', text);
  if (str(token, 'expires') === '') defaultString(token, 'ttl', '24h0m0s');
  defaultTo(token, 'usages', ['signing', 'authentication']);
  defaultTo(token, 'groups', [NODE_GROUP]);
}

function defaultJoin(join: JsonObject, defaults: ConfigDefaults): void {
  join['kind'] = 'JoinConfiguration';
  defaultString(join, 'caCertPath', `${CERTIFICATES_DIR}/ca.crt`);
  defaultRegistration(join, defaults);
  const discovery = ensureChild(join, 'discovery');
  const token = child(discovery, 'bootstrapToken');
  if (token !== undefined) {
    defaultString(token, 'token', str(discovery, 'tlsBootstrapToken'));
    defaultString(discovery, 'tlsBootstrapToken', str(token, 'token'));
  }
  const controlPlane = child(join, 'controlPlane');
  if (controlPlane !== undefined) {
    const endpoint = ensureChild(controlPlane, 'localAPIEndpoint');
    defaultString(endpoint, 'advertiseAddress', defaults.advertiseAddress);
    defaultNumber(endpoint, 'bindPort', DEFAULT_PORT);
  }
  defaultTimeouts(join);
}

function defaultRegistration(object: JsonObject, defaults: ConfigDefaults): void {
  const registration = ensureChild(object, 'nodeRegistration');
  defaultString(registration, 'name', defaults.nodeName);
  defaultString(registration, 'criSocket', 'unix:///var/run/containerd/containerd.sock');
  defaultString(registration, 'imagePullPolicy', 'IfNotPresent');
  defaultTo(registration, 'imagePullSerial', true);
  if (registration['taints'] === undefined) registration['taints'] = null;
}

function defaultTimeouts(object: JsonObject): void {
  const timeouts = ensureChild(object, 'timeouts');
  for (const [name, value] of [
    ['controlPlaneComponentHealthCheck', '4m0s'],
    ['discovery', '5m0s'],
    ['etcdAPICall', '2m0s'],
    ['kubeletHealthCheck', '4m0s'],
    ['kubernetesAPICall', '1m0s'],
    ['tlsBootstrap', '5m0s'],
    ['upgradeManifests', '5m0s'],
  ] as const) {
    defaultString(timeouts, name, value);
  }
}

/** Fields that mean something to kubeadm and nothing here. */
function withoutEffect(cluster: JsonObject): string[] {
  const warnings: string[] = [];
  if (child(cluster, 'etcd')?.['external'] !== undefined) {
    warnings.push('etcd.external has no effect: the replicas keep the data themselves');
  }
  return warnings;
}

/** A duration of `timeouts` in milliseconds. */
export function timeoutOf(object: JsonObject, name: string): number {
  return durationMs(str(child(object, 'timeouts'), name)) ?? 60_000;
}

/** What new keys of the cluster are. */
export function keysOf(cluster: JsonObject): KeyAlgorithm {
  return str(cluster, 'encryptionAlgorithm') as KeyAlgorithm;
}

/** Days of a validity period. */
export function daysOf(cluster: JsonObject, field: string): number {
  return (durationMs(str(cluster, field)) ?? 0) / 86_400_000;
}

/** `extraArgs` of a component, in order. */
export function extraArgs(component: JsonObject | undefined): [name: string, value: string][] {
  return children(component, 'extraArgs').map((arg) => [str(arg, 'name'), str(arg, 'value')]);
}

/** What a control plane's replica is started with, and what its certificates are for. */
export interface NodeFacts {
  readonly name: string;
  readonly advertiseAddress: string;
  readonly port: number;
  /** host:port of the balancer; '' where there is none. */
  readonly endpoint: string;
}

/** The facts of this node, from the cluster's configuration and an InitConfiguration's or JoinConfiguration's part. */
export function nodeFacts(
  cluster: JsonObject,
  registration: JsonObject | undefined,
  local: JsonObject | undefined,
): NodeFacts {
  const endpoint = str(cluster, 'controlPlaneEndpoint');
  return {
    name: str(registration, 'name').toLowerCase(),
    advertiseAddress: str(local, 'advertiseAddress'),
    port: num(local, 'bindPort') ?? DEFAULT_PORT,
    endpoint: endpoint === '' || /:\d+$/.test(endpoint) ? endpoint : `${endpoint}:${DEFAULT_PORT}`,
  };
}

/** host:port as it stands in a URL. */
export function urlHost(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Names and addresses that the serving certificate of a node must be valid for, beside the standard ones. */
export function servingNames(cluster: JsonObject, node: NodeFacts): string[] {
  const endpointHost = node.endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const all = [node.name, node.advertiseAddress, endpointHost, ...strings(child(cluster, 'apiServer'), 'certSANs')];
  return [...new Set(all.filter((name) => name !== ''))];
}
