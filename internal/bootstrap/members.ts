import { children, num, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { type ApiClient, succeeded } from './api-client.js';

/** A member of the cluster, as `/debug/raft` tells. */
export interface ClusterMember {
  readonly name: string;
  readonly address: string;
  readonly learner: boolean;
  readonly connected: boolean;
}

/** What `/debug/raft` of a replica says, as far as joining and leaving need it. */
export interface ClusterState {
  readonly name: string;
  readonly commit: number;
  readonly applied: number;
  readonly leaderName: string;
  readonly members: readonly ClusterMember[];
}

/** Reads the membership. Throws FatalError when the server is no replica, or does not let us. */
export async function clusterState(client: ApiClient): Promise<ClusterState> {
  const body = succeeded(await client.ask('GET', '/debug/raft'), 'reading the members');
  return {
    name: str(body, 'name'),
    commit: num(body, 'commit') ?? 0,
    applied: num(body, 'applied') ?? 0,
    leaderName: str(body, 'leaderName'),
    members: children(body, 'members').map((member) => ({
      name: str(member, 'name'),
      address: str(member, 'address'),
      learner: member['learner'] === true,
      connected: member['connected'] === true,
    })),
  };
}

/** Removes a member for good. Throws FatalError with the reason when that cannot be, such as that it is the last voter. */
export async function removeMember(client: ApiClient, name: string): Promise<void> {
  const answer = await client.ask('DELETE', `/debug/raft/members/${encodeURIComponent(name)}`);
  if (answer.code !== 200) throw new FatalError(str(answer.body, 'message') || `it answered ${answer.code}`);
}
