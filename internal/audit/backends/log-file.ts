import { createReadStream, createWriteStream, write } from 'node:fs';
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errorText, logger } from '../../machinery/log.js';

const log = logger('log-file.ts');
const DAY_MS = 24 * 60 * 60 * 1000;
/** What is written at a time; an event is never split, so one that is larger is written alone. */
const BATCH_BYTES = 64 * 1024;
/** What may wait to be written; beyond it writes fail. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** A file whose lines wait for longer does not keep up. */
const KEEPS_UP_MS = 100;

export interface LogFileOptions {
  readonly path: string;
  /** Bytes at which the file is set aside; 0 for never. */
  readonly maxBytes: number;
  /** Files set aside that are kept, and for how many days; 0 for all, and for ever. */
  readonly maxBackups: number;
  readonly maxAgeDays: number;
  readonly compress: boolean;
}

/** Lines that are written together. Who wrote any of them is told by one promise. */
class Batch {
  bytes = 0;
  readonly since = performance.now();
  readonly written: Promise<void>;
  done: () => void = () => undefined;
  failed: (error: unknown) => void = () => undefined;

  constructor(readonly buffer: Buffer) {
    this.written = new Promise((done, failed) => {
      this.done = done;
      this.failed = failed;
    });
  }
}

/**
 * Appends to a file and sets it aside as `name-TIME.ext` when it is full (natefinch's lumberjack). One write is under way
 * at a time, off the main thread, and what comes meanwhile goes along in the next: a disk that hangs holds up those who
 * wait for their lines, and nobody else.
 */
export class LogFile {
  /** In the order in which they are written. */
  private readonly waiting: Batch[] = [];
  private waitingBytes = 0;
  /** The one that is being written. */
  private current: Batch | undefined;
  private writing: Promise<void> | undefined;
  /** Of a batch that was written, for the next one. */
  private spare: Buffer | undefined;
  private file: FileHandle | undefined;
  private size = 0;
  private tidying: Promise<void> = Promise.resolve();
  /** What one batch may hold. */
  private readonly room: number;

  constructor(private readonly options: LogFileOptions) {
    const { maxBytes } = options;
    this.room = maxBytes > 0 ? Math.min(BATCH_BYTES, maxBytes) : BATCH_BYTES;
  }

  /**
   * Resolves when the lines are in the file, all of them in the same one; the promise is the same for all that goes there
   * together. Rejects when it cannot be written, or is larger than a whole file may be.
   */
  write(lines: Uint8Array): Promise<void> {
    const bytes = lines.length;
    const { maxBytes } = this.options;
    if (maxBytes > 0 && bytes > maxBytes) {
      return Promise.reject(new Error(`write length ${bytes} exceeds maximum file size ${maxBytes}`));
    }
    if (this.waitingBytes + bytes > MAX_WAITING_BYTES) {
      return Promise.reject(new Error(`${MAX_WAITING_BYTES} bytes wait to be written already`));
    }
    let batch = this.waiting.at(-1);
    if (batch === undefined || batch.bytes + bytes > this.room) {
      batch = new Batch(this.bufferFor(bytes));
      this.waiting.push(batch);
    }
    batch.buffer.set(lines, batch.bytes);
    batch.bytes += bytes;
    this.waitingBytes += bytes;
    this.writing ??= this.writeAll();
    return batch.written;
  }

  /** Whether nothing has been waiting for longer than KEEPS_UP_MS. */
  keepsUp(): boolean {
    const oldest = this.current ?? this.waiting[0];
    return oldest === undefined || performance.now() - oldest.since < KEEPS_UP_MS;
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.writing;
    await this.tidying;
    await this.file?.close();
    this.file = undefined;
  }

  private bufferFor(bytes: number): Buffer {
    if (bytes > BATCH_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const buffer = this.spare ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
    this.spare = undefined;
    return buffer;
  }

  private async writeAll(): Promise<void> {
    for (let batch = this.waiting.shift(); batch !== undefined; batch = this.waiting.shift()) {
      this.current = batch;
      this.waitingBytes -= batch.bytes;
      try {
        await this.append(batch.buffer, batch.bytes);
        batch.done();
      } catch (error) {
        batch.failed(error);
      }
      if (batch.buffer.length === BATCH_BYTES) this.spare = batch.buffer;
    }
    this.current = undefined;
    this.writing = undefined;
  }

  private async append(buffer: Buffer, bytes: number): Promise<void> {
    const { maxBytes } = this.options;
    this.file ??= await this.opened();
    if (maxBytes > 0 && this.size > 0 && this.size + bytes > maxBytes) await this.setAside();
    this.file ??= await this.opened();
    for (let at = 0; at < bytes; ) {
      const written = await writeAt(this.file.fd, buffer, at, bytes - at);
      at += written;
      this.size += written;
    }
  }

  private async opened(): Promise<FileHandle> {
    const file = await open(this.options.path, 'a', 0o600);
    this.size = (await file.stat()).size;
    return file;
  }

  private async setAside(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
    const { path } = this.options;
    const ext = extname(path);
    const time = new Date().toISOString().replaceAll(':', '-').slice(0, -1);
    await rename(path, join(dirname(path), `${basename(path, ext)}-${time}${ext}`));
    this.tidying = this.tidying
      .then(() => this.tidy())
      .catch((error: unknown) => log.error(`old audit logs beside ${path} could not be tidied: ${errorText(error)}`));
  }

  /** Deletes what is too old or too much, and compresses the rest. */
  private async tidy(): Promise<void> {
    const { path, maxBackups, maxAgeDays, compress } = this.options;
    const ext = extname(path);
    const prefix = `${basename(path, ext)}-`;
    const backups = (await readdir(dirname(path)))
      .map((name) => ({ name, time: timeOf(name, prefix, ext) }))
      .filter(({ time }) => !Number.isNaN(time))
      .sort((a, b) => b.time - a.time);
    const oldest = maxAgeDays > 0 ? Date.now() - maxAgeDays * DAY_MS : Number.NEGATIVE_INFINITY;
    for (const [i, { name, time }] of backups.entries()) {
      const file = join(dirname(path), name);
      if ((maxBackups > 0 && i >= maxBackups) || time < oldest) await unlink(file);
      else if (compress && !name.endsWith('.gz')) await gzipFile(file);
    }
  }
}

/** Appends, and says how much of it was. With a callback it costs the main thread half of what FileHandle.write does. */
function writeAt(fd: number, buffer: Buffer, at: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, buffer, at, bytes, null, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
}

/** When a file was set aside, by its name; NaN for other files. */
function timeOf(name: string, prefix: string, ext: string): number {
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name;
  if (!plain.startsWith(prefix) || !plain.endsWith(ext)) return Number.NaN;
  const text = plain.slice(prefix.length, plain.length - ext.length);
  const parts = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text);
  return parts === null ? Number.NaN : Date.parse(`${parts[1]}:${parts[2]}:${parts[3]}Z`);
}

async function gzipFile(file: string): Promise<void> {
  await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`, { mode: 0o600 }));
  await unlink(file);
}
