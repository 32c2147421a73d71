import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { child, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import type { JsonObject } from '../machinery/json.js';
import { writeWhole } from '../pki/pki.js';
import type { ApiClient } from './api-client.js';
import { createToken } from './bootstrap-tokens.js';
import { NODE_GROUP } from './kubeadm-config.js';
import { SHARED_FILES } from './node-paths.js';
import { roleWithBinding } from './rbac-objects.js';
import { generateToken } from './token-form.js';

const NAME = 'kubeadm-certs';
const SECRETS = '/api/v1/namespaces/kube-system/secrets';
/** The Secret goes when the token goes that owns it. */
const TTL_MS = 2 * 3_600_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A new random key for the certificates: 32 bytes as hex, as `kubeadm certs certificate-key` prints. */
export function certificateKey(): string {
  return randomBytes(32).toString('hex');
}

/** The bytes of such a key. Throws FatalError for what is none. */
export function keyBytes(key: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(key)) return Buffer.from(key, 'hex');
  throw new FatalError('the certificate key must be 64 hex digits, as `quorate certs certificate-key` prints them');
}

/** Encrypts with AES-256-GCM: nonce, text, tag, as kubeadm does. */
export function encrypt(data: Buffer, key: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyBytes(key), nonce);
  return Buffer.concat([nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

/** The opposite of `encrypt`. Throws FatalError when the key is another one, or the data was changed. */
export function decrypt(data: Buffer, key: string): Buffer {
  const bytes = keyBytes(key);
  try {
    const decipher = createDecipheriv('aes-256-gcm', bytes, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
    return Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, data.length - TAG_BYTES)), decipher.final()]);
  } catch {
    throw new FatalError(
      'the uploaded certificates cannot be decrypted: the certificate key is not the one that they were uploaded with',
    );
  }
}

/** `peer/ca.crt` is `peer-ca.crt` in the Secret: its keys have no slashes. */
const secretName = (file: string): string => file.replaceAll('/', '-');

/**
 * Stores what every member of the control plane must have alike, encrypted, in the Secret `kubeadm-certs`. It is owned by a
 * bootstrap token of two hours, with which kube-controller-manager deletes it. Throws FatalError when a file is not there.
 */
export async function uploadCerts(client: ApiClient, pki: string, key: string): Promise<void> {
  const missing = SHARED_FILES.filter((file) => !existsSync(join(pki, file)));
  if (missing.length > 0)
    throw new FatalError(`${missing.map((f) => join(pki, f)).join(', ')} cannot be uploaded: not there`);
  const now = Date.now();
  const owner = await createToken(client, {
    token: generateToken(),
    description: `Proxy for managing TTL for the ${NAME} secret`,
    expires: `${new Date(now + TTL_MS).toISOString().slice(0, 19)}Z`,
    usages: [],
    groups: [],
  });
  const data = Object.fromEntries(
    SHARED_FILES.map((file) => [secretName(file), encrypt(readFileSync(join(pki, file)), key).toString('base64')]),
  );
  const metadata = child(owner, 'metadata');
  const secret: JsonObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: NAME,
      namespace: 'kube-system',
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Secret',
          name: str(metadata, 'name'),
          uid: str(metadata, 'uid'),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    type: 'Opaque',
    data,
  };
  await client.apply(SECRETS, secret);
  await roleWithBinding(client, {
    namespace: 'kube-system',
    name: 'kubeadm:kubeadm-certs',
    rule: { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: [NAME] },
    groups: [NODE_GROUP],
  });
}

/** Brings the uploaded files into a certificate directory; what is there must be the same. Throws FatalError. */
export async function downloadCerts(client: ApiClient, pki: string, key: string): Promise<string[]> {
  const secret = await client.get(`${SECRETS}/${NAME}`);
  if (secret === undefined) {
    throw new FatalError(
      `Secret "${NAME}" was not found in the "kube-system" Namespace. This Secret might have expired. Please, run \`quorate init phase upload-certs --upload-certs\` on a control plane to generate a new one`,
    );
  }
  const data = child(secret, 'data');
  const files = SHARED_FILES.map((file) => {
    const stored = str(data, secretName(file));
    if (stored === '')
      throw new FatalError(`Secret "${NAME}" has no ${secretName(file)}: upload the certificates again`);
    return { file, content: decrypt(Buffer.from(stored, 'base64'), key) };
  });
  // All can be read: only now is anything written.
  for (const { file, content } of files) {
    const path = join(pki, file);
    if (existsSync(path) && !readFileSync(path).equals(content)) {
      throw new FatalError(`${path} is there, and is not the cluster's: remove it (or run \`quorate reset\`) first`);
    }
    writeWhole(path, content.toString('utf8'), file.endsWith('.key') ? 0o600 : 0o644);
  }
  return files.map(({ file }) => file);
}
