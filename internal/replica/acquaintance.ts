import type { NodeId } from '../raft/index.js';
import type { MemberInfo } from '../store/meta.js';
import type { PeerIdentity } from '../transport/types.js';
import type { LogStore } from './log.js';

/** Strangers whose data directories are remembered, in memory: beyond it the one met first is forgotten. */
const STRANGERS_MAX = 64;

export interface AcquaintancesOptions {
  readonly log: LogStore;
  /** As far as this replica has applied. */
  readonly members: () => ReadonlyMap<NodeId, MemberInfo>;
}

interface Known {
  readonly nonce: string;
  /** The newest start of the directory that was seen; undefined for a release that does not tell. */
  readonly start: Start | undefined;
  readonly stored: Promise<void>;
}
type Start = readonly [boots: number, id: string];

/**
 * Which data directory each member has, and how often it had been started when it was met last: both on disk before the
 * first word is exchanged. The membership says so as well, once the leader has written it there, and is then right. So a
 * member is known again, but not one that lost its disk, nor one that runs on an older copy of it.
 */
export class Acquaintances {
  readonly #options: AcquaintancesOptions;
  readonly #known = new Map<NodeId, Known>();
  /** Who is no member, as far as we have applied. */
  readonly #strangers = new Map<NodeId, Known>();

  constructor(options: AcquaintancesOptions) {
    this.#options = options;
  }

  /** The data directory of this member; undefined when it has never been heard of. */
  nonceOf(id: NodeId): string | undefined {
    return this.#options.members().get(id)?.nonce ?? this.#of(id)?.nonce;
  }

  /** May this member speak to us? Resolves, when it is on disk that it did, with undefined, else with why not. */
  async recognize(peer: PeerIdentity): Promise<string | undefined> {
    const replicated = this.#options.members().get(peer.id)?.nonce;
    const known = this.#of(peer.id);
    const nonce = replicated ?? known?.nonce ?? peer.nonce;
    const name = this.#options.members().get(peer.id)?.name ?? String(peer.id);
    if (nonce !== peer.nonce) {
      return (
        `member ${name} came back with another data directory than the one it had: what it had promised is lost. ` +
        `Remove it (quorate member remove ${name}), and join it as a new member: ${AS_A_NEW_ONE}.`
      );
    }
    const before = known?.nonce === nonce ? known : undefined;
    if (isOlder(peer.starts ?? [], before?.start)) {
      return (
        `member ${name} ${OLDER_COPY}: it has forgotten what it promised since. Remove it (quorate member remove ` +
        `${name}), and join it as a new member: ${AS_A_NEW_ONE}.`
      );
    }
    const start = peer.starts?.at(-1) ?? before?.start;
    const isNew = before === undefined || (this.#strangers.has(peer.id) && this.#options.members().has(peer.id));
    const isNews = isNew || start?.[0] !== before.start?.[0] || start?.[1] !== before.start?.[1];
    await (isNews ? this.#remember(peer.id, nonce, start) : before.stored);
    return undefined;
  }

  #of(id: NodeId): Known | undefined {
    const known = this.#known.get(id) ?? this.#strangers.get(id);
    if (known !== undefined) return known;
    const nonce = this.#options.log.getFact(`nonce/${id}`)?.toString();
    if (nonce === undefined) return undefined;
    const start = this.#options.log.getFact(`start/${id}`)?.toString();
    const read = { nonce, start: start === undefined ? undefined : (JSON.parse(start) as Start), stored: DONE };
    this.#known.set(id, read);
    return read;
  }

  #remember(id: NodeId, nonce: string, start: Start | undefined): Promise<void> {
    const { log, members } = this.#options;
    if (!members().has(id)) {
      const [first] = this.#strangers.keys();
      if (this.#strangers.size >= STRANGERS_MAX && first !== undefined) this.#strangers.delete(first);
      this.#strangers.set(id, { nonce, start, stored: DONE });
      return DONE;
    }
    const stored = log.putFacts({
      [`nonce/${id}`]: Buffer.from(nonce),
      ...(start === undefined ? {} : { [`start/${id}`]: Buffer.from(JSON.stringify(start)) }),
    });
    stored.catch(() => undefined); // Heard by who waits for it.
    this.#strangers.delete(id);
    this.#known.set(id, { nonce, start, stored });
    return stored;
  }
}

/**
 * Does this list of starts, newest last, not go on from the one that was seen? A directory counts its starts, so that an
 * older copy of it counts fewer; and each start has a random id, so that it cannot count itself up to the same.
 */
function isOlder(starts: readonly Start[], seen: Start | undefined): boolean {
  const newest = starts.at(-1);
  if (seen === undefined || newest === undefined) return false;
  if (newest[0] < seen[0]) return true;
  const same = starts.find(([boots]) => boots === seen[0]);
  return same !== undefined && same[1] !== seen[1];
}

const DONE = Promise.resolve();
/** By these words a member knows, wherever it is told so, that it must not start on this directory again. */
export const OLDER_COPY = 'runs on an older copy of its data directory';
export const AS_A_NEW_ONE = 'with an empty data directory, and --join instead of --initial-cluster';
