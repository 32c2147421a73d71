import { createHash } from 'node:crypto';
import { FatalError } from '../machinery/assert.js';
import type { NodeId } from '../raft/types.js';
import type { LogStore } from './log.js';

/** Who this replica is, for as long as its data directory lives. */
export interface Identity {
  readonly id: NodeId;
  readonly name: string;
  /** How often the directory has been opened, this time included: it makes proposal numbers grow over restarts. */
  readonly boots: number;
}

/** The id of a member of the initial cluster: 48 bits of its name's hash, so that all members know it from the start. */
export function initialMemberId(name: string): NodeId {
  return createHash('sha256').update(`quorate member ${name}`).digest().readUIntBE(0, 6) || 1;
}

/** Reads or makes the identity, and counts this start. Throws FatalError when the directory belongs to another member. */
export async function openIdentity(log: LogStore, name: string, idIfNew: NodeId): Promise<Identity> {
  const stored = log.getFact('identity');
  const known = stored === undefined ? undefined : parse(stored);
  if (known !== undefined && known.name !== name) {
    throw new FatalError(
      `the data directory belongs to member "${known.name}", but this replica was started with --name ${name}. ` +
        'Start it with the right name, or give it an empty --data-dir.',
    );
  }
  const identity = { id: known?.id ?? idIfNew, name, boots: (known?.boots ?? 0) + 1 };
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
