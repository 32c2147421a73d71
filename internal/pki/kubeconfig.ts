import type { KeyPair } from './x509.js';

/** What a kubeconfig says: where the API is, who vouches for it, and who we are. */
export interface KubeconfigOptions {
  /** `https://host:port`. */
  readonly server: string;
  readonly caCert: string;
  readonly user: string;
  readonly client: KeyPair;
  readonly cluster?: string;
}

const data = (pem: string): string => Buffer.from(pem, 'utf8').toString('base64');

/** The text of a kubeconfig file with everything inline, as kubeadm writes admin.conf. */
export function kubeconfig(options: KubeconfigOptions): string {
  const cluster = options.cluster ?? 'kubernetes';
  const context = `${options.user}@${cluster}`;
  return `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: ${data(options.caCert)}
    server: ${options.server}
  name: ${cluster}
contexts:
- context:
    cluster: ${cluster}
    user: ${options.user}
  name: ${context}
current-context: ${context}
preferences: {}
users:
- name: ${options.user}
  user:
    client-certificate-data: ${data(options.client.cert)}
    client-key-data: ${data(options.client.key)}
`;
}
