import { join } from 'node:path';
import { SPDY_OFFSET } from './replica-flags.js';

/** The balancer listens this far above the first replica's port. */
export const BALANCER_OFFSET = 1000;
/** The replicas talk to each other this far above their own ports. */
const PEER_OFFSET = 2000;

/** Where everything of a local cluster lies: files below one directory, ports above one base. */
export class Layout {
  /** `dir` is absolute. */
  constructor(
    readonly dir: string,
    readonly basePort: number,
    readonly replicas: number,
  ) {}

  readonly host = '127.0.0.1';

  get names(): string[] {
    return Array.from({ length: this.replicas }, (_, i) => `r${i + 1}`);
  }
  get pki(): string {
    return join(this.dir, 'pki');
  }
  get balancerPort(): number {
    return this.basePort + BALANCER_OFFSET;
  }
  get haproxyDir(): string {
    return join(this.dir, 'haproxy');
  }
  home(name: string): string {
    return join(this.dir, name);
  }
  pidFile(name: string): string {
    return join(this.home(name), 'pid');
  }
  logFile(name: string): string {
    return join(this.home(name), 'log');
  }
  dataDir(name: string): string {
    return join(this.home(name), 'data');
  }
  /** One of these is there from a replica's first start on, for as long as it has its data; earlier releases had `log`. */
  raftLogs(name: string): string[] {
    return ['wal', 'log'].map((directory) => join(this.dataDir(name), directory));
  }
  port(name: string): number {
    return this.basePort + this.names.indexOf(name);
  }
  url(name: string): string {
    return `https://${this.host}:${this.port(name)}`;
  }
  peerAddress(name: string): string {
    return `${this.host}:${this.port(name) + PEER_OFFSET}`;
  }
  spdyPort(name: string): number {
    return this.port(name) + SPDY_OFFSET;
  }
  kubeconfig(name: string): string {
    return join(this.dir, `${name}.conf`);
  }
  /** The ports that one replica takes. */
  portsOf(name: string): number[] {
    return [this.port(name), this.port(name) + PEER_OFFSET, this.spdyPort(name)];
  }
  /** Every port that the cluster takes. */
  get ports(): number[] {
    return [...this.names.flatMap((n) => this.portsOf(n)), this.balancerPort];
  }
}
