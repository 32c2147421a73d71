import { randomInt } from 'node:crypto';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { isMirror } from '../../machinery/mirror-pod.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from '../types.js';
import { checkMirrorPod, checkSecrets, checkSecretsOfEphemeral, limitsSecrets } from './references.js';
import { mutating } from '../mutating.js';
import { isOfPods } from '../of-pods.js';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

function accountOf(ctx: AdmissionContext, spec: JsonObject | undefined, a: AdmissionAttributes): JsonObject {
  const name = str(spec, 'serviceAccountName');
  if (name === '') {
    throw admissionForbidden(a, `no service account specified for pod ${a.namespace}/${a.name}`);
  }
  const account = ctx.reader.get('', 'serviceaccounts', a.namespace, name);
  if (account === undefined) {
    const missing = `serviceaccount "${name}" not found`;
    throw admissionForbidden(a, `error looking up service account ${a.namespace}/${name}: ${missing}`);
  }
  return account;
}

/** Gives every pod a service account that exists, and a token to those that did not decline one (plugin ServiceAccount). */
function admitServiceAccount(ctx: AdmissionContext, pod: JsonObject, a: AdmissionAttributes): void {
  const spec = child(pod, 'spec');
  if (spec === undefined) return;
  // A mirror pod stands for a static pod of a kubelet, which cannot use a token.
  if (isMirror(pod)) {
    checkMirrorPod(pod, a);
    return;
  }
  const name = str(spec, 'serviceAccountName') === '' ? 'default' : str(spec, 'serviceAccountName');
  spec['serviceAccountName'] = name;
  spec['serviceAccount'] = name;
  const account = accountOf(ctx, spec, a);
  if ((spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken'] ?? true) === true) {
    mountToken(spec);
  }
  if (children(spec, 'imagePullSecrets').length === 0) {
    const secrets = children(account, 'imagePullSecrets');
    if (secrets.length > 0) spec['imagePullSecrets'] = structuredClone(secrets);
  }
  if (limitsSecrets(account)) checkSecrets(account, spec, a);
}

function mountToken(spec: JsonObject): void {
  const volumes = children(spec, 'volumes');
  const existing = volumes.find((v) => str(v, 'name').startsWith(VOLUME_PREFIX));
  const volume = existing === undefined ? VOLUME_PREFIX + suffix() : str(existing, 'name');
  let needed = false;
  for (const container of [...children(spec, 'initContainers'), ...children(spec, 'containers')]) {
    const mounts = children(container, 'volumeMounts');
    if (mounts.some((m) => str(m, 'mountPath') === MOUNT_PATH)) continue;
    container['volumeMounts'] = [...mounts, { name: volume, readOnly: true, mountPath: MOUNT_PATH }];
    needed = true;
  }
  if (needed && existing === undefined) spec['volumes'] = [...volumes, tokenVolume(volume)];
}

function tokenVolume(name: string): JsonObject {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: FILE_MODE,
    },
  };
}

function suffix(): string {
  return Array.from({ length: 5 }, () => NAME_ALPHABET[randomInt(NAME_ALPHABET.length)]).join('');
}

const plugin = mutating('ServiceAccount', ['CREATE', 'UPDATE'], {
  group: '',
  resource: 'pods',
  change(ctx, pod, a) {
    if (a.operation === 'CREATE') admitServiceAccount(ctx, pod, a);
  },
});

/** Every pod runs as a service account, and refers to no secrets that an account which is strict about them does not name. */
export const serviceAccount: AdmissionPlugin = {
  ...plugin,
  validate(ctx, a) {
    if (a.object === undefined) return;
    const spec = child(a.object, 'spec');
    if (a.operation === 'UPDATE' && isOfPods(a, 'ephemeralcontainers')) {
      const account = accountOf(ctx, spec, a);
      if (limitsSecrets(account)) checkSecretsOfEphemeral(account, spec);
      return;
    }
    if (a.operation !== 'CREATE' || !isOfPods(a)) return;
    if (isMirror(a.object)) {
      checkMirrorPod(a.object, a);
      return;
    }
    const account = accountOf(ctx, spec, a);
    if (limitsSecrets(account)) checkSecrets(account, spec, a);
  },
};
