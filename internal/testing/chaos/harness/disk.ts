import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';

const CHUNK = Buffer.alloc(64 * 1024, 0x5a);

/** What is mounted: a filesystem on a file can stand still, one in memory can only be full. */
export type DiskKind = 'ext4' | 'tmpfs';

/** A small disk of its own for one replica's data. Mounting it needs root. */
export class SmallDisk {
  readonly #ballast: string;
  readonly #image: string;
  #kind: DiskKind | undefined;
  #freezer: ChildProcess | undefined;

  constructor(
    readonly directory: string,
    readonly mib: number,
  ) {
    this.#ballast = path.join(directory, 'ballast');
    this.#image = `${directory}.img`;
  }

  get kind(): DiskKind | undefined {
    return this.#kind;
  }

  /** Mounts it: ext4 on a file where loop devices are to be had, else memory. False when neither is allowed here. */
  mount(): boolean {
    mkdirSync(this.directory, { recursive: true });
    const size = `${this.mib}m`;
    const made =
      run('truncate', '-s', `${this.mib}M`, this.#image) &&
      run('mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', this.#image);
    if (made && run('mount', '-o', 'loop', this.#image, this.directory)) this.#kind = 'ext4';
    else if (run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.directory)) this.#kind = 'tmpfs';
    if (this.#kind !== 'ext4') rmSync(this.#image, { force: true });
    return this.#kind !== undefined;
  }

  /** Fills it with a file, but for `leaveBytes`. */
  fill(leaveBytes: number): void {
    const file = openSync(this.#ballast, 'w');
    try {
      for (;;) {
        const { bavail, bsize } = statfsSync(this.directory);
        const room = bavail * bsize - leaveBytes;
        if (room <= 0) return;
        writeSync(file, CHUNK, 0, Math.min(room, CHUNK.length));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  /**
   * Stands still for `stopMs` at a time, with `goMs` between: whoever writes or syncs waits that long. A process of its
   * own does it, which thaws the disk also when we are gone. Resolves when it is over; false when this disk cannot, or
   * does already.
   */
  async freeze(times: number, stopMs: number, goMs: number): Promise<boolean> {
    if (this.#kind !== 'ext4' || this.#freezer !== undefined) return false;
    const [stop, go] = [stopMs / 1_000, goMs / 1_000];
    const loop = `i=0; while [ $i -lt ${times} ]; do fsfreeze -f "$1" && sleep ${stop}; fsfreeze -u "$1"; sleep ${go}; i=$((i+1)); done`;
    const freezer = spawn('sh', ['-c', loop, 'sh', this.directory], { stdio: 'ignore' });
    this.#freezer = freezer;
    try {
      await once(freezer, 'exit');
    } finally {
      this.#freezer = undefined;
    }
    return true;
  }

  unmount(): void {
    if (this.#kind !== undefined) run('umount', '-l', this.directory);
    rmSync(this.#image, { force: true });
    this.#kind = undefined;
  }
}

const run = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
