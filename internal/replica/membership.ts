import { Packr } from 'msgpackr';
import type { ConfChange, ConfChangeStep, NodeId, ProposeResult, Refusal } from '../raft/index.js';
import type { MemberInfo } from '../store/meta.js';
import type { StateStore } from '../store/state.js';
import { UnavailableError } from '../store/types.js';
import { isAddress, isUnspecified } from '../transport/address.js';
import { isMemberName, NAME_RULE } from './config.js';
import type { Driver } from './driver.js';
import { newMemberId, type Origin } from './identity.js';

/** A wish that cannot be granted as things are; the message says why and what to do. */
export class MembershipError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MembershipError';
  }
}

/** What a replica may ask of another about the membership; layout 1 of a Call's payload, in msgpack. */
export type MembershipRequest =
  /** `nonce` names the data directory of who joins; absent from an earlier release. */
  | {
      readonly op: 'join';
      readonly cluster: number;
      readonly name: string;
      readonly address: string;
      readonly nonce?: string;
      /** The version of the log's commands that it knows; absent from a release that knows 0. */
      readonly logVersion?: number;
    }
  | { readonly op: 'add'; readonly name: string; readonly address: string }
  | { readonly op: 'promote'; readonly name: string }
  | { readonly op: 'remove'; readonly name: string };

export interface MembershipOptions {
  readonly driver: Driver;
  readonly state: StateStore;
  readonly id: NodeId;
  readonly cluster: number;
  /** Clusters that this one took the place of. */
  readonly former?: readonly number[] | undefined;
  /** Makes request ids unique over members and restarts. */
  readonly prefix: string;
  /** The data directory that a member has, as far as is known. */
  readonly nonceOf: (id: NodeId) => string | undefined;
  /** Is there a connection to this member? */
  readonly reachable: (id: NodeId) => boolean;
  readonly call: (id: NodeId, address: string, payload: Buffer) => Promise<Buffer>;
  /** Resolves when all that was committed before the call is known here; rejects with UnavailableError, or OverloadedError. */
  readonly confirm: (timeoutMs: number) => Promise<void>;
  readonly say: (level: 'info' | 'debug', text: string) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What a conf change's context holds beside the change, as JSON. */
export interface ConfChangeContext {
  readonly request?: string;
  readonly members?: Readonly<Record<string, MemberInfo>>;
}

/** What a member is told that runs an earlier release than all others did once. */
export const EARLIER_RELEASE =
  'this member runs an earlier release than the others, which write what it cannot read. Start it with a release that ' +
  'is at least as new as theirs.';
const TIMEOUT_MS = 10_000;
/** A leader knows within this time whether it still leads, or says that it cannot tell; a little less than a joiner waits. */
const CONFIRM_MS = 3_000;
const PENDING_RETRY_MS = 20;
/** A change that was made elsewhere is seen here within this time: an election may come between. */
const SEE_MS = 10_000;
/** A learner this close to the end of the log may vote: what is missing arrives within moments. */
const CAUGHT_UP_ENTRIES = 50;
const packr = new Packr({ useRecords: false, int64AsType: 'number' });

export const encodeRequest = (request: MembershipRequest): Buffer => packr.pack(request);
export const decodeOrigin = (payload: Buffer): Origin => packr.unpack(payload) as Origin;

/** Changes of the membership: anyone may be asked, the leader does it. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #waiting = new Map<string, Waiter>();
  #number = 0;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Carries out a request here or on the leader. Throws MembershipError, UnavailableError. */
  async ask(request: MembershipRequest): Promise<Buffer> {
    const { driver, state, call } = this.#options;
    if (driver.leads) return this.#answer(request);
    const to = driver.leader;
    const leader = state.meta.members.get(to);
    if (leader === undefined) throw new UnavailableError('no leader is known; try again', false);
    const leaving = request.op === 'remove' ? this.#idOf(request.name) : undefined;
    try {
      return await call(to, leader.address, packr.pack({ ...request, forwarded: true }));
    } catch (error) {
      // A leader that removes itself may be gone before it answers.
      const isUnknown = error instanceof UnavailableError && error.outcomeUnknown;
      if (!isUnknown || leaving === undefined || !(await this.#hasLeft(leaving))) throw error;
      return packr.pack({});
    }
  }

  /** Does the state say, within some time, that this is no member any more? */
  async #hasLeft(id: NodeId): Promise<boolean> {
    const until = performance.now() + SEE_MS;
    while (this.#options.state.meta.members.has(id)) {
      if (performance.now() > until) return false;
      await new Promise((resolve) => setTimeout(resolve, PENDING_RETRY_MS));
    }
    return true;
  }

  /** Answers another replica, or an operator through it. */
  async onCall(request: MembershipRequest & { readonly forwarded?: boolean }): Promise<Buffer> {
    // Forwarded once at most: who forwards may be wrong about the leader, and so may the next.
    if (request.forwarded === true) this.#checkLeads();
    return this.ask(request);
  }

  #checkLeads(): void {
    if (!this.#options.driver.leads)
      throw new UnavailableError('this replica does not lead any more; try again', false);
  }

  async #answer(request: MembershipRequest): Promise<Buffer> {
    // Who was replaced as leader without having noticed, or has just become it, would judge by a membership of the past: and
    // what it refuses is refused for good (sim seed 60106).
    await this.#options.confirm(CONFIRM_MS);
    this.#checkLeads();
    switch (request.op) {
      case 'join':
        return packr.pack(await this.#join(request));
      case 'add':
        await this.#add(request.name, request.address);
        break;
      case 'promote':
        await this.#promote(this.#named(request.name));
        break;
      case 'remove':
        await this.#remove(this.#named(request.name));
        break;
    }
    return packr.pack({});
  }

  /** A new member, as a learner; asking again under the same name and address changes nothing. */
  async #add(name: string, address: string, nonce?: string): Promise<NodeId> {
    const known = this.#knownAs(name, address);
    if (known !== undefined) return known;
    this.#checkNew(name, address);
    const { members, removed } = this.#options.state.meta;
    const id = newMemberId((used) => members.has(used) || removed.has(used));
    // A second request for the same name may come while the first waits: whoever is first taken wins.
    const isNew = (): boolean => this.#knownAs(name, address) === undefined;
    try {
      await this.#change([{ type: 'addLearner', id }], { [id]: infoOf(name, address, nonce) }, isNew);
    } catch (error) {
      const other = this.#knownAs(name, address);
      if (other === undefined) throw error;
      return other;
    }
    this.#options.say('info', `member ${name} at ${address} joins as a learner`);
    return id;
  }

  /** The member of this name, if there is one. Throws MembershipError when it has another address. */
  #knownAs(name: string, address: string): NodeId | undefined {
    for (const [id, info] of this.#options.state.meta.members) {
      if (info.name !== name) continue;
      if (info.address === address) return id;
      throw new MembershipError(
        `a member named ${name} exists, at ${info.address}. Remove it first, or choose another name.`,
      );
    }
    return undefined;
  }

  /** What is in the log binds every member: a slip of the pen must not get there. Throws MembershipError. */
  #checkNew(name: string, address: string): void {
    if (!isMemberName(name)) throw new MembershipError(`the name ${JSON.stringify(name)} ${NAME_RULE}.`);
    if (!isAddress(address)) {
      throw new MembershipError(`${JSON.stringify(address)} is not host:port. Write e.g. 10.0.0.4:2380.`);
    }
    if (isUnspecified(address)) {
      throw new MembershipError(
        `the others cannot reach a member at ${address}. Give the address of its machine (a joining replica's --peer-address).`,
      );
    }
    for (const other of this.#options.state.meta.members.values()) {
      if (other.address !== address) continue;
      throw new MembershipError(`member ${other.name} is at ${address}. Remove it first, or choose another address.`);
    }
  }

  async #join({ cluster, name, address, nonce, logVersion = 0 }: MembershipRequest & { op: 'join' }): Promise<Origin> {
    if (logVersion < this.#options.state.meta.version) throw new MembershipError(EARLIER_RELEASE);
    if (cluster !== 0 && cluster !== this.#options.cluster) throw new MembershipError('this is another cluster');
    const known = [...this.#options.state.meta.members].find(([, info]) => info.name === name);
    // Who asks for the same data directory again has not heard the answer. Whoever else asks has an empty disk: only a member
    // that has never been heard of may take up its place, and no place is given twice. Who votes has been heard of, though
    // not always by this leader: it may have voted since for somebody of whom this one knows nothing.
    const { voters, votersOutgoing } = this.#options.state.meta.conf;
    const isSame = known?.[1].nonce !== undefined && known[1].nonce === nonce;
    const isTaken = (id: NodeId): boolean =>
      [...voters, ...votersOutgoing].includes(id) || this.#matchOf(id) > 0 || this.#options.nonceOf(id) !== undefined;
    if (known !== undefined && !isSame && isTaken(known[0])) {
      throw new MembershipError(
        `member ${name} had a data directory before, and what it had promised is lost with it. Remove member ${name} ` +
          'from the cluster; then it can join as a new one.',
      );
    }
    const id = await this.#add(name, address, nonce);
    // Added by an operator before: from now on it is this data directory's.
    if (nonce !== undefined) await this.#note(id, nonce);
    const members = [...this.#options.state.meta.members].map(([i, info]) => [i, info.name, info.address] as const);
    const { cluster: own, former } = this.#options;
    return { id, cluster: own, members, joined: true, ...(former === undefined ? {} : { former }) };
  }

  /** Makes a data directory part of the membership, so that every replica knows it; the first to be noted stays. */
  async #note(id: NodeId, nonce: string): Promise<void> {
    const info = this.#options.state.meta.members.get(id);
    // Who was removed while this waited must not become a member again by being noted (sim seed 50508).
    const isMissing = (): boolean => {
      const now = this.#options.state.meta.members.get(id);
      return now !== undefined && now.nonce === undefined;
    };
    if (info !== undefined && isMissing()) {
      try {
        await this.#change([{ type: 'update', id }], { [id]: { ...info, nonce } }, isMissing);
      } catch (error) {
        // It may have been noted, or be gone, since: then what is known now says more.
        if (isMissing()) throw error;
      }
    }
    const noted = this.#options.state.meta.members.get(id);
    if (noted === undefined) throw new MembershipError(`member ${info?.name ?? id} was removed.`);
    if (noted.nonce !== nonce) throw new MembershipError(`member ${noted.name} has another data directory.`);
  }

  /** Leader, from time to time: data directories that are known here become part of the membership. */
  async noteDirectories(): Promise<void> {
    for (const [id, { nonce }] of this.#options.state.meta.members) {
      const known = nonce === undefined ? this.#options.nonceOf(id) : undefined;
      if (known === undefined) continue;
      await this.#note(id, known);
      return;
    }
  }

  async #promote(id: NodeId): Promise<void> {
    const { conf } = this.#options.state.meta;
    if (conf.voters.includes(id)) return;
    // A voter that is not there counts towards the quorum all the same: alone with it, nothing could be written any more.
    if (!this.#options.reachable(id)) {
      throw new MembershipError('the member is not connected; it can vote when it is running and has caught up.');
    }
    const behind = this.#options.driver.status().lastIndex - this.#matchOf(id);
    if (behind > CAUGHT_UP_ENTRIES) {
      throw new MembershipError(`the member is ${behind} log entries behind; it can vote when it has caught up.`);
    }
    // Removed while this waited: a vote for who will never speak again could cost the quorum.
    const isLearner = (): boolean => this.#options.state.meta.conf.learners.includes(id);
    await this.#change([{ type: 'addVoter', id }], {}, isLearner);
  }

  async #remove(id: NodeId): Promise<void> {
    const reason = this.#reasonToKeep(id);
    if (reason !== undefined) throw new MembershipError(reason);
    // Others may be removed while this one waits for its turn.
    await this.#change([{ type: 'remove', id }], {}, () => this.#reasonToKeep(id) === undefined);
  }

  /** Why a member cannot be removed as things are; undefined when it can. */
  #reasonToKeep(id: NodeId): string | undefined {
    const { voters } = this.#options.state.meta.conf;
    if (!voters.includes(id)) return undefined;
    if (voters.length === 1) return 'the last voter cannot be removed.';
    const rest = voters.filter((voter) => voter !== id);
    const alive = rest.filter((voter) => voter === this.#options.id || this.#options.reachable(voter));
    if (alive.length > rest.length / 2) return undefined;
    return (
      `without it only ${alive.length} of ${rest.length} voters would be reachable, which is no majority. ` +
      'Bring another member back first, or remove one that is down.'
    );
  }

  /** Leader, from time to time: learners that have caught up become voters. */
  async promoteCaughtUp(): Promise<void> {
    const { driver, state } = this.#options;
    const { lastIndex, peers } = driver.status();
    for (const peer of peers) {
      const ready =
        peer.isLearner && peer.recentActive && peer.match > 0 && lastIndex - peer.match <= CAUGHT_UP_ENTRIES;
      if (!ready || !state.meta.conf.learners.includes(peer.id)) continue;
      await this.#promote(peer.id);
      this.#options.say('info', `member ${state.meta.members.get(peer.id)?.name} has caught up and votes from now on`);
      return;
    }
  }

  /** By name, or by the id that logs speak of. */
  #idOf(name: string): NodeId | undefined {
    const { members } = this.#options.state.meta;
    for (const [id, info] of members) if (info.name === name) return id;
    for (const id of members.keys()) if (String(id) === name) return id;
    return undefined;
  }
  #named(name: string): NodeId {
    const id = this.#idOf(name);
    if (id !== undefined) return id;
    throw new MembershipError(`no member is named ${JSON.stringify(name)}.`);
  }
  #matchOf(id: NodeId): number {
    return this.#options.driver.status().peers.find((peer) => peer.id === id)?.match ?? 0;
  }

  /** Proposes one change, unless it is not wanted any more by then, and waits until it is applied here. */
  async #change(
    steps: readonly ConfChangeStep[],
    members: Readonly<Record<string, MemberInfo>>,
    wanted: () => boolean = () => true,
  ): Promise<void> {
    this.#number++;
    const request = `${this.#options.prefix}.${this.#number}`;
    const context: ConfChangeContext = { request, members };
    const change: ConfChange = { transition: 'auto', steps, context: JSON.stringify(context) };
    const done = new Promise<void>((resolve, reject) => this.#waiting.set(request, { resolve, reject }));
    // Heard below, unless the time is over while an earlier change is waited for.
    done.catch(() => undefined);
    const timer = setTimeout(
      () => this.#settle(request, new UnavailableError('the change was not confirmed within its time', true)),
      TIMEOUT_MS,
    );
    try {
      const reason = await this.#propose(change, request, wanted);
      if (reason !== undefined) this.#settle(request, refused(reason));
      await done;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Proposes, after an earlier change if there is one. The reason if it is not taken. */
  async #propose(change: ConfChange, request: string, wanted: () => boolean): Promise<string | undefined> {
    const until = performance.now() + TIMEOUT_MS;
    for (;;) {
      // A leader takes a change only when all before it are applied: what is known here in this turn is all there is.
      if (!wanted()) return 'confChangeInvalid';
      let result: ProposeResult | undefined;
      this.#options.driver.report((raft) => {
        const leads = raft.status().role === 'leader';
        result = leads ? raft.proposeConfChange(change, request) : { status: 'dropped', reason: 'noLeader' };
      });
      if (result === undefined || result.status === 'overloaded') return 'overloaded';
      if (result.status === 'accepted') return undefined;
      if (result.reason !== 'confChangePending' || performance.now() > until) return result.reason;
      await new Promise((resolve) => setTimeout(resolve, PENDING_RETRY_MS));
    }
  }

  /** A membership change was applied. */
  onApplied(request: string | undefined): void {
    if (request !== undefined) this.#settle(request, undefined);
  }
  onRefused(refusal: Refusal): void {
    this.#settle(refusal.context, refused(refusal.reason));
  }
  #settle(request: string, error: Error | undefined): void {
    const waiter = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (error === undefined) waiter?.resolve();
    else waiter?.reject(error);
  }
}

function infoOf(name: string, address: string, nonce: string | undefined): MemberInfo {
  return nonce === undefined ? { name, address } : { name, address, nonce };
}

function refused(reason: string): Error {
  if (reason === 'confChangeInvalid') return new MembershipError('the present membership does not allow this change.');
  if (reason === 'confChangePending') {
    return new UnavailableError('another membership change is under way; try again.', false);
  }
  return new UnavailableError(`the membership cannot be changed now (${reason}); try again`, false);
}
