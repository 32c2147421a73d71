import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const CHUNK = Buffer.alloc(64 * 1024, 0x5a);

/** A small disk of its own, in memory: mounting it needs root. */
export class SmallDisk {
  readonly #ballast: string;
  #mounted = false;

  constructor(
    readonly directory: string,
    readonly mib: number,
  ) {
    this.#ballast = join(directory, 'ballast');
  }

  /** Mounts it. False when that is not allowed here. */
  mount(): boolean {
    mkdirSync(this.directory, { recursive: true });
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${this.mib}m`, 'tmpfs', this.directory]);
    this.#mounted = mount.status === 0;
    return this.#mounted;
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

  unmount(): void {
    if (this.#mounted) spawnSync('umount', ['-l', this.directory]);
    this.#mounted = false;
  }
}
