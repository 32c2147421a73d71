import { FatalError } from '../machinery/assert.js';
import type { ArchiveOptions } from './archive/target.js';
import type { SlowDiskLimits } from './slow-disk.js';

export interface MemberAddress {
  readonly name: string;
  /** host:port of the member's peer listener. */
  readonly address: string;
}

/** PEM text of what mutual TLS between replicas needs. */
export interface PeerTls {
  readonly ca: string | Buffer;
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ReplicaConfig {
  readonly name: string;
  readonly dataDir: string;
  /** host:port to listen on for the other members; absent for a replica that has none. */
  readonly peerListen?: string;
  /** host:port under which the others reach this replica, when it joins; default `peerListen`. */
  readonly peerAddress?: string;
  /** Every member of a new cluster, this one included; ignored once the data directory holds a cluster. */
  readonly initialCluster?: readonly MemberAddress[];
  /** Keeps apart clusters whose founders have the same names; the same for every founder. */
  readonly initialClusterToken?: string;
  /**
   * Addresses (host:port) of members of a running cluster to join, as a new member; with `peerListen`, and instead of
   * `initialCluster`. Ignored once the data directory holds a cluster.
   */
  readonly join?: readonly string[];
  readonly tls?: PeerTls;
  /** Peer traffic without TLS: for tests only. */
  readonly unsafeNoPeerTls?: boolean;
  /** Raft's clock; default 50 ms. */
  readonly tickMs?: number;
  /** Default 100 ms. */
  readonly heartbeatMs?: number;
  /** A follower campaigns after one to two of these without a leader; default 500 ms. */
  readonly electionMs?: number;
  /** History older than this is forgotten, at this interval; default 5 minutes, 0 for never. */
  readonly compactionIntervalMs?: number;
  /** The whole state is read and checked this often, and once a minute after the start; default one hour. */
  readonly scrubIntervalMs?: number;
  /** Log entries kept for followers that fall behind; default 100,000, and 128 MiB at most. One that needs older ones gets a snapshot. */
  readonly logKeepEntries?: number;
  /** Where and how the log and the state are archived; absent for not at all. */
  readonly archive?: ArchiveOptions;
  /** Default time for `txn`; 10 s. */
  readonly txnTimeoutMs?: number;
  /** Default time for `readBarrier`; 5 s. */
  readonly readTimeoutMs?: number;
  /** Lets one read go on whose barrier is passed, soon: a round may serve hundreds. At once when absent. */
  readonly releaseRead?: (goOn: () => void) => void;
  /** When a leader hands over because its disk is slow; what is absent has its default (slow-disk.ts). */
  readonly slowDisk?: Partial<SlowDiskLimits>;
  /** How much longer every durable write of the log takes, in ms: for tests only. */
  readonly unsafeLogDelayMs?: () => number;
  /** The version of the log's commands that this replica says it knows, as an earlier release does: for tests only. */
  readonly unsafeLogVersion?: number;
  /** Aborted when a replica that waits for a copy of the state at its start is not to start after all. */
  readonly stopping?: AbortSignal;
  readonly log?: (level: LogLevel, text: string) => void;
  /** Called often: must be quick. */
  readonly observe?: (what: Observed, value: number) => void;
  /**
   * The replica cannot go on; it has stopped answering. After a DifferingStateError it may be closed and opened again.
   * Default: the error is thrown, which ends the process.
   */
  readonly onFatal?: (error: FatalError) => void;
}

/** Durations and sizes as they happen, for histograms. */
export type Observed =
  /** Seconds that one durable write of the log took (fsync included). */
  | 'logWriteSeconds'
  /** Seconds until one commit of the state was visible. */
  | 'stateCommitSeconds'
  /** Rows in one commit of the state. */
  | 'stateCommitRows';

/** The times and amounts of a configuration, where nothing is said as their defaults; see there. */
export function amountsOf(config: ReplicaConfig) {
  return {
    tickMs: config.tickMs ?? 50,
    heartbeatMs: config.heartbeatMs ?? 100,
    electionMs: config.electionMs ?? 500,
    compactionIntervalMs: config.compactionIntervalMs ?? 300_000,
    // A pass takes about a minute for each GiB (store/scrub.ts).
    scrubIntervalMs: config.scrubIntervalMs ?? 3_600_000,
    logKeepEntries: config.logKeepEntries ?? 100_000,
    txnTimeoutMs: config.txnTimeoutMs ?? 10_000,
    readTimeoutMs: config.readTimeoutMs ?? 5_000,
  };
}

/**
 * host:port under which the others reach the member `id`: what it is told by its configuration, or else by the founders'
 * list, or else where it listens.
 */
export function addressOf(
  { peerAddress }: ReplicaConfig,
  peerListen: string,
  { id, members }: { readonly id: number; readonly members: readonly (readonly [number, string, string])[] },
): string {
  return peerAddress ?? members.find(([member]) => member === id)?.[2] ?? peerListen;
}

/** What a member may be called; the sentence says so. */
export const NAME_RULE = "must be lower-case letters, digits, '-' or '.', at most 63";

export function isMemberName(name: string): boolean {
  return /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(name);
}

/** Checks what a person may have got wrong. Throws FatalError. */
export function validateConfig(config: ReplicaConfig): void {
  const cluster = config.initialCluster ?? [];
  if (!isMemberName(config.name)) throw new FatalError(`--name ${JSON.stringify(config.name)} ${NAME_RULE}.`);
  if (cluster.length > 0 && !cluster.some((member) => member.name === config.name)) {
    throw new FatalError(`--initial-cluster does not name this replica (${config.name}). Add it, or correct --name.`);
  }
  if (new Set(cluster.map((member) => member.name)).size !== cluster.length) {
    throw new FatalError('--initial-cluster names a member twice. Give every member a name of its own.');
  }
  if (new Set(cluster.map((member) => member.address)).size !== cluster.length) {
    throw new FatalError('--initial-cluster has an address twice. Give every member the address of its --peer-listen.');
  }
  const joins = (config.join ?? []).length > 0;
  if (joins && cluster.length > 0) throw new FatalError('give either --initial-cluster or --join, not both.');
  if ((cluster.length > 1 || joins) && config.peerListen === undefined) {
    throw new FatalError('a cluster of several members needs --peer-listen host:port.');
  }
  if ((cluster.length > 1 || joins) && config.tls === undefined && config.unsafeNoPeerTls !== true) {
    throw new FatalError('a cluster of several members needs TLS between them: give a CA, a certificate and a key.');
  }
}
