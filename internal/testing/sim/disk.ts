import type { Actor } from './event-queue.js';
import { DiskBytes, DiskDirectory } from './log-disk.js';
import { applyWrites, type Version, type Write } from './tables.js';
import type { World } from './world.js';

export interface DiskTemper {
  /** Mean time of one fsync. */
  fsyncMs: number;
  /** A flush of the state, which is large and written all over, takes so many times an fsync of the log, within bounds. */
  flushFactor: number;
  /** Now and then an fsync takes this long. */
  stallMs: number;
  stallChance: number;
  full: boolean;
}

interface Transaction {
  readonly writes: readonly Write[];
  readonly settle: (error: Error | undefined) => void;
  readonly flushed: () => void;
}

const SLOW_FSYNC_MS = 100;
/** Mean of a flush that takes longer than an fsync, at most. */
const FLUSH_MS_MAX = 150;
const EMPTY: Version = new Map();

/** What one LMDB environment holds: what readers see, and what a loss of power would leave. */
export class SimFile {
  visible: Version = EMPTY;
  durable: Version = EMPTY;
  /** Committed and not flushed, oldest first. */
  unflushed: Version[] = [];
  /** The transaction being written. */
  writing: Transaction | undefined;

  /** What has become of versions that the disk has spoilt, for whoever still reads them. */
  readonly #spoilt = new Map<Version, Version>();

  /** Puts other versions in the place of these, for everybody. */
  spoil(versions: ReadonlyMap<Version, Version>): void {
    for (const [version, now] of versions) if (now !== version) this.#spoilt.set(version, now);
    this.durable = this.now(this.durable);
    this.visible = this.now(this.visible);
    this.unflushed = this.unflushed.map((version) => this.now(version));
  }

  /** A version as it is read now. */
  now(version: Version): Version {
    let current = version;
    for (let next = this.#spoilt.get(current); next !== undefined; next = this.#spoilt.get(current)) current = next;
    return current;
  }
}

/** All that a disk holds. */
export interface DiskCopy {
  readonly files: ReadonlyMap<string, Version>;
  readonly logs: ReadonlyMap<string, DiskDirectory>;
}

/** The disk of one machine: it outlives the process, and forgets what was not flushed when the power fails. */
export class SimDisk {
  readonly files = new Map<string, SimFile>();
  /** Directories of Raft logs. */
  readonly logs = new Map<string, DiskDirectory>();
  readonly temper: DiskTemper = { fsyncMs: 2, flushFactor: 1, stallMs: 0, stallChance: 0, full: false };
  /** Deliberate fault: a transaction cut off by a crash is found half done. LMDB never does this. */
  tornTransactions = false;
  fsyncs = 0;
  /**
   * Called when a transaction or a sync begins, with the time that it will take and the number of changes of the log's file
   * names that are not on the disk yet, until it returns true.
   */
  onWrite: ((timeMs: number, names: number) => boolean) | undefined;

  constructor(readonly world: World) {}

  file(path: string): SimFile {
    let file = this.files.get(path);
    if (file === undefined) this.files.set(path, (file = new SimFile()));
    return file;
  }

  logDirectory(path: string): DiskDirectory {
    let directory = this.logs.get(path);
    if (directory === undefined) this.logs.set(path, (directory = new DiskDirectory()));
    return directory;
  }

  newFile(): DiskBytes {
    return new DiskBytes();
  }

  /** What is on the disk while nothing is being written: to be put back later. */
  copy(): DiskCopy {
    return {
      files: new Map([...this.files].map(([path, file]) => [path, file.visible])),
      logs: new Map([...this.logs].map(([path, directory]) => [path, directory.copy()])),
    };
  }

  /** The disk is replaced by an empty one, or by one with such a copy on it. */
  replace(copy: DiskCopy = { files: new Map(), logs: new Map() }): void {
    this.files.clear();
    this.logs.clear();
    for (const [path, version] of copy.files) {
      const file = this.file(path);
      file.visible = version;
      file.durable = version;
    }
    for (const [path, directory] of copy.logs) this.logs.set(path, directory.copy());
  }

  fsyncTime(): number {
    return this.#timeOf(this.temper.fsyncMs);
  }

  flushTime(): number {
    const { fsyncMs, flushFactor } = this.temper;
    return this.#timeOf(Math.max(fsyncMs, Math.min(fsyncMs * flushFactor, FLUSH_MS_MAX)));
  }

  #timeOf(meanMs: number): number {
    const { random } = this.world;
    this.fsyncs += 1;
    const { stallChance, stallMs } = this.temper;
    const time = 0.1 + random.exponential(meanMs) + (random.chance(stallChance) ? stallMs : 0);
    if (time > SLOW_FSYNC_MS) this.world.count('fsyncs over 100 ms');
    return time;
  }

  /** The process is gone. With `powerLoss`, so is what was not flushed: any whole number of transactions from the end. */
  crash(powerLoss: boolean): void {
    const { random } = this.world;
    if (powerLoss) for (const directory of this.logs.values()) directory.losePower(random);
    for (const file of this.files.values()) {
      const { writing } = file;
      const candidates = [file.durable, ...file.unflushed];
      let survivor = powerLoss ? random.pick(candidates) : file.visible;
      if (survivor !== file.visible)
        this.world.count(
          'transactions lost that were not flushed',
          candidates.length - 1 - candidates.indexOf(survivor),
        );
      if (writing !== undefined) this.world.count('transactions cut off');
      if (writing !== undefined && survivor === file.visible && random.chance(0.5)) {
        const writes = this.tornTransactions
          ? writing.writes.slice(0, random.below(writing.writes.length + 1))
          : writing.writes;
        survivor = applyWrites(survivor, writes);
      }
      file.visible = survivor;
      file.durable = survivor;
      file.unflushed = [];
      file.writing = undefined;
    }
  }
}

/** One process's hold on a file: transactions one after another. */
export class SimEnvironmentFile {
  readonly #queue: Transaction[] = [];
  #flushBusy = false;

  constructor(
    readonly disk: SimDisk,
    readonly file: SimFile,
    readonly actor: Actor,
    readonly overlappingSync: boolean,
  ) {}

  /** Queues a transaction; `settle` when it is visible or failed, `flushed` when it is on disk. */
  write(transaction: Transaction): void {
    // The last breath of a process that has ended.
    if (!this.actor.alive) return;
    this.#queue.push(transaction);
    if (this.file.writing === undefined) this.#next();
  }

  /** Resolves when nothing is being written or flushed any more. */
  idle(): Promise<void> {
    if (this.file.writing === undefined && !this.#flushBusy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }
  readonly #idle: (() => void)[] = [];

  #noteIdle(): void {
    if (this.file.writing === undefined && !this.#flushBusy) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #next(): void {
    const transaction = this.#queue.shift();
    if (transaction === undefined) {
      this.#noteIdle();
      return;
    }
    const { disk, file } = this;
    file.writing = transaction;
    const time = this.overlappingSync ? disk.world.random.between(0.05, 0.5) : disk.fsyncTime();
    if (disk.onWrite?.(time, 0) === true) disk.onWrite = undefined;
    disk.world.schedule(time, this.actor, () => {
      file.writing = undefined;
      if (disk.temper.full && transaction.writes.some((w) => w.value !== undefined)) {
        disk.world.count('transactions refused: disk full');
        transaction.settle(new Error('MDB_MAP_FULL: no space left on device'));
      } else {
        file.visible = applyWrites(file.visible, transaction.writes);
        if (this.overlappingSync) {
          file.unflushed.push(file.visible);
          transaction.settle(undefined);
          this.#flush(transaction, file.visible);
        } else {
          file.durable = file.visible;
          transaction.settle(undefined);
          transaction.flushed();
        }
      }
      if (file.writing === undefined) this.#next();
    });
  }

  readonly #flushQueue: { readonly transaction: Transaction; readonly version: Version }[] = [];

  #flush(transaction: Transaction, version: Version): void {
    this.#flushQueue.push({ transaction, version });
    if (!this.#flushBusy) this.#flushNext();
  }

  #flushNext(): void {
    const next = this.#flushQueue.shift();
    if (next === undefined) {
      this.#noteIdle();
      return;
    }
    this.#flushBusy = true;
    const { disk, file } = this;
    disk.world.schedule(disk.flushTime(), this.actor, () => {
      this.#flushBusy = false;
      // In order, and one at a time: it is the oldest, unless the disk has spoilt it meanwhile.
      file.durable = file.unflushed.shift() ?? next.version;
      next.transaction.flushed();
      this.#flushNext();
    });
  }
}
