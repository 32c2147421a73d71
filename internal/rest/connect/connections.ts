import type { Callout, TlsOptions } from '../../callout/index.js';

/** With what nodes, pods and services are reached. */
export interface Connections {
  readonly callout: Callout;
  /** How the server proves itself to kubelets, and whom it believes (`--kubelet-client-certificate` ...). */
  readonly kubelet: TlsOptions;
  /** `--kubelet-preferred-address-types`: the first that a node has is used. */
  readonly preferredAddressTypes: readonly string[];
  /** Where clients reach this server that speak other protocols than WebSocket (`--spdy-bind-port`); 0 or absent for nowhere. */
  readonly spdyPort?: number | undefined;
  /** Whether a proxy may lead to this IP address; `isGlobalUnicast` when absent. */
  readonly mayProxyTo?: (ip: string) => boolean;
}

/** kube-apiserver's default of `--kubelet-preferred-address-types`. */
export const DEFAULT_ADDRESS_TYPES = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'] as const;
