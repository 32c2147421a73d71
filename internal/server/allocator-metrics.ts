import { Gauge, type Registry } from 'prom-client';
import { formatIP } from '../machinery/ip.js';
import { serviceCidrs, usableAddresses } from '../registry/core/service-addresses.js';
import { NODE_PORTS_PREFIX, type NodePortRange } from '../registry/core/service-node-ports.js';
import { prefixEnd, resourcePrefix } from '../store/keys.js';
import type { Backend } from '../store/types.js';

/** What services are given addresses and ports from. */
export interface ServiceAllocations {
  readonly backend: Backend;
  readonly nodePorts: NodePortRange;
}

/**
 * How many node ports and cluster IPs are taken, and how many are left, under kube-apiserver's names. Cluster IPs are told
 * where there is one network for them: those of several are not counted apart.
 */
export function allocatorMetrics(registry: Registry, read: () => ServiceAllocations | undefined): void {
  const count = (backend: Backend, prefix: string): number => backend.count(prefix, prefixEnd(prefix));
  const ports = (name: string, help: string, value: (taken: number, size: number) => number): void => {
    new Gauge({
      name: `kube_apiserver_nodeport_allocator_${name}_ports`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        const of = read();
        if (of === undefined) return;
        const { min, max } = of.nodePorts;
        this.set(value(count(of.backend, NODE_PORTS_PREFIX), max - min + 1));
      },
    });
  };
  ports('allocated', 'Gauge measuring the number of allocated NodePorts for Services', (taken) => taken);
  ports('available', 'Gauge measuring the number of available NodePorts for Services', (taken, size) => size - taken);
  const addresses = (name: string, help: string, value: (taken: number, size: number) => number): void => {
    new Gauge({
      name: `kube_apiserver_clusterip_allocator_${name}_ips`,
      help,
      labelNames: ['cidr'],
      registers: [registry],
      collect() {
        this.reset();
        const of = read();
        const [network, ...more] = of === undefined ? [] : serviceCidrs(of.backend);
        if (of === undefined || network === undefined || more.length > 0) return;
        const cidr = `${formatIP(network.family, network.base)}/${network.prefix}`;
        const taken = count(of.backend, resourcePrefix('networking.k8s.io', 'ipaddresses'));
        this.set({ cidr }, value(taken, Number(usableAddresses(network).count)));
      },
    });
  };
  addresses('allocated', 'Gauge measuring the number of allocated IPs for Services', (taken) => taken);
  addresses('available', 'Gauge measuring the number of available IPs for Services', (taken, size) => size - taken);
}
