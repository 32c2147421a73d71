import type { Merging } from './merger.js';

/** A place where the archive of one cluster lies. Each file is written once, and is there when it is whole. */
export interface ArchiveTarget {
  /** Names of all files. Rejects with an error that says why the place cannot be read. */
  list(): Promise<readonly string[]>;
  /** Writes a file; it is there, durably, when the promise resolves. One of that name is replaced. */
  put(name: string, bytes: AsyncIterable<Buffer>): Promise<void>;
  /** The bytes of a file, which is a piece of the log. */
  read(name: string): Promise<Buffer>;
  /** Where a file of any size can be read on this machine: in `scratch`, if it must be brought there first. */
  file(name: string, scratch: string): Promise<string>;
  /** Removes a file; one that is not there is no error. */
  remove(name: string): Promise<void>;
}

/** How an archive is kept. */
export interface ArchiveOptions {
  /** Gives the place of a cluster's archive. */
  readonly target: (cluster: number) => ArchiveTarget;
  /** What was written is archived after this time, in ms, or when it is 4 MiB. */
  readonly intervalMs: number;
  /** The whole state is archived again after this time, in ms, or when the log since the last time is 1 GiB. */
  readonly baseIntervalMs: number;
  /** Moments older than this, in ms, need not be restored to; 0 keeps everything. */
  readonly retentionMs: number;
  /** When pieces of the log become one: by default 60 of them, and what was merged stays for an hour. */
  readonly merging?: Merging;
}

/** A file that is all there, as `put` takes it. */
export async function* asChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
