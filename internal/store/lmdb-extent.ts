import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Sizes and places in an LMDB file of data version 2 on a 64-bit machine, as liblmdb's mdb.c has them. Numbers are in the
 * order of x86 and ARM: the lowest byte first.
 */
const PAGE_HEADER = 24;
const FLAGS_AT = 18;
const LOWER_AT = 20;
const BRANCH = 0x01;
const MAGIC = 0xbeefc0de;
/** Within the meta data, which follows the header of pages 0 and 1: the free list's tree, the main tree, last page, transaction. */
const FREE_TREE_AT = 24;
const MAIN_TREE_AT = 72;
const LAST_PAGE_AT = 120;
const TRANSACTION_AT = 128;
const META_BYTES = 136;
/** Within the description of a tree. */
const DEPTH_AT = 6;
const ROOT_AT = 40;
const TREE_BYTES = 48;
const NODE_HEADER = 8;
/** Flag of a leaf's node: it describes a named table's tree. */
const NAMED_TREE = 0x02;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

/**
 * Why a database file is too short to be opened, or undefined. LMDB maps the file, and a page beyond its end ends the
 * process without a word. A file may be somewhat shorter than its last page, for pages that are free need not be there:
 * where it is, every page above the leaves is read, and what it names must exist. Undefined for what is no such file.
 */
export function missingPages(file: string): string | undefined {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return undefined;
    return new Extent(fd, size).missing();
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether both of the pages with which a database file begins are there, or are missing altogether. LMDB ends the process
 * without a word where one of them is something else.
 */
export function hasMetaPages(file: string): boolean {
  const fd = openSync(file, 'r');
  try {
    return new Extent(fd, fstatSync(fd).size).hasMeta();
  } finally {
    closeSync(fd);
  }
}

class Extent {
  #pageSize = 4096;

  constructor(
    private readonly fd: number,
    private readonly size: number,
  ) {}

  hasMeta(): boolean {
    const first = this.#read(0, PAGE_HEADER + META_BYTES);
    if (first === undefined) return true;
    if (first.readUInt32LE(PAGE_HEADER) !== MAGIC) return false;
    const second = this.#read(first.readUInt32LE(PAGE_HEADER + FREE_TREE_AT), PAGE_HEADER + META_BYTES);
    return second === undefined || second.readUInt32LE(PAGE_HEADER) === MAGIC;
  }

  missing(): string | undefined {
    const first = this.#read(0, PAGE_HEADER + META_BYTES);
    if (first === undefined) return `it has ${this.size} bytes, too few for any page`;
    if (first.readUInt32LE(PAGE_HEADER) !== MAGIC) return undefined;
    this.#pageSize = first.readUInt32LE(PAGE_HEADER + FREE_TREE_AT);
    const second = this.#read(this.#pageSize, PAGE_HEADER + META_BYTES);
    if (second === undefined) return `it has ${this.size} bytes, less than two pages`;
    const [a, b] = [first.subarray(PAGE_HEADER), second.subarray(PAGE_HEADER)];
    const meta = b.readBigUInt64LE(TRANSACTION_AT) > a.readBigUInt64LE(TRANSACTION_AT) ? b : a;
    const wanted = (Number(meta.readBigUInt64LE(LAST_PAGE_AT)) + 1) * this.#pageSize;
    if (this.size >= wanted) return undefined;
    const trees = [meta.subarray(FREE_TREE_AT), meta.subarray(MAIN_TREE_AT)];
    const [freeTree, mainTree] = trees;
    if (freeTree === undefined || mainTree === undefined) return undefined;
    if (this.#isWhole(freeTree) && this.#isWhole(mainTree, (table) => this.#isWhole(table))) return undefined;
    return `it has ${this.size} bytes, and had up to ${wanted}`;
  }

  /** Does every page of a tree exist? `named` looks at the trees of the tables that its leaves name. */
  #isWhole(tree: Buffer, named?: (table: Buffer) => boolean): boolean {
    const root = tree.readBigUInt64LE(ROOT_AT);
    return root === NO_PAGE || this.#exists(root, tree.readUInt16LE(DEPTH_AT), named);
  }

  #exists(page: bigint, levels: number, named: ((table: Buffer) => boolean) | undefined): boolean {
    const at = Number(page) * this.#pageSize;
    if (at + this.#pageSize > this.size) return false;
    if (levels <= 1 && named === undefined) return true;
    const bytes = this.#read(at, this.#pageSize);
    if (bytes === undefined) return false;
    const isBranch = (bytes.readUInt16LE(FLAGS_AT) & BRANCH) !== 0;
    const count = bytes.readUInt16LE(LOWER_AT) >> 1;
    for (let i = 0; i < count; i++) {
      const node = bytes.subarray(PAGE_HEADER + bytes.readUInt16LE(PAGE_HEADER + 2 * i));
      const [low, high, flags] = [node.readUInt16LE(0), node.readUInt16LE(2), node.readUInt16LE(4)];
      if (isBranch) {
        const child = BigInt(low) | (BigInt(high) << 16n) | (BigInt(flags) << 32n);
        if (!this.#exists(child, levels - 1, named)) return false;
      } else if (named !== undefined && (flags & NAMED_TREE) !== 0) {
        const value = NODE_HEADER + node.readUInt16LE(6);
        if (!named(node.subarray(value, value + TREE_BYTES))) return false;
      }
    }
    return true;
  }

  #read(at: number, length: number): Buffer | undefined {
    if (at + length > this.size) return undefined;
    const bytes = Buffer.alloc(length);
    for (let read = 0; read < length; ) {
      const more = readSync(this.fd, bytes, read, length - read, at + read);
      if (more === 0) return undefined;
      read += more;
    }
    return bytes;
  }
}
