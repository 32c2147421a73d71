import {
  close,
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  write,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeDirectory } from '../../machinery/directory.js';
import { SECTOR_BYTES } from './record.js';

const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const closeFile = promisify(close);

/** One file of the log. Writes are at whole sectors, one at a time, and are lost with the power until `sync` resolves. */
export interface LogFile {
  readonly size: number;
  /** Memory for what is written next, where the file has some that spares it a copy; good until that is written. */
  memory?(bytes: number): Buffer | undefined;
  /** Bytes at a position; fewer at the file's end. They may be read into memory that is there already. */
  read(position: number, length: number, into?: Buffer): Buffer;
  write(bytes: Buffer, position: number): Promise<void>;
  /** fdatasync, off the main thread; at once where each write was one already. */
  sync(): Promise<void>;
  /** Once no write is under way. */
  close(): void;
}

/** The directory of the log: what names stand for is lost with the power until `sync` resolves. */
export interface LogDirectory {
  list(): readonly string[];
  open(name: string): LogFile;
  /** Opens a file, made if absent, and makes it at least this long; what it holds stays. */
  create(name: string, size: number): LogFile;
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** fsync of the directory. */
  sync(): Promise<void>;
}

/** Opens a directory of the log, made if absent. Of its files one is written at a time: all share memory for that. */
export function openLogDirectory(path: string): LogDirectory {
  makeDirectory(path, 0o700);
  let memory: Buffer | undefined;
  const piece = (): Buffer => (memory ??= pageAligned(PIECE_BYTES));
  return {
    list: () => readdirSync(path),
    open: (name) => new DiskFile(join(path, name), 0, piece),
    create: (name, size) => new DiskFile(join(path, name), size, piece),
    rename: (from, to) => renameSync(join(path, from), join(path, to)),
    remove: (name) => unlinkSync(join(path, name)),
    sync: () => syncDirectory(path),
  };
}

/** Makes what happened to the names in a directory last. */
export async function syncDirectory(path: string): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    await syncAll(fd);
  } finally {
    await closeFile(fd);
  }
}

/**
 * What is written goes around the page cache where the file system allows it (O_DIRECT): a page is then not written again
 * for each group on it. Each such write is on the disk when it ends (O_DSYNC), which spares a group the way to a thread and
 * back for fdatasync. Such writes must come from memory that is aligned as pages are, which a Buffer is not, and
 * WebAssembly's is.
 */
const PIECE_BYTES = 256 * 1024;
const WASM_PAGE_BYTES = 65_536;

class DiskFile implements LogFile {
  readonly #path: string;
  readonly #reader: number;
  #writer: number;
  #isDirect = false;
  /** Bytes may be in the file that are not on the disk: what was found in it, its length, what was not written directly. */
  #isUnsynced = true;
  /** The memory that all files of the directory are written from. */
  readonly #sharedPiece: () => Buffer;
  #piece: Buffer | undefined;
  size: number;

  constructor(path: string, size: number, piece: () => Buffer) {
    this.#path = path;
    this.#sharedPiece = piece;
    const flags = size > 0 ? constants.O_RDWR | constants.O_CREAT : constants.O_RDWR;
    this.#reader = openSync(path, flags, 0o600);
    this.#writer = this.#reader;
    this.size = fstatSync(this.#reader).size;
    if (this.size < size) {
      ftruncateSync(this.#reader, size);
      this.size = size;
    }
  }

  read(position: number, length: number, into?: Buffer): Buffer {
    const bytes = into !== undefined && into.length >= length ? into : Buffer.allocUnsafe(length);
    let read = 0;
    while (read < length) {
      const more = readSync(this.#reader, bytes, read, length - read, position + read);
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  }

  memory(bytes: number): Buffer | undefined {
    if (this.#piece === undefined) this.#openDirect();
    return this.#isDirect && bytes <= PIECE_BYTES ? this.#piece?.subarray(0, bytes) : undefined;
  }

  write(bytes: Buffer, position: number): Promise<void> {
    if (this.#piece === undefined) this.#openDirect();
    return bytes.length <= PIECE_BYTES ? this.#writePiece(bytes, position) : this.#writePieces(bytes, position);
  }

  async #writePieces(bytes: Buffer, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      await this.#writePiece(bytes.subarray(at, at + PIECE_BYTES), position + at);
    }
  }

  #openDirect(): void {
    this.#piece = this.#sharedPiece();
    const direct = (constants as Readonly<Record<string, number | undefined>>).O_DIRECT;
    if (direct === undefined) return;
    try {
      this.#writer = openSync(this.#path, constants.O_WRONLY | constants.O_DSYNC | direct);
      this.#isDirect = true;
    } catch (error) {
      // A file system without direct writes.
      if (!isInvalid(error)) throw error;
    }
  }

  async #writePiece(bytes: Buffer, position: number): Promise<void> {
    let source = bytes;
    if (this.#isDirect && this.#piece !== undefined && bytes.buffer !== this.#piece.buffer) {
      source = this.#piece.subarray(0, bytes.length);
      source.set(bytes);
    }
    for (let done = 0; done < bytes.length; ) {
      if (!this.#isDirect) this.#isUnsynced = true;
      try {
        const written = await writeAt(this.#writer, source, done, bytes.length - done, position + done);
        // A write that was cut short, for want of space, may end anywhere: the rest begins at a whole sector again.
        done += written === bytes.length - done ? written : written - (written % SECTOR_BYTES);
      } catch (error) {
        if (!this.#isDirect || !isInvalid(error)) throw error;
        // Sectors of this disk are larger than ours.
        closeSync(this.#writer);
        this.#writer = this.#reader;
        this.#isDirect = false;
      }
    }
    this.size = Math.max(this.size, position + bytes.length);
  }

  async sync(): Promise<void> {
    if (!this.#isUnsynced) return;
    this.#isUnsynced = false;
    try {
      await syncData(this.#writer);
    } catch (error) {
      this.#isUnsynced = true;
      throw error;
    }
  }

  close(): void {
    if (this.#writer !== this.#reader) closeSync(this.#writer);
    closeSync(this.#reader);
    this.#piece = undefined;
  }
}

function writeAt(file: number, source: Buffer, from: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, source, from, length, position, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}

/** Node's types name WebAssembly without its values. */
const { WebAssembly: wasm } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  };
};

function pageAligned(bytes: number): Buffer {
  return Buffer.from(new wasm.Memory({ initial: bytes / WASM_PAGE_BYTES }).buffer);
}

function isInvalid(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EINVAL';
}
