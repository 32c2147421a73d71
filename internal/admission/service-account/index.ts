import { randomInt } from 'node:crypto';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { forbidden } from '../../machinery/status.js';
import type { AdmissionContext } from '../types.js';
import { mutating } from '../mutating.js';

const PODS = { group: '', resource: 'pods' };
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Gives every pod a service account that exists, and a token to those that did not decline one (plugin ServiceAccount). */
function admitServiceAccount(ctx: AdmissionContext, pod: JsonObject, namespace: string): void {
  const spec = child(pod, 'spec');
  const metadata = child(pod, 'metadata');
  // A mirror pod stands for a static pod of a kubelet, which cannot use a token.
  if (spec === undefined || child(metadata, 'annotations')?.['kubernetes.io/config.mirror'] !== undefined) return;
  const name = str(spec, 'serviceAccountName') === '' ? 'default' : str(spec, 'serviceAccountName');
  spec['serviceAccountName'] = name;
  spec['serviceAccount'] = name;
  const account = ctx.reader.get('', 'serviceaccounts', namespace, name);
  if (account === undefined) {
    throw forbidden(
      PODS,
      str(metadata, 'name'),
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
  }
  if ((spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken'] ?? true) === true) {
    mountToken(spec);
  }
  if (children(spec, 'imagePullSecrets').length === 0) {
    const secrets = children(account, 'imagePullSecrets');
    if (secrets.length > 0) spec['imagePullSecrets'] = structuredClone(secrets);
  }
}

function mountToken(spec: JsonObject): void {
  const volumes = children(spec, 'volumes');
  const existing = volumes.find((v) => str(v, 'name').startsWith(VOLUME_PREFIX) && child(v, 'projected') !== undefined);
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

/** Every pod runs as a service account. */
export const serviceAccount = mutating('ServiceAccount', ['CREATE'], {
  group: '',
  resource: 'pods',
  change: (ctx, pod, a) => admitServiceAccount(ctx, pod, a.namespace),
});
