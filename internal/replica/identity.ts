import { createHash, randomBytes } from 'node:crypto';
import { FatalError } from '../machinery/assert.js';
import type { ConfState, NodeId } from '../raft/index.js';
import type { MemberInfo } from '../store/meta.js';
import type { MemberAddress } from './config.js';
import type { LogStore } from './log.js';

/** What a data directory is made for: written once, at its first start. */
export interface Origin {
  readonly id: NodeId;
  /** Names the cluster: members of another are turned away. */
  readonly cluster: number;
  /** Whom to talk to before the state says who the members are. */
  readonly members: readonly (readonly [id: NodeId, name: string, address: string])[];
  /** Joined a running cluster: what its members are is learned from a snapshot; else all of `members` are voters. */
  readonly joined: boolean;
  /** Clusters that this one took the place of (refound.ts): their members are told so, and stop for good. */
  readonly former?: readonly number[];
}

/** Who this replica is, for as long as its data directory lives. */
export interface Identity extends Origin {
  readonly name: string;
  /** How often the directory has been opened, this time included: it makes proposal numbers grow over restarts. */
  readonly boots: number;
  /** Names the data directory: a member that lost its disk comes back with another. */
  readonly nonce: string;
  /** The last starts of the directory, newest last, each with a random id: an older copy of it does not have them. */
  readonly starts: readonly (readonly [boots: number, id: string])[];
}

/** What a replica is as a member, in the release that it runs. */
export interface Member extends Identity {
  /** The version of the log's commands that it knows (store/command.ts). */
  readonly logVersion: number;
}

/** The id of a member of the initial cluster: 48 bits of its name's hash, so that all members know it from the start. */
export function initialMemberId(name: string): NodeId {
  return hash48(`quorate member ${name}`);
}

/** An id for a member that joins later: never used before, so that nothing said under an old one is taken for its. */
export function newMemberId(isUsed: (id: NodeId) => boolean): NodeId {
  for (;;) {
    const id = randomBytes(6).readUIntBE(0, 6) || 1;
    if (!isUsed(id)) return id;
  }
}

/** How a member of a new cluster begins; `token` keeps clusters apart whose founders have the same names. */
export function foundingOrigin(name: string, cluster: readonly MemberAddress[], token = ''): Origin {
  const names = cluster.map((member) => member.name).sort();
  const apart = token === '' ? '' : ` ${token}`;
  return {
    id: initialMemberId(name),
    cluster: hash48(`quorate cluster${apart} ${names.join(',')}`),
    members: cluster.map((member) => [initialMemberId(member.name), member.name, member.address] as const),
    joined: false,
  };
}

function hash48(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) || 1;
}

/**
 * Reads the identity, or makes it with what `found` says, and counts this start.
 * Throws FatalError when the directory belongs to another member.
 */
export async function openIdentity(
  log: LogStore,
  name: string,
  found: (nonce: string) => Promise<Origin>,
): Promise<Identity> {
  const stored = log.getFact('identity');
  const known = stored === undefined ? undefined : parse(stored);
  if (known !== undefined && known.name !== name) {
    throw new FatalError(
      `the data directory belongs to member "${known.name}", but this replica was started with --name ${name}. ` +
        'Start it with the right name, or give it an empty --data-dir.',
    );
  }
  const boots = (known?.boots ?? 0) + 1;
  const starts = [...(known?.starts ?? []), [boots, randomBytes(8).toString('hex')] as const].slice(-STARTS_MAX);
  let identity: Identity;
  if (known === undefined) {
    // On disk before anybody is asked: who asks again is known again.
    const nonce = log.getFact(OWN_NONCE)?.toString() ?? randomBytes(16).toString('hex');
    await log.putFact(OWN_NONCE, Buffer.from(nonce));
    identity = { ...(await found(nonce)), name, boots, nonce, starts };
  } else identity = { ...known, boots, starts };
  await log.putFact('identity', Buffer.from(JSON.stringify({ version: 1, ...identity })));
  return identity;
}

/** Starts that are remembered, and told to others when a connection begins. */
const STARTS_MAX = 16;
/** Fact in the log: the name of the data directory, before it belongs to a member. */
const OWN_NONCE = 'ownNonce';

function parse(bytes: Buffer): Omit<Identity, 'starts'> & { readonly starts?: Identity['starts'] } {
  const { version, ...identity } = JSON.parse(bytes.toString()) as Identity & { version: number };
  if (version !== 1) {
    throw new FatalError(
      `the data directory was written by a newer release (identity version ${version}). Start that release.`,
    );
  }
  return identity;
}

/** Membership of a state that is still empty. */
export function originConf(identity: Identity): ConfState {
  const voters = identity.joined ? [] : identity.members.map(([id]) => id).sort((a, b) => a - b);
  return { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
}

export function originMembers(identity: Identity): Map<NodeId, MemberInfo> {
  return new Map(identity.members.map(([id, name, address]) => [id, { name, address }]));
}
