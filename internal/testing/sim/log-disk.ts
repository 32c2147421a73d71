import type { Random } from './random.js';

const SECTOR_BYTES = 512;

/** The bytes of one file: as they are read, and as a loss of power would leave them. */
export class DiskBytes {
  size = 0;
  /** Zero from its end up to `size`. */
  content: Buffer = Buffer.alloc(0);
  #durable: Buffer = Buffer.alloc(0);
  /** Written and not synced, oldest first. */
  #unsynced: { readonly position: number; readonly bytes: Buffer }[] = [];

  read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.size - position)));
    this.content.copy(bytes, 0, position);
    return bytes;
  }

  write(bytes: Buffer, position: number): void {
    this.content = withBytes(this.content, bytes, position);
    this.size = Math.max(this.size, this.content.length);
    this.#unsynced.push({ position, bytes: Buffer.from(bytes) });
  }

  /** How many writes a sync would make last that began now. */
  get unsynced(): number {
    return this.#unsynced.length;
  }

  /** So many writes, oldest first, are on the disk. */
  synced(count: number): void {
    for (const { position, bytes } of this.#unsynced.splice(0, count)) {
      this.#durable = withBytes(this.#durable, bytes, position);
    }
  }

  /** Of what was not synced each sector is there or not: all, none, those up to some place, or any. */
  losePower(random: Random): void {
    for (const { position, bytes } of this.#unsynced.splice(0)) {
      const kind = random.below(4);
      const sectors = Math.ceil(bytes.length / SECTOR_BYTES);
      const cut = random.below(sectors + 1);
      for (let i = 0; i < sectors; i += 1) {
        const isThere = kind === 0 || (kind === 1 && i < cut) || (kind === 2 && random.chance(0.5));
        const sector = bytes.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES);
        if (isThere) this.#durable = withBytes(this.#durable, sector, position + i * SECTOR_BYTES);
      }
    }
    this.content = this.#durable;
  }

  /** Nothing that was not synced is there. */
  loseUnsynced(): void {
    this.#unsynced = [];
    this.content = this.#durable;
  }

  /** A bit is another from now on, whoever reads it. */
  flip(byte: number, bit: number): void {
    const flipped = Buffer.from([(this.content[byte] ?? 0) ^ (1 << bit)]);
    this.content = withBytes(this.content, flipped, byte);
    this.#durable = withBytes(this.#durable, flipped, byte);
  }

  copy(): DiskBytes {
    const copy = new DiskBytes();
    copy.size = this.size;
    copy.content = this.content;
    copy.#durable = this.content;
    return copy;
  }
}

/** New bytes each time: what was read before stays as it was. */
function withBytes(before: Buffer, bytes: Buffer, position: number): Buffer {
  const after = Buffer.alloc(Math.max(before.length, position + bytes.length));
  before.copy(after);
  bytes.copy(after, position);
  return after;
}

/** The files of one directory, and what a loss of power would leave of their names. */
export class DiskDirectory {
  names: ReadonlyMap<string, DiskBytes> = new Map();
  #durable: ReadonlyMap<string, DiskBytes> = new Map();
  /** The names after each change since the last sync. */
  #unsynced: ReadonlyMap<string, DiskBytes>[] = [];

  change(names: ReadonlyMap<string, DiskBytes>): void {
    this.names = names;
    this.#unsynced.push(names);
  }

  get unsynced(): number {
    return this.#unsynced.length;
  }

  synced(count: number): void {
    this.#durable = this.#unsynced.splice(0, count).at(-1) ?? this.#durable;
  }

  /** Changes of names are lost from some point on: file systems keep their order. */
  losePower(random: Random): void {
    this.names = random.pick([this.#durable, ...this.#unsynced]);
    for (const file of new Set([...this.names.values(), ...this.#durable.values()])) file.losePower(random);
    this.#durable = this.names;
    this.#unsynced = [];
  }

  loseUnsynced(): void {
    this.names = this.#durable;
    this.#unsynced = [];
    for (const file of this.names.values()) file.loseUnsynced();
  }

  copy(): DiskDirectory {
    const copy = new DiskDirectory();
    copy.names = new Map([...this.names].map(([name, file]) => [name, file.copy()]));
    copy.#durable = copy.names;
    return copy;
  }
}
