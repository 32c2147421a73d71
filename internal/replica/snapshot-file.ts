import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { FatalError } from '../machinery/assert.js';

/** What stands at the head of a snapshot file: whose state it is, and as of when. */
export interface SnapshotFileHeader {
  readonly version: 1;
  /** Names the cluster. */
  readonly cluster: number;
  readonly revision: number;
  readonly compactRevision: number;
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  /** Hash of the changes and rows, as in `/debug/raft`. */
  readonly stateHash: string;
  readonly members: readonly { readonly name: string; readonly address: string }[];
  /** RFC 3339. */
  readonly createdAt: string;
}

/**
 * The file: this line, the header as one line of JSON, then chunks of the state (store/snapshot.ts), each behind four bytes
 * of length (big-endian), four zero bytes, and the SHA-256 of all before it.
 */
const MAGIC = 'quorate snapshot 1\n';
const LENGTH_BYTES = 4;
const SUM_BYTES = 32;
/** Far more than one chunk or header ever has. */
const CHUNK_BYTES_MAX = 64 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** The bytes of a snapshot file. */
export async function* snapshotFileOf(
  header: SnapshotFileHeader,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const sum = createHash('sha256');
  const summed = (bytes: Buffer): Buffer => {
    sum.update(bytes);
    return bytes;
  };
  yield summed(Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`));
  for await (const chunk of chunks) {
    const framed = Buffer.allocUnsafe(LENGTH_BYTES + chunk.length);
    framed.writeUInt32BE(chunk.length);
    framed.set(chunk, LENGTH_BYTES);
    yield summed(framed);
  }
  yield summed(Buffer.alloc(LENGTH_BYTES));
  yield sum.digest();
}

/** A snapshot file that is read from its beginning to its end. */
export class SnapshotFile {
  readonly header: SnapshotFileHeader;
  /** Bytes of the file. */
  readonly size: number;
  readonly #reader: Reader;
  readonly #close: () => Promise<void>;

  private constructor(header: SnapshotFileHeader, size: number, reader: Reader, close: () => Promise<void>) {
    this.header = header;
    this.size = size;
    this.#reader = reader;
    this.#close = close;
  }

  /** Opens a file and reads its header. Throws FatalError for what is no snapshot file of a version that we know. */
  static async open(path: string): Promise<SnapshotFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (error) {
      throw new FatalError(
        `the snapshot ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new FatalError(`${path} is no file: name a snapshot`);
      const reader = new Reader(handle, path);
      const magic = await reader.line();
      if (`${magic}\n` !== MAGIC)
        throw new FatalError(`${path} is no snapshot of quorate (or of a newer release): its first line is wrong`);
      const header = JSON.parse(await reader.line()) as SnapshotFileHeader | null;
      if (typeof header?.version !== 'number') throw new FatalError(`${path} is damaged: its header has no version`);
      if (header.version !== 1)
        throw new FatalError(
          `${path} was written by a newer release (version ${String(header.version)}): use that release`,
        );
      return new SnapshotFile(header, stats.size, reader, () => handle.close());
    } catch (error) {
      await handle.close();
      throw error instanceof SyntaxError ? new FatalError(`${path} is damaged: its header cannot be read`) : error;
    }
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#reader.position;
  }

  /** The chunks, once; ends when the whole file was right. Throws FatalError where it is damaged or cut off. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (;;) {
      const length = (await this.#reader.take(LENGTH_BYTES)).readUInt32BE();
      if (length > CHUNK_BYTES_MAX) throw this.#reader.damaged('a chunk has an impossible length');
      if (length === 0) break;
      yield await this.#reader.take(length);
    }
    const expected = this.#reader.digest();
    if (!(await this.#reader.take(SUM_BYTES)).equals(expected))
      throw this.#reader.damaged('its checksum does not match');
    if (!(await this.#reader.atEnd())) throw this.#reader.damaged('something stands behind its end');
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** Reads a file piece by piece, and sums up what was taken. */
class Reader {
  position = 0;
  readonly #sum = createHash('sha256');
  #buffer = Buffer.alloc(0);

  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
  ) {}

  damaged(why: string): FatalError {
    return new FatalError(`the snapshot ${this.path} cannot be used: ${why}. Take another one.`);
  }

  /** Exactly so many bytes. Throws FatalError at the end of the file. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#buffer.length < bytes) {
      const more = await this.#more(Math.max(READ_BYTES, bytes - this.#buffer.length));
      if (more.length === 0) throw this.damaged('it is cut off');
      this.#buffer = Buffer.concat([this.#buffer, more]);
    }
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    this.#sum.update(taken);
    this.position += bytes;
    return taken;
  }

  /** Up to the next line end, which is taken and left out. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf(10);
      if (end >= 0) return (await this.take(end + 1)).subarray(0, end).toString('utf8');
      if (this.#buffer.length > READ_BYTES) throw this.damaged('it has no header');
      const more = await this.#more(READ_BYTES);
      if (more.length === 0) throw this.damaged('it has no header');
      this.#buffer = Buffer.concat([this.#buffer, more]);
    }
  }

  async #more(bytes: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.handle.read(Buffer.allocUnsafe(bytes), 0, bytes, null);
    return buffer.subarray(0, bytesRead);
  }

  digest(): Buffer {
    return this.#sum.copy().digest();
  }

  async atEnd(): Promise<boolean> {
    return this.#buffer.length === 0 && (await this.#more(1)).length === 0;
  }
}
