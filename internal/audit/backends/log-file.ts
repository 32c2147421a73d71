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

export interface LogFileOptions {
  readonly path: string;
  /** Bytes at which the file is set aside; 0 for never. */
  readonly maxBytes: number;
  /** Files set aside that are kept, and for how many days; 0 for all, and for ever. */
  readonly maxBackups: number;
  readonly maxAgeDays: number;
  readonly compress: boolean;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Appends to a file and sets it aside as `name-TIME.ext` when it is full (natefinch's lumberjack). What is written in one
 * turn of the event loop goes to the file in one write, off the main thread: a disk that hangs holds up those who wait
 * for their event, and nobody else.
 */
export class LogFile {
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private writing: Promise<void> | undefined;
  private file: FileHandle | undefined;
  private size = 0;
  private tidying: Promise<void> = Promise.resolve();

  constructor(private readonly options: LogFileOptions) {}

  /** Resolves when the text is in the file. Rejects when it cannot be written, or is larger than a whole file may be. */
  write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const { maxBytes } = this.options;
    if (maxBytes > 0 && bytes.length > maxBytes) {
      return Promise.reject(new Error(`write length ${bytes.length} exceeds maximum file size ${maxBytes}`));
    }
    if (this.waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      return Promise.reject(new Error(`${MAX_WAITING_BYTES} bytes wait to be written already`));
    }
    return new Promise((done, failed) => {
      this.waiting.push({ bytes, done, failed });
      this.waitingBytes += bytes.length;
      this.writing ??= this.writeAll();
    });
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
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.nextBatch();
      try {
        await this.append(Buffer.concat(batch.map((w) => w.bytes)));
        for (const w of batch) w.done();
      } catch (error) {
        for (const w of batch) w.failed(error);
      }
    }
    this.writing = undefined;
  }

  private nextBatch(): Waiting[] {
    let [bytes, n] = [0, 0];
    const room = this.options.maxBytes > 0 ? Math.min(MAX_WRITE_BYTES, this.options.maxBytes) : MAX_WRITE_BYTES;
    for (const w of this.waiting) {
      if (n > 0 && bytes + w.bytes.length > room) break;
      bytes += w.bytes.length;
      n++;
    }
    const batch = this.waiting.slice(0, n);
    this.waiting = this.waiting.slice(n);
    this.waitingBytes -= bytes;
    return batch;
  }

  private async append(bytes: Buffer): Promise<void> {
    const { maxBytes } = this.options;
    this.file ??= await this.opened();
    if (maxBytes > 0 && this.size > 0 && this.size + bytes.length > maxBytes) await this.setAside();
    this.file ??= await this.opened();
    await this.file.appendFile(bytes);
    this.size += bytes.length;
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
