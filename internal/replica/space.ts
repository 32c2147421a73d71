import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LogLevel } from './config.js';

/** Below this much free space, new objects and changes are refused; deletes and compaction go on. */
const LOW_BYTES = 64 * 1024 * 1024;
/** The file in the data directory that holds space back. */
export const RESERVE = 'reserve';
/** Held back in a file of its own, and given up when the disk is full: it lets deletes and compaction through. */
const RESERVE_BYTES = 32 * 1024 * 1024;
/** Seconds: a start has better things to write. */
const CHECKS_BEFORE_RESERVE = 5;
/** A disk that stays full is told of so often. */
const SAY_FULL_MS = 30_000;
const CHUNK = Buffer.alloc(1024 * 1024);
/** util-linux' program: it has the file system keep blocks for a file without writing them. Node has no call for that. */
const FALLOCATE = 'fallocate';
const FALLOCATE_TIMEOUT_MS = 10_000;
const run = promisify(execFile);

export interface SpaceOptions {
  readonly dataDir: string;
  readonly say: (level: LogLevel, text: string) => void;
}

/** Watches the free space below the data directory. */
export class SpaceGuard {
  readonly #options: SpaceOptions;
  readonly #reserve: string;
  #low = false;
  #checks = 0;
  #making: Promise<void> | undefined;
  #stopped = false;
  #saidFullAt = -Infinity;

  constructor(options: SpaceOptions) {
    this.#options = options;
    this.#reserve = join(options.dataDir, RESERVE);
  }

  /** Too little space for anything but deletes. */
  get low(): boolean {
    return this.#low;
  }

  /** Looks at the disk; to be called about once a second. Not on the main thread: a busy disk answers in its own time. */
  async check(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#options.dataDir);
    if (this.#stopped) return;
    const free = bavail * bsize;
    const low = free < LOW_BYTES;
    if (low !== this.#low) {
      this.#low = low;
      const where = `the disk under ${this.#options.dataDir}`;
      const mib = Math.floor(free / (1024 * 1024));
      if (low) {
        this.#options.say('error', `${where} has ${mib} MiB left: only deletes are taken until space is made on it`);
      } else this.#options.say('info', `${where} has ${mib} MiB free again: writes are taken`);
    }
    this.#checks++;
    if (this.#checks < CHECKS_BEFORE_RESERVE || free < LOW_BYTES + RESERVE_BYTES) return;
    if (existsSync(this.#reserve) || this.#making !== undefined) return;
    this.#making = this.#makeReserve().finally(() => {
      this.#making = undefined;
    });
  }

  async #makeReserve(): Promise<void> {
    try {
      const file = await open(this.#reserve, 'w', 0o600);
      try {
        if (!(await hasBlocks(this.#reserve))) await this.#writeReserve(file);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#options.say('warn', `cannot hold space back in ${this.#reserve}: ${String(error)}`);
      rmSync(this.#reserve, { force: true });
    }
  }

  /** Written, not only sized: a sparse file holds nothing back. */
  async #writeReserve(file: FileHandle): Promise<void> {
    for (let at = 0; at < RESERVE_BYTES && !this.#stopped; at += CHUNK.length) {
      await file.write(CHUNK, 0, CHUNK.length, at);
    }
  }

  /** A write found the disk full, and is tried again every second; undefined: one has gone through again. */
  onDiskFull(error: Error | undefined): void {
    if (error === undefined) {
      this.#options.say('info', 'the disk takes writes again');
      // Whoever is refused for want of space need not wait for the next look.
      this.#lookNow();
      return;
    }
    const now = performance.now();
    if (now > this.#saidFullAt + SAY_FULL_MS) {
      this.#saidFullAt = now;
      this.#options.say('error', `the disk is full (${error.message}); writes wait until space is made on it`);
    }
    this.#giveUpReserve();
  }

  /** What was held back is given up. */
  #giveUpReserve(): void {
    rmSync(this.#reserve, { force: true });
    this.#lookNow();
  }

  #lookNow(): void {
    this.check().catch((error: unknown) => {
      this.#options.say('warn', `cannot see how much space is left: ${String(error)}`);
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Resolves when nothing is held back just now: until then somebody has the file open. To be called behind `stop`. */
  async settled(): Promise<void> {
    await this.#making;
  }
}

/** Has a file keep its blocks without writing them; false where there is no such program, or the file system cannot. */
async function hasBlocks(path: string): Promise<boolean> {
  try {
    await run(FALLOCATE, ['--length', String(RESERVE_BYTES), path], { timeout: FALLOCATE_TIMEOUT_MS });
    return true;
  } catch {
    // Whatever stood in its way, they can be written.
    return false;
  }
}
