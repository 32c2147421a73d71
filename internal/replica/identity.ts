import { createHash, randomBytes } from 'node:crypto';
import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/types.js';
import type { LogStore } from './log.js';

/** Who this replica is, for as long as its data directory lives. */
export interface Identity {
  readonly id: NodeId;
  readonly name: string;
  /** How often the directory has been opened, this time included: it makes proposal numbers grow over restarts. */
  readonly boots: number;
  /** Names the cluster: members of another are turned away. */
  readonly cluster: number;
  /** Names the data directory: a member that lost its disk comes back with another. */
  readonly nonce: string;
}

/** The id of a member of the initial cluster: 48 bits of its name's hash, so that all members know it from the start. */
export function initialMemberId(name: string): NodeId {
  return hash48(`quorate member ${name}`);
}

/** The id of a cluster that begins with these members. */
export function initialClusterId(names: readonly string[]): number {
  return hash48(`quorate cluster ${[...names].sort().join(',')}`);
}

function hash48(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) || 1;
}

/** Reads or makes the identity, and counts this start. Throws FatalError when the directory belongs to another member. */
export async function openIdentity(log: LogStore, name: string, cluster: number): Promise<Identity> {
  const stored = log.getFact('identity');
  const known = stored === undefined ? undefined : parse(stored);
  if (known !== undefined && known.name !== name) {
    throw new FatalError(
      `the data directory belongs to member "${known.name}", but this replica was started with --name ${name}. ` +
        'Start it with the right name, or give it an empty --data-dir.',
    );
  }
  const identity = {
    id: known?.id ?? initialMemberId(name),
    name,
    boots: (known?.boots ?? 0) + 1,
    cluster: known?.cluster ?? cluster,
    nonce: known?.nonce ?? randomBytes(16).toString('hex'),
  };
  await log.putFact('identity', Buffer.from(JSON.stringify({ version: 1, ...identity })));
  return identity;
}

function parse(bytes: Buffer): Identity {
  const fact = JSON.parse(bytes.toString()) as Identity & { version: number };
  if (fact.version !== 1) {
    throw new FatalError(
      `the data directory was written by a newer release (identity version ${fact.version}). Start that release.`,
    );
  }
  return fact;
}
