import { Packr } from 'msgpackr';
import { FatalError } from '../machinery/assert.js';
import type { Message, NodeId, SnapshotMeta } from '../raft/index.js';
import { messageOf } from '../store/lmdb.js';
import type { MemberInfo } from '../store/meta.js';
import type { CorruptRecordError } from '../store/rows.js';
import type { StateStore } from '../store/state.js';
import { UnavailableError } from '../store/types.js';
import { TAKEN_OVER } from '../transport/admit.js';
import { Transport } from '../transport/transport.js';
import type { PeerHandlers, PeerIdentity, TransportTls } from '../transport/types.js';
import type { Driver, Outbox, SnapshotInstaller } from './driver.js';
import type { Member } from './identity.js';
import { Acquaintances, AS_A_NEW_ONE, OLDER_COPY } from './acquaintance.js';
import { answerCall, readReply } from './calls.js';
import { Copies } from './copies.js';
import { receiveConfirmed } from './confirmed-copy.js';
import { noteDisowned } from './disown.js';
import type { LogStore } from './log.js';
import { EARLIER_RELEASE, type Membership, MembershipError } from './membership.js';
import { STATE_DIRECTORY } from './reseed.js';
import type { ReceivedState, SnapshotReceiver } from './snapshot-receiver.js';
import { type ProgressReply, type ProgressRequest, SnapshotSender } from './snapshot-sender.js';
import type { SpaceGuard } from './space.js';
import { Speakers } from './speakers.js';
import {
  decodeVerifyReply,
  DISPUTED,
  encodeVerify,
  type Verifier,
  type VerifyReply,
  type VerifyRequest,
} from './verify.js';
import { decodeMessages, encodeMessages } from './wire.js';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });

/** What a leader asks that looks for a transferee; layout 1 of a Call's payload, in msgpack. */
interface SpaceRequest {
  readonly op: 'space';
}
interface SpaceReply {
  readonly low: boolean;
}

export interface PeersOptions {
  readonly identity: Member;
  readonly receiver: SnapshotReceiver;
  readonly listen: string;
  /** host:port under which the others reach this replica. */
  readonly address: string;
  readonly tls: TransportTls | undefined;
  readonly log: LogStore;
  readonly state: StateStore;
  readonly space: SpaceGuard;
  readonly onFatal: (error: FatalError) => void;
  /** A record that others ask for is damaged here. */
  readonly onCorrupt: (error: CorruptRecordError) => void;
  readonly say: (level: 'debug' | 'info' | 'warn' | 'error', text: string) => void;
}

/** The other members, as the driver sees them: messages out and in, snapshots out and in, and who may speak at all. */
export class Peers implements Outbox, SnapshotInstaller, PeerHandlers {
  readonly #options: PeersOptions;
  readonly #transport: Transport;
  readonly #acquaintances: Acquaintances;
  /** Founders that said, when we met, that they hold nothing. */
  readonly #empty = new Set<NodeId>();
  readonly #sender: SnapshotSender;
  readonly #speakers = new Speakers();
  #driver: Driver | undefined;
  #membership: Membership | undefined;
  #verifier: Verifier | undefined;
  /** The snapshot that is coming in: from whom, when it is over, and what ends it before that. */
  #receiving: { readonly from: NodeId; readonly over: Promise<unknown>; readonly stop: AbortController } | undefined;
  #staged: ReceivedState | undefined;
  #isDisowned = false;
  readonly #copies: Copies;

  constructor(options: PeersOptions) {
    this.#options = options;
    const { identity, address, listen, tls, say } = options;
    const { cluster, id, nonce, starts, logVersion, former } = identity;
    const isEmpty = (): boolean => this.#isEmpty;
    const self = {
      cluster,
      id,
      nonce,
      address,
      starts,
      logVersion,
      ...(former === undefined ? {} : { former }),
      get empty() {
        return isEmpty();
      },
    };
    this.#acquaintances = new Acquaintances({ log: options.log, members: () => options.state.meta.members });
    const transport = new Transport({ self, listen, tls, handlers: this, log: say });
    this.#transport = transport;
    const lastIndex = (): number => this.#driver?.status().lastIndex ?? 0;
    this.#copies = new Copies({ state: options.state, id, lastIndex, onCorrupt: options.onCorrupt });
    this.#sender = new SnapshotSender({
      state: options.state,
      firstIndex: () => options.log.firstIndex(),
      lastIndex,
      leads: () => (this.#driver?.leads === true ? this.#driver.term : undefined),
      stream: (to, chunks) => transport.sendSnapshot(to, chunks),
      ask: (to, payload) => this.ask(to, payload),
      report: (to, ok) => this.#driver?.report((raft) => raft.reportSnapshot(to, ok)),
      onCorrupt: options.onCorrupt,
      disputed: () => this.#verifier?.disputed === true,
      say,
    });
  }

  async start(driver: Driver, membership: Membership, verifier: Verifier): Promise<void> {
    this.#driver = driver;
    this.#verifier = verifier;
    this.#membership = membership;
    await this.#transport.listen();
    this.setMembers(this.#options.state.meta.members);
  }

  setMembers(members: ReadonlyMap<NodeId, MemberInfo>): void {
    const peers = new Map(this.#speakers.strangersTo(members));
    for (const [id, { address }] of members) if (id !== this.#options.identity.id) peers.set(id, address);
    this.#transport.setPeers(peers);
    for (const id of this.#options.state.meta.removed) this.#transport.expel(id, REMOVED);
  }

  /** As `Transport.replaceTls`. */
  replaceTls(tls: TransportTls): void {
    this.#transport.replaceTls(tls);
  }

  /** Is there a connection to this member? */
  reachable(id: NodeId): boolean {
    return this.#transport.isUp(id);
  }

  /** The log index of the snapshot that this member is being sent, or may be sent the rest of. */
  snapshotFor(id: NodeId): number | undefined {
    return this.#sender.indexFor(id);
  }

  /** Leader or term have changed. */
  onLeader(): void {
    this.#sender.forget();
  }

  /** The version of the log's commands that a member knows, as it said last; undefined when it was not heard of yet. */
  logVersionOf(id: NodeId): number | undefined {
    return this.#speakers.versionOf(id);
  }

  /** The data directory that a member has; undefined when it has never been heard of. */
  nonceOf(id: NodeId): string | undefined {
    const { identity } = this.#options;
    return id === identity.id ? identity.nonce : this.#acquaintances.nonceOf(id);
  }

  /** Has this replica never voted, and does it hold no entry? */
  get #isEmpty(): boolean {
    const status = this.#driver?.status();
    return status !== undefined && status.term === 0 && status.lastIndex === 0;
  }

  /**
   * The first term begins when all founders are connected and hold nothing: those who are there could not tell otherwise
   * whether the one who is missing has acknowledged writes, together with one who has lost its disk since.
   */
  #foundWhenAllAreThere(): void {
    const { identity } = this.#options;
    if (!this.#isEmpty || identity.joined) return;
    const isThere = (id: NodeId): boolean => id === identity.id || (this.#empty.has(id) && this.reachable(id));
    if (identity.members.every(([id]) => isThere(id))) this.#driver?.report((raft) => raft.openFirstTerm());
  }

  /** Founders that the first term still waits for, by name; empty when it has begun. */
  get awaited(): readonly string[] {
    const { identity } = this.#options;
    if (!this.#isEmpty || identity.joined) return [];
    const isAwaited = (id: NodeId): boolean => id !== identity.id && !(this.#empty.has(id) && this.reachable(id));
    return identity.members.flatMap(([id, name]) => (isAwaited(id) ? [name] : []));
  }

  send(messages: readonly Message[]): void {
    const byMember = new Map<NodeId, Message[]>();
    for (const message of messages) {
      if (message.type === 'snapshot') {
        void this.#sender.send(message);
        continue;
      }
      const batch = byMember.get(message.to);
      if (batch === undefined) byMember.set(message.to, [message]);
      else batch.push(message);
    }
    for (const [to, batch] of byMember) this.#transport.send(to, encodeMessages(batch));
  }

  async admit(peer: PeerIdentity): Promise<string | undefined> {
    if (this.#options.state.meta.removed.has(peer.id)) return REMOVED;
    const { logVersion = 0 } = peer;
    if (logVersion < this.#options.state.meta.version) return EARLIER_RELEASE;
    const refused = await this.#acquaintances.recognize(peer);
    if (refused !== undefined) return refused;
    this.#speakers.noteVersion(peer.id, logVersion);
    if (peer.empty === true) this.#empty.add(peer.id);
    else this.#empty.delete(peer.id);
    const { members } = this.#options.state.meta;
    if (this.#speakers.meet(peer, members)) this.setMembers(members);
    return undefined;
  }

  onMessages(_from: NodeId, payload: Buffer): void {
    let messages: readonly Message[];
    try {
      messages = decodeMessages(payload);
    } catch (error) {
      this.#options.say('warn', `dropped a batch of messages that cannot be read: ${messageOf(error)}`);
      return;
    }
    // While it is not known whose state is right, leadership stays where it is.
    if (this.#verifier?.disputed === true) messages = messages.filter(({ type }) => type !== 'transferLeader');
    this.#driver?.step(messages);
  }

  async onCall(payload: Buffer, from: PeerIdentity | undefined): Promise<Buffer> {
    return answerCall(async () => {
      const [membership, verifier] = [this.#membership, this.#verifier];
      if (membership === undefined || verifier === undefined)
        throw new UnavailableError('this replica is starting; try again', false);
      const request = packr.unpack(payload) as
        | VerifyRequest
        | SpaceRequest
        | ProgressRequest
        | Parameters<Membership['onCall']>[0];
      if (from === undefined && request.op !== 'join') {
        throw new MembershipError('who does not say which member it is may join, and nothing else.');
      }
      if (request.op === 'snapshotProgress') {
        return packr.pack({ chunks: this.#options.receiver.chunksOf(request.transfer) } satisfies ProgressReply);
      }
      if (request.op === 'space') {
        await this.#options.space.check();
        return packr.pack({ low: this.#options.space.low } satisfies SpaceReply);
      }
      if (request.op === 'hash' || request.op === 'diverged' || request.op === 'agreed' || request.op === 'disputed') {
        return verifier.answer(request);
      }
      return membership.onCall(request);
    });
  }

  /** Has this member's disk space for writes? False when it does not answer. */
  async hasSpace(id: NodeId): Promise<boolean> {
    try {
      const reply = await this.ask(id, packr.pack({ op: 'space' } satisfies SpaceRequest));
      return !(packr.unpack(reply) as SpaceReply).low;
    } catch (error) {
      this.#options.say('debug', `member ${id} did not tell whether it has space: ${messageOf(error)}`);
      return false;
    }
  }

  /** Asks one question of a member. */
  async ask(to: NodeId, payload: Buffer): Promise<Buffer> {
    return readReply(await this.#transport.ask(to, payload));
  }

  async *onFetch(from: NodeId): AsyncGenerator<Buffer> {
    if (this.#driver?.leads !== true) throw new Error('this member does not lead');
    if (this.#verifier?.disputed === true) throw new Error(DISPUTED);
    this.#options.say('info', `giving a copy of the state to member ${from}`);
    yield* this.#copies.give(from);
  }

  onUp(): void {
    this.#foundWhenAllAreThere();
    // A new cluster need not wait for an election timeout: its first member, by id, stands at once.
    this.#driver?.report((raft) => {
      const { term, id, confState } = raft.status();
      if (term === 0 && id === Math.min(...confState.voters)) raft.campaign();
    });
  }

  onUnreachable(id: NodeId): void {
    this.#driver?.report((raft) => raft.reportUnreachable(id));
  }

  onDead(id: NodeId): void {
    if (this.#driver?.leader !== id) return;
    this.#options.say('info', 'the leader is gone: standing for election');
    this.#driver.report((raft) => raft.hurry());
  }

  onRefused(id: NodeId, reason: string, forGood: boolean): void {
    if (forGood && (reason.includes(OLDER_COPY) || reason === TAKEN_OVER)) void this.#disown(reason);
    else if (forGood) this.#options.onFatal(new FatalError(reason));
    else this.#options.say('warn', `member ${id} refuses this replica: ${reason}`);
  }

  /** This directory is not to be started on again. */
  async #disown(reason: string): Promise<void> {
    if (this.#isDisowned) return;
    this.#isDisowned = true;
    this.#driver?.stop();
    const { log, say, onFatal } = this.#options;
    try {
      await noteDisowned(log, reason);
    } catch (error) {
      say('error', messageOf(error));
    }
    onFatal(new FatalError(reason));
  }

  async onSnapshot(from: NodeId, chunks: AsyncIterable<Buffer>): Promise<void> {
    // Several may wait here, as when a connection breaks again and again: the one that came last is taken (seed 1072).
    for (let before = this.#receiving; before !== undefined; before = this.#receiving) {
      // A member sends one at a time: the earlier one has broken off there, though nothing of that has come here.
      if (before.from === from) this.#options.receiver.interrupt();
      // Who led before may have been cut off amid its own (seed 265 of the simulator).
      else if (this.#driver?.leader === from) {
        // Also where it is all here, and voters are asked about it: each may take 5 s, and several wait (seed 3093).
        const reason = 'interrupted by the leader, which sends its own';
        this.#options.receiver.interrupt(reason);
        before.stop.abort(new Error(reason));
      } else throw new Error('another snapshot is being received');
      await before.over;
    }
    const stop = new AbortController();
    const received = this.#receive(chunks, stop.signal).finally(() => (this.#receiving = undefined));
    this.#receiving = { from, over: received.catch(() => undefined), stop };
    await received;
  }

  async #receive(chunks: AsyncIterable<Buffer>, stopping: AbortSignal): Promise<void> {
    const former = this.#staged;
    // Raft has taken the former one, and asks for it as soon as the disk is ready: who sends another one tries again (sim
    // seed 111119).
    const { commit: known = 0, applied = 0 } = this.#driver?.status() ?? {};
    if (former !== undefined && applied < former.meta.index && former.meta.index <= known) {
      throw new UnavailableError('the snapshot before is being installed', false);
    }
    this.#staged = undefined;
    // Begun in this turn: the next one may come to interrupt it at once.
    const [received] = await Promise.all([this.#confirmed(chunks, stopping), former?.state.discard()]);
    const driver = this.#driver;
    const { messages } = received;
    const { term, commit } = driver?.status() ?? { term: 0, commit: 0 };
    // Raft answers in any case; but it will not ask to install what an earlier leader sent, or what the log has overtaken.
    const isLate = messages.some((m) => m.term < term) || received.meta.index <= commit;
    if (!isLate) this.#staged = received;
    driver?.step(messages);
    if (isLate) await received.state.discard();
  }

  /**
   * Receives a snapshot that a majority of voters has as well; rejects when one has another state. Where too few can be
   * asked it is taken unconfirmed: two of three could not go on otherwise, and a copy has no vote (verdict.ts).
   */
  async #confirmed(chunks: AsyncIterable<Buffer>, stopping: AbortSignal): Promise<ReceivedState> {
    const { receiver, identity, say } = this.#options;
    const ask = async (voter: NodeId, revision: number): Promise<VerifyReply> =>
      decodeVerifyReply(await this.ask(voter, encodeVerify({ op: 'hash', revision })));
    const options = { receiver, self: identity.id, ask, count: 'voters', say, stopping } as const;
    const { received, confirmation } = await receiveConfirmed(chunks, options);
    if (confirmation !== 'majority') say('warn', 'a snapshot is taken although too few members could confirm it');
    return received;
  }

  /** Puts the snapshot that was received last in the place of log and state. */
  async install(
    meta: SnapshotMeta,
    resetLog: (facts: Readonly<Record<string, Buffer>>) => Promise<void>,
  ): Promise<void> {
    const staged = this.#staged;
    if (staged === undefined || staged.meta.index !== meta.index) {
      throw new FatalError('a snapshot was announced that is not here. Restart this replica; it will ask again.');
    }
    this.#staged = undefined;
    // The log begins behind the snapshot and the state directory is the new one in the same transaction.
    this.#sender.release();
    this.#copies.release();
    await resetLog({ [STATE_DIRECTORY]: Buffer.from(staged.directory) });
    this.#options.state.replace(staged.state.path);
    this.setMembers(this.#options.state.meta.members);
    this.#options.say('info', `installed a snapshot at log index ${meta.index}`);
  }

  async close(): Promise<void> {
    this.#sender.close();
    this.#copies.release();
    await this.#transport.close();
  }
}

const REMOVED = `this member was removed from the cluster. To bring the machine back, join it as a new member: ${AS_A_NEW_ONE}.`;
