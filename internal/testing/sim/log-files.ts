/** Takes the place of internal/replica/wal/files.ts in a simulation: files on the disk of the machine that code runs on. */
import type { LogDirectory, LogFile } from '../../replica/wal/files.js';
import type { SimDisk } from './disk.js';
import type { Actor } from './event-queue.js';
import type { DiskBytes, DiskDirectory } from './log-disk.js';
import { currentMachine } from './machine.js';

const SECTOR_BYTES = 512;

export function openLogDirectory(path: string): LogDirectory {
  const { disk, actor } = currentMachine();
  const directory = disk.logDirectory(path);
  const changed = (change: (names: Map<string, DiskBytes>) => void): void => {
    if (!actor.alive) return;
    const names = new Map(directory.names);
    change(names);
    directory.change(names);
  };
  const open = (name: string): LogFile => {
    const bytes = directory.names.get(name);
    if (bytes === undefined) throw new Error(`ENOENT: no file ${name}`);
    return new SimLogFile(disk, actor, bytes, directory);
  };
  return {
    list: () => [...directory.names.keys()],
    open,
    create: (name, size) => {
      const isThere = directory.names.has(name);
      // There may be room for a name, and none for what is to stand under it; or not even for that.
      if (!isThere && disk.temper.full && disk.world.random.chance(0.5)) {
        disk.world.count('segments refused: disk full');
        throw new Error('ENOSPC: no space left on device');
      }
      if (!isThere) changed((names) => names.set(name, disk.newFile()));
      const bytes = directory.names.get(name);
      if (bytes !== undefined) bytes.size = Math.max(bytes.size, size);
      return open(name);
    },
    rename: (from, to) =>
      changed((names) => {
        const bytes = names.get(from);
        if (bytes === undefined) throw new Error(`ENOENT: no file ${from}`);
        names.delete(from);
        names.set(to, bytes);
      }),
    remove: (name) => changed((names) => names.delete(name)),
    sync: () => synced(disk, actor, directory, directory),
  };
}

/** Only needed where a log of an earlier release is taken over, of which there is none. */
export function syncDirectory(_path: string): Promise<void> {
  return Promise.resolve();
}

/** What was done before the sync began is on the disk when it ends. */
function synced(
  disk: SimDisk,
  actor: Actor,
  what: DiskBytes | DiskDirectory,
  { unsynced: names }: DiskDirectory,
): Promise<void> {
  const count = what.unsynced;
  return new Promise((resolve) => {
    const time = disk.fsyncTime();
    if (disk.onWrite?.(time, names) === true) disk.onWrite = undefined;
    disk.world.schedule(time, actor, () => {
      what.synced(count);
      resolve();
    });
  });
}

class SimLogFile implements LogFile {
  constructor(
    private readonly disk: SimDisk,
    private readonly actor: Actor,
    private readonly bytes: DiskBytes,
    private readonly directory: DiskDirectory,
  ) {}

  get size(): number {
    return this.bytes.size;
  }

  read(position: number, length: number): Buffer {
    return this.bytes.read(position, length);
  }

  write(bytes: Buffer, position: number): Promise<void> {
    const { disk, actor } = this;
    return new Promise((resolve, reject) => {
      // The last breath of a process that has ended.
      if (!actor.alive) return;
      // Whether there is room is said once: what was not written must not be told as written when room is made (seed 84330).
      const { full } = disk.temper;
      // What is cut short for want of space may end at any sector.
      const sectors = Math.ceil(bytes.length / SECTOR_BYTES);
      const written = full ? bytes.subarray(0, disk.world.random.below(sectors + 1) * SECTOR_BYTES) : bytes;
      if (written.length > 0) this.bytes.write(written, position);
      if (full && written.length > 0) disk.world.count('groups of the log cut short: disk full');
      disk.world.schedule(disk.world.random.between(0.02, 0.2), actor, () => {
        if (!full) resolve();
        else {
          disk.world.count('groups of the log refused: disk full');
          reject(new Error('ENOSPC: no space left on device'));
        }
      });
    });
  }

  sync(): Promise<void> {
    return synced(this.disk, this.actor, this.bytes, this.directory);
  }

  close(): void {
    // Nothing is held.
  }
}
