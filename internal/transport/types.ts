/** Who speaks: sent with every call, checked by the other side. */
export interface PeerIdentity {
  readonly cluster: number;
  readonly id: number;
  /** Random id of the data directory: a member that lost its disk comes back with another. */
  readonly nonce: string;
  /** host:port under which it is reached; a member that has not heard of it yet answers there. */
  readonly address?: string;
  /** The last starts of this data directory, newest last, each with a random id. Absent from an earlier release. */
  readonly starts?: readonly (readonly [boots: number, id: string])[];
  /** Has it never voted, and does it hold no entry? Then it may found a cluster together with others that are so. */
  readonly empty?: boolean;
  /** The version of the log's commands that it knows (store/command.ts); 0 for a release that does not tell. */
  readonly logVersion?: number;
  /** Clusters that ours took the place of; never told to others. */
  readonly former?: readonly number[];
}

export interface PeerHandlers {
  /** May this member, with this data directory, speak to us? Undefined for yes, else a sentence for its operator. */
  admit(peer: PeerIdentity): Promise<string | undefined>;
  /** A batch of messages from an admitted member, in the order sent. */
  onMessages(from: number, payload: Buffer): void;
  /** Takes in a snapshot; resolves when it is on disk. The chunks end early by throwing. */
  onSnapshot(from: number, chunks: AsyncIterable<Buffer>): Promise<void>;
  /** A copy of the state for a member that asks for it; throws when it cannot be given. */
  onFetch(from: number): AsyncIterable<Buffer>;
  /** Answers a question of an admitted member; of somebody who does not say who it is when `from` is undefined. */
  onCall(payload: Buffer, from: PeerIdentity | undefined): Promise<Buffer>;
  /** Messages to this member get through. */
  onUp(id: number): void;
  /** Messages to this member may have been lost. */
  onUnreachable(id: number): void;
  /** Nothing listens at this member's address any more: its process is gone, though its machine answers. */
  onDead(id: number): void;
  /** The other side refuses us; `forGood` when nothing but an operator can change that. */
  onRefused(id: number, reason: string, forGood: boolean): void;
}

export interface TransportTls {
  readonly ca: string | Buffer;
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface TransportOptions {
  readonly self: PeerIdentity;
  /** host:port to listen on. */
  readonly listen: string;
  /** Absent: plain text, for tests only. */
  readonly tls: TransportTls | undefined;
  readonly handlers: PeerHandlers;
  readonly log: (level: 'debug' | 'info' | 'warn', text: string) => void;
}
