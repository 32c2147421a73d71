import { join } from 'node:path';

/** Clients that speak SPDY are served so far above the port of the API server, where nobody says otherwise. */
export const SPDY_OFFSET = 3000;

/** What the flags of one replica of a control plane depend on. */
export interface ReplicaFlagOptions {
  readonly name: string;
  /** Certificates, under the names of `pki`. */
  readonly pki: string;
  readonly data: string;
  /** The address that others reach this replica by, and the one that it listens on. */
  readonly advertiseAddress: string;
  readonly bindAddress: string;
  readonly port: number;
  /** host:port between the replicas. */
  readonly peerAddress: string;
  readonly serviceSubnet: string;
  readonly dnsDomain: string;
  /** What makes it a founder or a member that joins: `initial-cluster`, `join` and the like. */
  readonly membership: Readonly<Record<string, string>>;
}

/** The flags of `quorate serve` for one replica, by name: kubeadm's shape of a control plane. */
export function replicaFlags(options: ReplicaFlagOptions): Map<string, string> {
  const { name, pki, data, advertiseAddress, bindAddress, port, peerAddress, serviceSubnet, dnsDomain } = options;
  const file = (path: string): string => join(pki, path);
  return new Map([
    ['name', name],
    ['data-dir', data],
    // Also for a single replica: others can join it later.
    ['peer-listen', peerAddress],
    ...Object.entries(options.membership),
    ['peer-ca-file', file('peer/ca.crt')],
    ['peer-cert-file', file('peer/peer.crt')],
    ['peer-key-file', file('peer/peer.key')],
    ['advertise-address', advertiseAddress],
    ['bind-address', bindAddress],
    ['secure-port', String(port)],
    ['tls-cert-file', file('apiserver.crt')],
    ['tls-private-key-file', file('apiserver.key')],
    ['client-ca-file', file('ca.crt')],
    ['service-account-key-file', file('sa.pub')],
    ['service-account-signing-key-file', file('sa.key')],
    ['service-account-issuer', `https://kubernetes.default.svc.${dnsDomain}`],
    ['service-cluster-ip-range', serviceSubnet],
    ['authorization-mode', 'Node,RBAC'],
    ['enable-bootstrap-token-auth', 'true'],
    ['requestheader-client-ca-file', file('front-proxy-ca.crt')],
    ['requestheader-allowed-names', 'front-proxy-client'],
    ['requestheader-username-headers', 'X-Remote-User'],
    ['requestheader-group-headers', 'X-Remote-Group'],
    ['requestheader-extra-headers-prefix', 'X-Remote-Extra-'],
  ]);
}

/** What kubeadm adds to that, for a cluster with nodes. */
export function nodeClusterFlags(pki: string): Map<string, string> {
  const file = (path: string): string => join(pki, path);
  return new Map([
    ['allow-privileged', 'true'],
    ['enable-admission-plugins', 'NodeRestriction'],
    ['kubelet-client-certificate', file('apiserver-kubelet-client.crt')],
    ['kubelet-client-key', file('apiserver-kubelet-client.key')],
    ['kubelet-preferred-address-types', 'InternalIP,ExternalIP,Hostname'],
    ['proxy-client-cert-file', file('front-proxy-client.crt')],
    ['proxy-client-key-file', file('front-proxy-client.key')],
  ]);
}

/**
 * Takes out what cannot stand beside the flags that somebody gives by these names: a file of authorizers takes the place
 * of `--authorization-mode` (kubeadm does the same).
 */
export function makeWay(flags: Map<string, string>, given: readonly string[]): void {
  if (given.includes('authorization-config')) flags.delete('authorization-mode');
}

/** Flags as arguments, `--name=value`. */
export function asArguments(flags: ReadonlyMap<string, string>): string[] {
  return [...flags].map(([name, value]) => `--${name}=${value}`);
}
