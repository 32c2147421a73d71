import { Gauge, type Registry } from 'prom-client';

/** When the certificates that a replica uses expire, as metric; read at each scrape. */
export function certificateMetrics(registry: Registry, expiries: () => ReadonlyMap<string, number>): void {
  new Gauge({
    name: 'quorate_certificate_expiration_timestamp_seconds',
    help: 'When the certificate, or the last of the authorities in its file, expires, in seconds since 1970.',
    labelNames: ['name'],
    registers: [registry],
    collect() {
      for (const [name, ms] of expiries()) this.set({ name }, ms / 1000);
    },
  });
}
