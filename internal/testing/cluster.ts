import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePki, PKI_FILES } from '../pki/pki.js';
import { openReplica, type PeerTls, type Replica, type ReplicaConfig } from '../replica/index.js';
import { until } from './until.js';

export interface TestClusterOptions {
  /** Default 1. */
  readonly size?: number;
  /** Settings that differ from the defaults, for every member. */
  readonly config?: Partial<ReplicaConfig>;
  /** Settings of one member. */
  readonly configOf?: (i: number) => Partial<ReplicaConfig>;
  /** Places for members that join later. */
  readonly spare?: number;
  /** Peer traffic without TLS; quicker to start. */
  readonly unsafeNoTls?: boolean;
}

export interface StartOptions {
  readonly wipe?: boolean;
  readonly join?: number;
}

/** Replicas in this process with directories of their own: real LMDB, real gRPC. */
export interface TestCluster {
  readonly directory: string;
  /** Replica i; throws when it is stopped. */
  replica(i: number): Replica;
  running(): readonly Replica[];
  /** Waits, 40 s at most, for one of the running replicas to lead; its place. */
  leader(): Promise<number>;
  stop(i: number): Promise<void>;
  /**
   * Starts replica i again on its directory; with `wipe`, on an empty one. With `join` (a running replica's place) it is
   * not one of the initial members but joins.
   */
  start(i: number, options?: StartOptions): Promise<Replica>;
  /** Stops all and removes their directories. */
  close(): Promise<void>;
}

/** Starts a cluster and waits until every member is ready. */
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const size = options.size ?? 1;
  const directory = mkdtempSync(join(tmpdir(), 'quorate-test-'));
  const alone = size + (options.spare ?? 0) === 1;
  const ports = alone ? [] : await freePorts(size + (options.spare ?? 0));
  const initialCluster = ports.slice(0, size).map((port, i) => ({ name: `r${i}`, address: `127.0.0.1:${port}` }));
  const tls = alone || options.unsafeNoTls === true ? undefined : await testTls(join(directory, 'pki'));
  const replicas = new Map<number, Replica>();

  const configOf = (i: number, through: number | undefined): ReplicaConfig => ({
    name: `r${i}`,
    dataDir: join(directory, `r${i}`),
    ...(ports[i] === undefined ? {} : { peerListen: `127.0.0.1:${ports[i]}` }),
    ...(through !== undefined ? { join: [`127.0.0.1:${ports[through]}`] } : i < size ? { initialCluster } : {}),
    ...(tls === undefined ? { unsafeNoPeerTls: true } : { tls }),
    ...options.config,
    ...options.configOf?.(i),
  });
  const start = async (i: number, { wipe = false, join: through }: StartOptions = {}): Promise<Replica> => {
    if (wipe) rmSync(join(directory, `r${i}`), { recursive: true, force: true });
    const replica = await openReplica(configOf(i, through));
    replicas.set(i, replica);
    return replica;
  };
  const stop = async (i: number): Promise<void> => {
    const replica = replicas.get(i);
    replicas.delete(i);
    await replica?.close();
  };
  const cluster: TestCluster = {
    directory,
    replica: (i) => {
      const replica = replicas.get(i);
      if (replica === undefined) throw new Error(`replica ${i} is not running`);
      return replica;
    },
    running: () => [...replicas.values()],
    leader: async () => {
      const leader = (): number | undefined =>
        [...replicas].find(([, replica]) => replica.status().role === 'leader')?.[0];
      await until(() => leader() !== undefined);
      return leader() ?? 0;
    },
    stop,
    start,
    close: async () => {
      await Promise.all([...replicas.keys()].map(stop));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all(Array.from({ length: size }, (_, i) => start(i, {})));
    await Promise.all(cluster.running().map((replica) => replica.ready()));
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}

/** Mutual TLS for members on 127.0.0.1. */
async function testTls(dir: string): Promise<PeerTls> {
  await ensurePki(dir, { serviceIp: '10.96.0.1' });
  const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
  return {
    ca: read(`${PKI_FILES.peerCa}.crt`),
    cert: read(`${PKI_FILES.peer}.crt`),
    key: read(`${PKI_FILES.peer}.key`),
  };
}

/** Ports that nothing listened on a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
