import * as k8s from '@kubernetes/client-node';

/** How leases are held: client-go's three durations, in milliseconds. */
export interface LeaseTimes {
  /** Others wait this long after the last renewal that they saw. */
  readonly duration: number;
  /** Whoever has not renewed for this long gives up; less than `duration`. */
  readonly renewDeadline: number;
  readonly retry: number;
}

/** Leader election over a Lease, as client-go does it: others' clocks are never looked at, only their changes. */
export class Elector {
  isLeader = false;
  private observed = '';
  private observedAt = 0;
  private renewedAt = 0;
  private stopped = false;
  private wake: () => void = () => undefined;
  private readonly running: Promise<void>;

  constructor(
    private readonly api: k8s.CoordinationV1Api,
    private readonly lease: { namespace: string; name: string },
    readonly identity: string,
    private readonly times: LeaseTimes,
    private readonly onChange: (isLeader: boolean) => void,
  ) {
    this.running = this.run();
  }

  /** Ends as a killed process does: the lease is not given back. */
  async die(): Promise<void> {
    this.stopped = true;
    this.set(false);
    this.wake();
    await this.running;
  }

  private set(isLeader: boolean): void {
    if (this.isLeader === isLeader) return;
    this.isLeader = isLeader;
    this.onChange(isLeader);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const started = performance.now();
      // A renewal that hangs does not keep the lead.
      const late = setTimeout(
        () => this.set(false),
        this.isLeader ? Math.max(0, this.renewedAt + this.times.renewDeadline - started) : this.times.renewDeadline,
      );
      const held = await this.tryAcquireOrRenew();
      clearTimeout(late);
      if (held && !this.stopped) {
        // The others count from when they saw it, which is later than when it was asked for.
        this.renewedAt = started;
        this.set(performance.now() - started < this.times.renewDeadline);
      } else if (performance.now() - this.renewedAt >= this.times.renewDeadline) this.set(false);
      if (this.stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.times.retry);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private async tryAcquireOrRenew(): Promise<boolean> {
    try {
      const lease = await this.api.readNamespacedLease(this.lease).catch((e: unknown) => {
        if (e instanceof k8s.ApiException && e.code === 404) return undefined;
        throw e;
      });
      const now = new k8s.V1MicroTime();
      const spec = { holderIdentity: this.identity, leaseDurationSeconds: this.times.duration / 1000, renewTime: now };
      const { namespace, name } = this.lease;
      if (lease === undefined) {
        await this.api.createNamespacedLease({ namespace, body: { metadata: { name }, spec } });
        return true;
      }
      const version = lease.metadata?.resourceVersion ?? '';
      if (version !== this.observed) {
        this.observed = version;
        this.observedAt = performance.now();
      }
      const mine = lease.spec?.holderIdentity === this.identity;
      if (!mine && performance.now() < this.observedAt + this.times.duration) return false;
      const next = await this.api.replaceNamespacedLease({ namespace, name, body: Object.assign(lease, { spec }) });
      this.observed = next.metadata?.resourceVersion ?? '';
      this.observedAt = performance.now();
      return true;
    } catch (e) {
      // No leader in the quorum, a broken connection, a conflict: all of them mean that this round brought nothing.
      if (!(e instanceof Error)) throw e;
      return false;
    }
  }
}
