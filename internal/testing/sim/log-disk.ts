import type { Random } from './random.js';

const SECTOR_BYTES = 512;

/** The bytes of one file: as they are read, and as a loss of power would leave them. */
export class DiskBytes {
  size = 0;
  readonly #read = new GrowingBytes();
  readonly #durable = new GrowingBytes();
  /** Written and not synced, oldest first. */
  #unsynced: { readonly position: number; readonly bytes: Buffer }[] = [];

  /** As it is read now; zero from its end up to `size`. What is written later shows in it. */
  get content(): Buffer {
    return this.#read.bytes;
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.size - position)));
    this.content.copy(bytes, 0, position);
    return bytes;
  }

  write(bytes: Buffer, position: number): void {
    this.#read.write(bytes, position);
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
      this.#durable.write(bytes, position);
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
        if (isThere) this.#durable.write(sector, position + i * SECTOR_BYTES);
      }
    }
    this.#read.become(this.#durable);
  }

  /** Nothing that was not synced is there. */
  loseUnsynced(): void {
    this.#unsynced = [];
    this.#read.become(this.#durable);
  }

  /** A bit is another from now on, whoever reads it. */
  flip(byte: number, bit: number): void {
    const flipped = Buffer.from([(this.content[byte] ?? 0) ^ (1 << bit)]);
    this.#read.write(flipped, byte);
    this.#durable.write(flipped, byte);
  }

  copy(): DiskBytes {
    const copy = new DiskBytes();
    copy.size = this.size;
    copy.#read.become(this.#read);
    copy.#durable.become(this.#read);
    return copy;
  }
}

/** Bytes that are written in place, with room to grow. */
class GrowingBytes {
  #room: Buffer = Buffer.alloc(0);
  bytes: Buffer = this.#room;

  write(bytes: Buffer, position: number): void {
    const end = position + bytes.length;
    if (end > this.bytes.length) {
      if (end > this.#room.length) {
        const room = Buffer.alloc(Math.max(end, 2 * this.#room.length, ROOM_BYTES));
        this.bytes.copy(room);
        this.#room = room;
      }
      this.bytes = this.#room.subarray(0, end);
    }
    bytes.copy(this.bytes, position);
  }

  become(other: GrowingBytes): void {
    this.#room = Buffer.from(other.bytes);
    this.bytes = this.#room;
  }
}
const ROOM_BYTES = 4_096;

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
