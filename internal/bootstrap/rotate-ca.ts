import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { child, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import type { JsonObject } from '../machinery/json.js';
import { CERTIFICATES, PKI_FILES, phaseName, readPair, storePair, writeWhole } from '../pki/pki.js';
import { renewPair } from '../pki/upkeep.js';
import type { KeyPair } from '../pki/x509.js';
import { type ApiClient, succeeded } from './api-client.js';
import { listCertificates, renewCertificate, replaceAuthority } from './certificate-list.js';
import { clusterInfoKubeconfig, clusterOf, signClusterInfo } from './cluster-info.js';
import { listTokens } from './bootstrap-tokens.js';
import type { NodePaths } from './node-paths.js';
import { decrypt, encrypt } from './upload-certs.js';

/** The stages of a rotation. Each is done on every machine of the control plane before the next begins on any. */
export const STAGES = ['trust', 'issue', 'finish'] as const;
export type Stage = (typeof STAGES)[number];

export const AUTHORITIES = ['ca', 'front-proxy-ca', 'peer-ca'] as const;
export type AuthorityName = (typeof AUTHORITIES)[number];

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const CLUSTER_INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info';

/** Where a rotation of one authority stands on this machine. */
export interface Rotation {
  readonly name: AuthorityName;
  /** The stage that comes next here. */
  readonly stage: Stage;
  /** What this stage writes, one line each. */
  readonly steps: readonly string[];
}

/** PKI_FILES' name of an authority. */
const fileOf = (name: AuthorityName): string => (name === 'peer-ca' ? PKI_FILES.peerCa : name);
const nextDir = (paths: NodePaths): string => join(paths.pki, 'next');

function certificates(pem: string): string[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map(
    (block) => `${block}\n`,
  );
}

/** The authority that takes over; undefined before the first stage. */
export function nextAuthority(paths: NodePaths, name: AuthorityName): KeyPair | undefined {
  return existsSync(join(nextDir(paths), `${name}.key`)) ? readPair(nextDir(paths), name) : undefined;
}

/** Finds out from the files how far a rotation is here. Throws FatalError when they are of no stage. */
export function rotationOf(paths: NodePaths, name: AuthorityName): Rotation {
  const file = fileOf(name);
  const next = nextAuthority(paths, name);
  const trusted = certificates(readPair(paths.pki, file).cert);
  const leaves = CERTIFICATES.filter(({ ca }) => ca === file).map((leaf) => `${join(paths.pki, leaf.name)}.crt`);
  const kubeconfigs = name === 'ca' ? [`kubeconfigs in ${paths.kubernetes}`] : [];
  const authority = `${join(paths.pki, file)}.crt`;
  if (next === undefined || !trusted.includes(next.cert)) {
    const steps = [
      `${nextDir(paths)}/${name}.crt and .key: the new authority`,
      `${authority}: the old authority and the new one`,
    ];
    return { name, stage: 'trust', steps: [...steps, ...kubeconfigs.map((k) => `${k}: believe both`)] };
  }
  if (trusted.length !== 2)
    throw new FatalError(
      `${authority} should hold the old authority and the new one: put that back, or remove ${nextDir(paths)} to begin anew`,
    );
  if (trusted[0] !== next.cert) {
    const steps = [
      `${authority}: the new authority first`,
      ...leaves.map((leaf) => `${leaf}: issued by the new authority`),
    ];
    return {
      name,
      stage: 'issue',
      steps: [...steps, ...kubeconfigs.map((k) => `${k}: certificates issued by the new authority`)],
    };
  }
  const steps = [`${authority}: the new authority alone`, `${nextDir(paths)}/${name}.*: removed`];
  return {
    name,
    stage: 'finish',
    steps: [...steps, ...kubeconfigs.map((k) => `${k}: believe the new authority alone`)],
  };
}

/** Where the new authority waits for the other machines, encrypted. */
const secretName = (name: AuthorityName): string => `quorate-next-${name}`;

/** The new authority: this machine's, or that of the machine where the rotation began, or (made) a new one. */
async function findNext(paths: NodePaths, name: AuthorityName, client: ApiClient, key: string): Promise<KeyPair> {
  const here = nextAuthority(paths, name);
  const stored = await client.get(`${SECRETS}/${secretName(name)}`);
  if (stored !== undefined) {
    const data = child(stored, 'data');
    const field = (what: string): string => decrypt(Buffer.from(str(data, what), 'base64'), key).toString('utf8');
    const pair = { cert: field('crt'), key: field('key') };
    if (here !== undefined && here.cert !== pair.cert)
      throw new FatalError(
        `another rotation of ${name} is under way (Secret ${secretName(name)}): end that first, or delete the Secret`,
      );
    return pair;
  }
  const names = { ca: 'kubernetes', 'front-proxy-ca': 'front-proxy-ca', 'peer-ca': 'quorate-peer-ca' };
  const { algorithmOf, createAuthority } = await import('../pki/x509.js');
  const current = readPair(paths.pki, fileOf(name)).cert;
  const pair = here ?? (await createAuthority(names[name], undefined, algorithmOf(current)));
  const seal = (text: string): string => encrypt(Buffer.from(text), key).toString('base64');
  await client.apply(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName(name), namespace: 'kube-system' },
    type: 'Opaque',
    data: { crt: seal(pair.cert), key: seal(pair.key) },
  });
  return pair;
}

/** Does the stage that is next on this machine. Running processes read the files again by themselves. Throws FatalError. */
export async function rotate(paths: NodePaths, rotation: Rotation, client: ApiClient, key: string): Promise<void> {
  const { name, stage } = rotation;
  const file = fileOf(name);
  const path = join(paths.pki, `${file}.crt`);
  const [current = ''] = certificates(readPair(paths.pki, file).cert);
  const next = stage === 'trust' ? await findNext(paths, name, client, key) : nextAuthority(paths, name);
  if (next === undefined) throw new FatalError(`there is no new ${name} here: begin with the first stage`);
  const trusted = { trust: `${current}${next.cert}`, issue: `${next.cert}${current}`, finish: next.cert }[stage];
  // What others are told comes first, for who breaks off in between begins this stage again.
  if (stage === 'finish') await client.ask('DELETE', `${SECRETS}/${secretName(name)}`);
  if (name === 'ca') await publish(client, trusted);
  if (stage === 'trust') storePair(nextDir(paths), name, next);
  // The key first: who reads the new certificate must find its key.
  if (stage === 'issue') writeWhole(join(paths.pki, `${file}.key`), next.key, 0o600);
  writeWhole(path, trusted, 0o644);
  if (stage === 'issue') await renewLeaves(paths, file);
  if (name === 'ca') await renewKubeconfigs(paths, stage);
  if (stage !== 'finish') return;
  for (const end of ['crt', 'key']) rmSync(join(nextDir(paths), `${name}.${end}`), { force: true });
}

async function renewLeaves(paths: NodePaths, ca: string): Promise<void> {
  for (const spec of CERTIFICATES) {
    if (spec.ca !== ca || !existsSync(join(paths.pki, `${spec.name}.crt`))) continue;
    await renewPair(paths.pki, spec, readPair(paths.pki, spec.name).cert);
  }
}

async function renewKubeconfigs(paths: NodePaths, stage: Stage): Promise<void> {
  const ca = readPair(paths.pki, PKI_FILES.ca).cert;
  for (const certificate of listCertificates(paths)) {
    if (!certificate.name.endsWith('.conf')) continue;
    if (stage === 'issue') await renewCertificate(paths, certificate);
    else replaceAuthority(certificate.file, ca);
  }
}

/** Nodes that join believe what `cluster-info` says. */
async function publish(client: ApiClient, ca: string): Promise<void> {
  const stored = await client.get(CLUSTER_INFO);
  if (stored === undefined) return;
  const data: JsonObject = child(stored, 'data') ?? {};
  const { server } = clusterOf(str(data, 'kubeconfig'));
  const kubeconfig = clusterInfoKubeconfig(server, ca);
  if (kubeconfig === str(data, 'kubeconfig')) return;
  succeeded(
    await client.ask('PUT', CLUSTER_INFO, { ...stored, data: { ...data, kubeconfig } }),
    'updating cluster-info',
  );
  await signClusterInfo(client, await listTokens(client));
}

/** kubeadm's name of what an authority signs, for people. */
export function signedBy(name: AuthorityName): string {
  return CERTIFICATES.filter(({ ca }) => ca === fileOf(name))
    .map((spec) => phaseName(spec.name))
    .join(', ');
}
