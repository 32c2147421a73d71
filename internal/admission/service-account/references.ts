import { podNeeds } from '../../auth/pod-needs.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { parseBool } from '../../machinery/parse-bool.js';
import { StatusError } from '../../machinery/status.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes } from '../types.js';

// What pods may refer to (k8s.io/kubernetes plugin/pkg/admission/serviceaccount).

const STRICT = 'kubernetes.io/enforce-mountable-secrets';

/** Whether pods of this account may refer only to secrets that it names. */
export const limitsSecrets = (account: JsonObject): boolean =>
  parseBool(str(child(child(account, 'metadata'), 'annotations'), STRICT)) === true;

/** A pod that stands for one of a kubelet's own has no account and no secrets. Throws 403. */
export function checkMirrorPod(pod: JsonObject, a: AdmissionAttributes): void {
  const spec = child(pod, 'spec');
  const refuse = (what: string): StatusError => admissionForbidden(a, `a mirror pod may not ${what}`);
  if (str(spec, 'serviceAccountName') !== '') throw refuse('reference service accounts');
  podNeeds(str(child(pod, 'metadata'), 'name'), spec, (kind, name) => {
    if (kind === 'secret' && name !== '') throw refuse('reference secrets');
  });
  const projected = children(spec, 'volumes').flatMap((volume) => children(child(volume, 'projected'), 'sources'));
  if (projected.some((source) => child(source, 'serviceAccountToken') !== undefined)) {
    throw refuse('use ServiceAccountToken volume projections');
  }
}

const namesOf = (account: JsonObject, list: 'secrets' | 'imagePullSecrets'): Set<string> =>
  new Set(children(account, list).map((secret) => str(secret, 'name')));

/** The first reference of containers to a secret that is not the account's, in words. */
function strangeSecret(containers: readonly JsonObject[], word: string, account: JsonObject): string | undefined {
  const own = namesOf(account, 'secrets');
  const accountName = str(child(account, 'metadata'), 'name');
  const told = (what: string, secret: string): string =>
    `${word} ${what} referencing secret.secretName="${secret}" is not allowed because service account ${accountName} does not reference that secret`;
  for (const container of containers) {
    const name = str(container, 'name');
    for (const env of children(container, 'env')) {
      const ref = child(child(env, 'valueFrom'), 'secretKeyRef');
      const secret = str(ref, 'name');
      if (ref !== undefined && !own.has(secret)) return told(`${name} with envVar ${str(env, 'name')}`, secret);
    }
    for (const from of children(container, 'envFrom')) {
      const ref = child(from, 'secretRef');
      const secret = str(ref, 'name');
      if (ref !== undefined && !own.has(secret)) return told(`${name} with envFrom`, secret);
    }
  }
  return undefined;
}

/** A new pod refers to no secret that its account does not name. Throws 403. */
export function checkSecrets(account: JsonObject, spec: JsonObject | undefined, a: AdmissionAttributes): void {
  const accountName = str(child(account, 'metadata'), 'name');
  const own = namesOf(account, 'secrets');
  for (const volume of children(spec, 'volumes')) {
    const source = child(volume, 'secret');
    const secret = str(source, 'secretName');
    if (source === undefined || own.has(secret)) continue;
    throw admissionForbidden(
      a,
      `volume with secret.secretName="${secret}" is not allowed because service account ${accountName} does not reference that secret`,
    );
  }
  const strange =
    strangeSecret(children(spec, 'initContainers'), 'init container', account) ??
    strangeSecret(children(spec, 'containers'), 'container', account);
  if (strange !== undefined) throw admissionForbidden(a, strange);
  const pull = namesOf(account, 'imagePullSecrets');
  for (const [i, secret] of children(spec, 'imagePullSecrets').entries()) {
    if (pull.has(str(secret, 'name'))) continue;
    throw admissionForbidden(
      a,
      `imagePullSecrets[${i}].name="${str(secret, 'name')}" is not allowed because service account ${accountName} does not reference that imagePullSecret`,
    );
  }
}

/** Nor do containers that come later; kube-apiserver says so with 500, for the plugin's error is none of the API's. */
export function checkSecretsOfEphemeral(account: JsonObject, spec: JsonObject | undefined): void {
  const strange = strangeSecret(children(spec, 'ephemeralContainers'), 'ephemeral container', account);
  if (strange !== undefined) throw new StatusError(500, '', strange);
}
