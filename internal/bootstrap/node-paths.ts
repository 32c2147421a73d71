import { join } from 'node:path';
import { PKI_FILES } from '../pki/pki.js';

/** Where a node of a control plane keeps its files; every path is absolute. */
export interface NodePaths {
  /** kubeadm's `/etc/kubernetes`. */
  readonly kubernetes: string;
  readonly pki: string;
  readonly manifests: string;
  /** kubeadm's `/var/lib/etcd`: log and state of the replica. */
  readonly data: string;
  readonly kubelet: string;
  readonly systemdUnit: string;
  readonly haproxy: string;
  readonly keepalived: string;
  /** The command line of this node's replica, one argument a line. */
  readonly flags: string;
  readonly pid: string;
  readonly log: string;
}

/** What a person may place elsewhere; what is absent lies where kubeadm has it, below `rootfs`. */
export interface PathOptions {
  readonly rootfs?: string | undefined;
  readonly certDir?: string | undefined;
  readonly kubeconfigDir?: string | undefined;
  readonly manifestsDir?: string | undefined;
  readonly dataDir?: string | undefined;
}

/** kubeadm's place for certificates, as it stands in a ClusterConfiguration. */
export const CERTIFICATES_DIR = '/etc/kubernetes/pki';
/** Where a replica's data lies when the configuration does not say. */
export const DATA_DIR = '/var/lib/quorate';

/** The paths of a node. */
export function nodePaths(options: PathOptions): NodePaths {
  const below = (path: string): string => join(options.rootfs ?? '/', path);
  const kubernetes = options.kubeconfigDir ?? below('/etc/kubernetes');
  return {
    kubernetes,
    pki: options.certDir ?? below(CERTIFICATES_DIR),
    manifests: options.manifestsDir ?? join(kubernetes, 'manifests'),
    data: options.dataDir ?? below(DATA_DIR),
    kubelet: below('/var/lib/kubelet'),
    systemdUnit: below('/etc/systemd/system/quorate.service'),
    haproxy: below('/etc/haproxy/haproxy.cfg'),
    keepalived: below('/etc/keepalived/keepalived.conf'),
    flags: join(kubernetes, 'quorate.flags'),
    pid: below('/run/quorate.pid'),
    log: below('/var/log/quorate.log'),
  };
}

/** kubeadm's kubeconfig files. */
export const KUBECONFIGS = ['admin', 'super-admin', 'kubelet', 'controller-manager', 'scheduler'] as const;
export type KubeconfigName = (typeof KUBECONFIGS)[number];

/** What every member of a control plane must have alike: file names below the certificate directory. */
export const SHARED_FILES: readonly string[] = [
  ...[PKI_FILES.ca, PKI_FILES.frontProxyCa, PKI_FILES.peerCa].flatMap((name) => [`${name}.crt`, `${name}.key`]),
  PKI_FILES.serviceAccountPublicKey,
  PKI_FILES.serviceAccountKey,
];
