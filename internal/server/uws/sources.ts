/**
 * Where the connections of a port come from, as long as all that are open come from one place: a load balancer, or tests on
 * one machine. uWebSockets.js names no connection by which its address could be kept, and asking the kernel for it again
 * with each request costs a fifth of what audit at Metadata does.
 */
export class Sources {
  /** Connections that are open. */
  open = 0;
  private address: string | undefined;

  /** A connection was made; `address` is its other end, '' where that is gone again. */
  opened(address: string): void {
    this.open++;
    if (this.open === 1) this.address = address;
    else if (this.address !== address) this.address = undefined;
  }

  /** One was closed; nobody can tell which, so that only the end of all lets another place be the only one. */
  closed(): void {
    this.open--;
  }

  /** The other end of every connection that is open; undefined where there may be several. */
  get only(): string | undefined {
    return this.address === '' ? undefined : this.address;
  }
}
