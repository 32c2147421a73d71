import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfig } from '../pki/kubeconfig.js';
import { authorityOf, isExternal, type PairState, PKI_FILES, writeWhole } from '../pki/pki.js';
import type { KeyAlgorithm } from '../pki/key-algorithms.js';
import { KUBECONFIGS, type KubeconfigName } from './node-paths.js';

/** Who each of kubeadm's kubeconfigs is for. */
function identityOf(name: KubeconfigName, node: string): { user: string; organizations: string[] } {
  switch (name) {
    case 'admin':
      return { user: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'] };
    case 'super-admin':
      return { user: 'kubernetes-super-admin', organizations: ['system:masters'] };
    case 'kubelet':
      return { user: `system:node:${node}`, organizations: ['system:nodes'] };
    case 'controller-manager':
      return { user: 'system:kube-controller-manager', organizations: [] };
    case 'scheduler':
      return { user: 'system:kube-scheduler', organizations: [] };
  }
}

/** What kubeconfigs of a node say. */
export interface KubeconfigFilesOptions {
  /** Where they are written. */
  readonly dir: string;
  /** With ca.crt and ca.key. */
  readonly pki: string;
  readonly nodeName: string;
  readonly clusterName: string;
  /** https://host:port of the balancer, for people and the kubelet. */
  readonly server: string;
  /** https://host:port of this node's replica, for what runs beside it. */
  readonly localServer: string;
  readonly leafDays: number;
  /** What their keys are. */
  readonly keys: KeyAlgorithm;
  /** Which; all when absent. */
  readonly only?: readonly KubeconfigName[];
}

/** Writes the kubeconfigs that are missing, each with a client certificate of its own, mode 0600. */
export async function writeKubeconfigFiles(
  options: KubeconfigFilesOptions,
  onFile: (file: string, what: PairState) => void,
): Promise<void> {
  const { issue } = await import('../pki/x509.js');
  for (const name of options.only ?? KUBECONFIGS) {
    const file = `${name}.conf`;
    const path = join(options.dir, file);
    const isKept = existsSync(path);
    onFile(file, isKept && isExternal(options.pki, PKI_FILES.ca) ? 'keyless' : isKept ? 'kept' : 'made');
    if (isKept) continue;
    const ca = authorityOf(options.pki, PKI_FILES.ca);
    const { user, organizations } = identityOf(name, options.nodeName);
    const client = await issue(
      ca,
      { commonName: user, organizations, usages: ['client'] },
      options.leafDays,
      options.keys,
    );
    const local = name === 'controller-manager' || name === 'scheduler';
    const server = local ? options.localServer : options.server;
    writeWhole(path, kubeconfig({ server, caCert: ca.cert, user, client, cluster: options.clusterName }), 0o600);
  }
}

/** kubeadm's words for a kubeconfig that was met. */
export function kubeconfigText(file: string, what: PairState): string {
  if (what === 'keyless') return `External CA mode: Using user provided ${file}`;
  return `${what === 'made' ? 'Writing' : 'Using existing'} "${file}" kubeconfig file`;
}
