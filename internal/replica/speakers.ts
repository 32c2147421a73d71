import type { NodeId } from '../raft/index.js';
import type { MemberInfo } from '../store/meta.js';
import type { PeerIdentity } from '../transport/types.js';

/** Beyond this the stranger that came first is forgotten. */
const STRANGERS_MAX = 16;
/** Ids whose releases are remembered; the one that was met first is forgotten. */
const VERSIONS_MAX = 1_024;

/** What those said of themselves last who have spoken to this replica, members or not. */
export class Speakers {
  /** Who speaks to us and is no member yet as far as we have applied: maybe the leader, which joined while we were away. */
  readonly #strangers = new Map<NodeId, string>();
  /** What was said last, by id; also of who is not known to be a member yet. */
  readonly #logVersions = new Map<NodeId, number>();

  noteVersion(id: NodeId, version: number): void {
    const [first] = this.#logVersions.keys();
    if (this.#logVersions.size >= VERSIONS_MAX && first !== undefined) this.#logVersions.delete(first);
    this.#logVersions.set(id, version);
  }

  /** The version of the log's commands that one knows, as it said last; undefined when it was not heard of yet. */
  versionOf(id: NodeId): number | undefined {
    return this.#logVersions.get(id);
  }

  /**
   * Without its address we could not even tell a leader that is new to us what we lack. True when it is a stranger whose
   * address was not known.
   */
  meet(peer: PeerIdentity, members: ReadonlyMap<NodeId, MemberInfo>): boolean {
    if (peer.address === undefined || members.has(peer.id) || this.#strangers.get(peer.id) === peer.address)
      return false;
    const [first] = this.#strangers.keys();
    if (this.#strangers.size >= STRANGERS_MAX && first !== undefined) this.#strangers.delete(first);
    this.#strangers.set(peer.id, peer.address);
    return true;
  }

  /** Addresses of those who are no members. */
  strangersTo(members: ReadonlyMap<NodeId, MemberInfo>): ReadonlyMap<NodeId, string> {
    for (const id of this.#strangers.keys()) if (members.has(id)) this.#strangers.delete(id);
    return this.#strangers;
  }
}
