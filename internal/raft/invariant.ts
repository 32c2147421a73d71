/** A promise of the consensus core that does not hold: our bug, or a disk that lost what it had flushed. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvariantError';
  }
}

/**
 * The leader knows that this replica had persisted more than it now has: its disk lost flushed data, or a member came
 * back empty under its old id. Going on could lose acknowledged writes. The driver stops the replica with `message`.
 */
export class LostLogError extends Error {
  constructor(id: number, committed: number, lastIndex: number) {
    super(
      `replica ${id} had acknowledged log index ${committed} but its log now ends at ${lastIndex}: its disk lost data. ` +
        `Remove member ${id} from the cluster and join this machine again as a new member with an empty data directory.`,
    );
    this.name = 'LostLogError';
  }
}

/** Throws InvariantError when `condition` is false. On in production. */
export function invariant(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof message === 'string' ? message : message());
}
