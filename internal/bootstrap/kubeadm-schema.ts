import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';

/** What a field of a kubeadm object holds. `args`: a list of {name, value}, in v1beta3 a map. */
export type Shape = 'string' | 'int' | 'bool' | 'duration' | 'strings' | 'args' | 'any' | readonly [Fields] | Fields;
export interface Fields {
  readonly [name: string]: Shape;
}

const COMPONENT: Fields = { extraArgs: 'args', extraVolumes: 'any', extraEnvs: 'any' };
const ENDPOINT: Fields = { advertiseAddress: 'string', bindPort: 'int' };
const PATCHES: Fields = { directory: 'string' };
const TIMEOUTS: Fields = Object.fromEntries(
  [
    'controlPlaneComponentHealthCheck',
    'kubeletHealthCheck',
    'kubernetesAPICall',
    'etcdAPICall',
    'tlsBootstrap',
    'discovery',
    'upgradeManifests',
  ].map((name) => [name, 'duration' as const]),
);
const REGISTRATION: Fields = {
  name: 'string',
  criSocket: 'string',
  taints: 'any',
  kubeletExtraArgs: 'args',
  ignorePreflightErrors: 'strings',
  imagePullPolicy: 'string',
  imagePullSerial: 'bool',
};
const TOKEN: Fields = {
  token: 'string',
  description: 'string',
  ttl: 'duration',
  expires: 'string',
  usages: 'strings',
  groups: 'strings',
};
const COMMON: Fields = { apiVersion: 'string', kind: 'string' };

/** The fields of each kind of group kubeadm.k8s.io, in version v1beta4. */
export const KUBEADM_KINDS: Readonly<Record<string, Fields>> = {
  ClusterConfiguration: {
    ...COMMON,
    etcd: {
      local: {
        ...COMPONENT,
        imageRepository: 'string',
        imageTag: 'string',
        dataDir: 'string',
        serverCertSANs: 'strings',
        peerCertSANs: 'strings',
      },
      external: 'any',
    },
    networking: { serviceSubnet: 'string', podSubnet: 'string', dnsDomain: 'string' },
    kubernetesVersion: 'string',
    controlPlaneEndpoint: 'string',
    apiServer: { ...COMPONENT, certSANs: 'strings', timeoutForControlPlane: 'duration' },
    controllerManager: COMPONENT,
    scheduler: COMPONENT,
    dns: 'any',
    proxy: 'any',
    certificatesDir: 'string',
    imageRepository: 'string',
    featureGates: 'any',
    clusterName: 'string',
    encryptionAlgorithm: 'string',
    certificateValidityPeriod: 'duration',
    caCertificateValidityPeriod: 'duration',
  },
  InitConfiguration: {
    ...COMMON,
    bootstrapTokens: [TOKEN],
    dryRun: 'bool',
    nodeRegistration: REGISTRATION,
    localAPIEndpoint: ENDPOINT,
    certificateKey: 'string',
    skipPhases: 'strings',
    patches: PATCHES,
    timeouts: TIMEOUTS,
  },
  JoinConfiguration: {
    ...COMMON,
    dryRun: 'bool',
    nodeRegistration: REGISTRATION,
    caCertPath: 'string',
    discovery: {
      bootstrapToken: {
        token: 'string',
        apiServerEndpoint: 'string',
        caCertHashes: 'strings',
        unsafeSkipCAVerification: 'bool',
      },
      file: { kubeConfigPath: 'string' },
      tlsBootstrapToken: 'string',
      timeout: 'duration',
    },
    controlPlane: { localAPIEndpoint: ENDPOINT, certificateKey: 'string' },
    skipPhases: 'strings',
    patches: PATCHES,
    timeouts: TIMEOUTS,
  },
};

const DURATION = /^(0|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+)$/;
const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };

/** Milliseconds of a Go duration such as `24h0m0s`; undefined for another text. */
export function durationMs(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  }
  return total;
}

/** What is wrong with a value, by path: fields that are not known are told apart, as kubeadm only warns of them. */
export interface Faults {
  readonly wrong: string[];
  readonly unknown: string[];
}

/** Holds a value against its shape. */
export function checkShape(value: JsonValue | undefined, shape: Shape, path: string, faults: Faults): void {
  if (value === undefined || value === null || shape === 'any') return;
  const expect = (ok: boolean, what: string): void => {
    if (!ok) faults.wrong.push(`${path}: must be ${what}`);
  };
  if (typeof shape === 'object') {
    if (Array.isArray(shape)) {
      expect(Array.isArray(value), 'a list');
      if (Array.isArray(value))
        value.forEach((item, i) => checkShape(item, shape[0] as Fields, `${path}[${i}]`, faults));
      return;
    }
    expect(isObject(value), 'an object');
    if (isObject(value)) checkFields(value, shape as Fields, path, faults);
    return;
  }
  const isText = (v: JsonValue | undefined): boolean => typeof v === 'string';
  if (shape === 'string') expect(isText(value), 'a string');
  else if (shape === 'int') expect(Number.isInteger(value), 'a whole number');
  else if (shape === 'bool') expect(typeof value === 'boolean', 'true or false');
  else if (shape === 'duration') expect(typeof value === 'string' && DURATION.test(value), 'a duration such as 4m0s');
  else if (shape === 'strings') expect(Array.isArray(value) && value.every(isText), 'a list of strings');
  else if (shape === 'args') {
    const isArg = (v: JsonValue): boolean => isObject(v) && isText(v['name']) && isText(v['value'] ?? '');
    expect(Array.isArray(value) && value.every(isArg), 'a list of {name, value}');
  }
}

function checkFields(object: JsonObject, fields: Fields, path: string, faults: Faults): void {
  for (const [name, value] of Object.entries(object)) {
    const shape = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const at = path === '' ? name : `${path}.${name}`;
    if (shape === undefined) faults.unknown.push(at);
    else checkShape(value, shape, at, faults);
  }
}
