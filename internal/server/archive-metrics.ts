import { Counter, Gauge, type Registry } from 'prom-client';
import type { ArchiveStatus } from '../replica/archive/archiver.js';

/** How the archive gets on, as metrics, read at each scrape. The ages are there on the leader only, which keeps it. */
export function archiveMetrics(registry: Registry, read: () => ArchiveStatus | undefined): void {
  const age = (name: string, help: string, since: (status: ArchiveStatus) => number | undefined): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.remove();
        const status = read();
        const ms = status === undefined ? undefined : since(status);
        if (ms !== undefined) this.set(Math.max(0, Date.now() - ms) / 1000);
      },
    });
  };
  const count = (name: string, help: string, of: (status: ArchiveStatus) => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        const status = read();
        this.reset();
        if (status !== undefined) this.inc(of(status));
      },
    });
  };
  age(
    'quorate_archive_age_seconds',
    'How long ago the archive held all that was acknowledged; on the leader only.',
    (status) => status.currentMs,
  );
  age(
    'quorate_archive_snapshot_age_seconds',
    'Age of the newest copy of the state in the archive; on the leader only.',
    (status) => status.baseMs,
  );
  count('quorate_archive_failures', 'Attempts to write the archive that came to nothing.', (status) => status.failures);
  count('quorate_archive_bytes', 'Bytes written to the archive by this process.', (status) => status.bytes);
}
