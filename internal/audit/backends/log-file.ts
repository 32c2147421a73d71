import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errorText, logger } from '../../machinery/log.js';

const log = logger('log-file.ts');
const DAY_MS = 24 * 60 * 60 * 1000;
/** What is written at a time; an event is never split. */
const MAX_WRITE_BYTES = 1024 * 1024;
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
  text = '';
  bytes = 0;
  readonly since = performance.now();
  readonly written: Promise<void>;
  done: () => void = () => undefined;
  failed: (error: unknown) => void = () => undefined;

  constructor() {
    this.written = new Promise((done, failed) => {
      this.done = done;
      this.failed = failed;
    });
  }
}

/**
 * Appends to a file and sets it aside as `name-TIME.ext` when it is full (natefinch's lumberjack). What is written in one
 * turn of the event loop goes to the file in one write, off the main thread: a disk that hangs holds up those who wait
 * for their event, and nobody else.
 */
export class LogFile {
  /** In the order in which they are written. */
  private readonly waiting: Batch[] = [];
  private waitingBytes = 0;
  /** The one that is being written. */
  private current: Batch | undefined;
  private writing: Promise<void> | undefined;
  private file: FileHandle | undefined;
  private size = 0;
  private tidying: Promise<void> = Promise.resolve();
  /** What one batch may hold. */
  private readonly room: number;

  constructor(private readonly options: LogFileOptions) {
    const { maxBytes } = options;
    this.room = maxBytes > 0 ? Math.min(MAX_WRITE_BYTES, maxBytes) : MAX_WRITE_BYTES;
  }

  /** Resolves when the text is in the file. Rejects when it cannot be written, or is larger than a whole file may be. */
  write(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    const { maxBytes } = this.options;
    if (maxBytes > 0 && bytes > maxBytes) {
      return Promise.reject(new Error(`write length ${bytes} exceeds maximum file size ${maxBytes}`));
    }
    if (this.waitingBytes + bytes > MAX_WAITING_BYTES) {
      return Promise.reject(new Error(`${MAX_WAITING_BYTES} bytes wait to be written already`));
    }
    let batch = this.waiting.at(-1);
    if (batch === undefined || batch.bytes + bytes > this.room) {
      batch = new Batch();
      this.waiting.push(batch);
    }
    batch.text += text;
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
    while (this.writing !== undefined) await this.writing;
    await this.tidying;
    await this.file?.close();
    this.file = undefined;
  }

  private async writeAll(): Promise<void> {
    // Everything that comes in the same turn goes along.
    await new Promise((resolve) => setImmediate(resolve));
    for (;;) {
      const batch = this.waiting.shift();
      this.current = batch;
      if (batch === undefined) break;
      this.waitingBytes -= batch.bytes;
      try {
        await this.append(Buffer.from(batch.text));
        batch.done();
      } catch (error) {
        batch.failed(error);
      }
    }
    this.writing = undefined;
  }

  private async append(bytes: Buffer): Promise<void> {
    const { maxBytes } = this.options;
    this.file ??= await this.opened();
    if (maxBytes > 0 && this.size > 0 && this.size + bytes.length > maxBytes) await this.setAside();
    this.file ??= await this.opened();
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.file.write(bytes, at);
      at += bytesWritten;
      this.size += bytesWritten;
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
