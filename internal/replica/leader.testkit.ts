import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import type { ConfState, Message, NodeId, RaftConfig } from '../raft/index.js';
import { type Command, LOG_VERSION } from '../store/command.js';
import type { MemberInfo } from '../store/meta.js';
import { StateStore } from '../store/state.js';
import { ClusterClock } from './cluster-clock.js';
import { Driver, type SnapshotInstaller } from './driver.js';
import type { Member } from './identity.js';
import { LogStore } from './log.js';
import { Membership } from './membership.js';
import { Proposals } from './proposals.js';
import { Reads } from './reads.js';
import { DiskWatch, SLOW_DISK_LIMITS } from './slow-disk.js';
import { SpaceGuard } from './space.js';
import { Verifier, type VerifyRequest } from './verify.js';

/** A message of term 5 from another member to member 1, with nothing in it but what is said. */
export const messageOf = (from: NodeId, type: Message['type'], more: Partial<Message> = {}): Message => ({
  type,
  from,
  to: 1,
  term: 5,
  index: 0,
  logTerm: 0,
  commit: 0,
  entries: [],
  reject: false,
  rejectHint: 0,
  context: '',
  ...more,
});

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const nothing = (): void => undefined;

/** Replica 1, as it knows itself when it has founded its cluster. */
export const FOUNDER: Member = {
  id: 1,
  cluster: 7,
  name: 'a',
  nonce: 'x',
  boots: 1,
  starts: [],
  members: [],
  joined: false,
  logVersion: LOG_VERSION,
};

/** What is otherwise than usual. */
interface Unusual {
  readonly raft?: Partial<RaftConfig>;
  /** Without it there are no peers that could bring snapshots in. */
  readonly installer?: SnapshotInstaller;
}

/**
 * The parts of replica 1, named `a`, which leads a cluster without a network: the other members are messages that are
 * answered (`present`) or lost. Log and state are real.
 */
export class LoneLeader {
  readonly directory = mkdtempSync(join(tmpdir(), 'quorate-leader-'));
  /** Members that acknowledge all that they are sent. */
  readonly present = new Set<NodeId>();
  /** Members that there is a connection to. */
  readonly reachable = new Set<NodeId>();
  readonly nonces = new Map<NodeId, string>();
  readonly sent: Message[] = [];
  readonly said: string[] = [];
  /** What Membership asks of another member: `to address`. */
  readonly calls: string[] = [];
  /** Who was asked for a hash of its state, and as of which revision. */
  readonly compared: string[] = [];
  call: (to: NodeId, payload: Buffer) => Promise<Buffer> = () => Promise.reject(new Error('nobody answers'));
  confirm: (timeoutMs: number) => Promise<void> = (timeoutMs) => this.reads.wait(timeoutMs);
  log!: LogStore;
  state!: StateStore;
  driver!: Driver;
  proposals!: Proposals;
  reads!: Reads;
  membership!: Membership;
  verifier!: Verifier;
  space!: SpaceGuard;
  clock!: ClusterClock;
  readonly disks = new DiskWatch(SLOW_DISK_LIMITS);

  static async open(
    others: Readonly<Record<NodeId, MemberInfo>> = {},
    more: Partial<ConfState> = {},
    unusual: Unusual = {},
  ): Promise<LoneLeader> {
    const bench = new LoneLeader();
    await bench.#open(others, more, unusual);
    return bench;
  }

  async #open(
    others: Readonly<Record<NodeId, MemberInfo>>,
    more: Partial<ConfState>,
    { raft = {}, installer }: Unusual,
  ): Promise<void> {
    const conf = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false, ...more };
    const self = { name: 'a', address: '10.0.0.1:1' };
    const infos = Object.entries({ 1: self, ...others }).map(([id, info]) => [Number(id), info] as const);
    this.state = new StateStore({
      path: join(this.directory, 'state'),
      conf,
      members: new Map(infos),
      onVisible: () => this.driver?.onVisible(),
      onDurable: nothing,
      onDiskFull: nothing,
      onFatal: (error) => {
        throw error;
      },
    });
    this.log = await LogStore.open({
      path: join(this.directory, 'wal'),
      stateMeta: () => ({
        index: this.state.meta.appliedIndex,
        term: this.state.meta.appliedTerm,
        confState: this.state.meta.conf,
      }),
      onDiskFull: nothing,
    });
    const say = (_: string, text: string): void => void this.said.push(text);
    this.driver = new Driver({
      raft: {
        id: 1,
        applied: 0,
        confState: conf,
        electionTicks: 1_000,
        heartbeatTicks: 100,
        maxSizePerMessageBytes: 1_000,
        maxInflightMessages: 100,
        maxInflightBytes: 1_000_000,
        maxUncommittedBytes: 1_000_000,
        preVote: false,
        checkQuorum: false,
        ...raft,
      },
      id: 1,
      log: this.log,
      state: this.state,
      outbox: { send: (messages) => this.#answer(messages), setMembers: nothing },
      installer,
      disks: this.disks,
      onFatal: (error) => void this.said.push(`fatal: ${error.message}`),
      onDamagedEntry: (error) => void this.said.push(`damaged: ${error.message}`),
      onLeader: nothing,
      onConfChange: (request) => this.membership.onApplied(request),
      onConfChangeRefused: (refusal) => this.membership.onRefused(refusal),
    });
    this.clock = new ClusterClock(() => this.state.meta.clock);
    this.proposals = new Proposals({
      proposer: 1,
      seq: 0,
      now: () => this.clock.now(),
      propose: (payload, context) => this.driver.raft.propose([payload], context),
      wake: this.driver.wake,
    });
    this.reads = new Reads({
      prefix: '1.1',
      readIndex: (context) => this.driver.raft.readIndex(context),
      visibleIndex: () => this.state.visible.appliedIndex,
      wake: this.driver.wake,
    });
    this.driver.attach(this.proposals, this.reads);
    this.membership = new Membership({
      driver: this.driver,
      state: this.state,
      id: 1,
      cluster: 7,
      prefix: '1.1',
      nonceOf: (id) => this.nonces.get(id),
      reachable: (id) => this.reachable.has(id),
      call: (to, address, payload) => {
        this.calls.push(`${to} ${address}`);
        return this.call(to, payload);
      },
      confirm: (timeoutMs) => this.confirm(timeoutMs),
      say,
    });
    this.space = new SpaceGuard({ dataDir: this.directory, say });
    const ask = (to: NodeId, payload: Buffer): Promise<Buffer> => {
      const { revision } = packr.unpack(payload) as VerifyRequest;
      this.compared.push(`${to} at ${revision}`);
      return Promise.reject(new Error('nobody answers'));
    };
    this.verifier = new Verifier({ id: 1, state: this.state, ask, onDiverged: nothing, say });
  }

  #answer(messages: readonly Message[]): void {
    this.sent.push(...messages);
    const answers = messages.flatMap((m): Message[] => {
      if (!this.present.has(m.to)) return [];
      const back = { ...m, from: m.to, to: m.from, entries: [] };
      if (m.type === 'append')
        return [{ ...back, type: 'appendResp', index: m.entries.at(-1)?.index ?? m.index, reject: false }];
      if (m.type === 'vote') return [{ ...back, type: 'voteResp', reject: false }];
      return m.type === 'heartbeat' ? [{ ...back, type: 'heartbeatResp' }] : [];
    });
    if (answers.length > 0) setImmediate(() => this.driver.step(answers));
  }

  /** Lets Raft's clock go on until something holds. */
  async until(condition: () => boolean): Promise<void> {
    const end = performance.now() + 20_000;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`it did not come to pass: ${String(condition)}`);
      this.driver.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Stands for election, and has applied the entry that opens its term. */
  async lead(): Promise<void> {
    this.driver.report((raft) => raft.campaign());
    await this.until(() => this.driver.leads && this.state.visible.appliedIndex >= this.driver.status().lastIndex);
  }

  /** What comes of `work`, while Raft's clock goes on; an error as `name: message`. */
  async outcome<T>(work: Promise<T>): Promise<T | string> {
    let done = false;
    const settled = work.catch((error: Error) => `${error.name}: ${error.message}`).finally(() => (done = true));
    await this.until(() => done);
    return settled;
  }

  /** Writes through the log. */
  async submit(command: Command): Promise<void> {
    const result = await this.outcome(this.proposals.submit(command, 100, 10_000));
    if (typeof result === 'string') throw new Error(result);
  }

  /** Writes one object through the log. */
  put(key: string, bytes = 1): Promise<void> {
    const op = { type: 'put', key, value: Buffer.alloc(bytes, 'x'), revisionAt: -1 } as const;
    return this.submit({ kind: 'txn', txn: { compares: [], ops: [op] } });
  }

  /** The cluster writes all that this release knows from now on. */
  useNewest(): Promise<void> {
    return this.submit({ kind: 'raiseVersion', version: LOG_VERSION });
  }

  async close(): Promise<void> {
    this.driver.stop();
    this.proposals.close('the test is over');
    this.reads.close('the test is over');
    this.space.stop();
    await this.state.close();
    await this.log.close();
    await this.space.settled();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
