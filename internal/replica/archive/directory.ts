import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FatalError } from '../../machinery/assert.js';
import { makeDirectory } from '../../machinery/directory.js';
import { messageOf } from '../../store/lmdb.js';
import type { ArchiveTarget } from './target.js';

/** What a writer that was killed has left behind is removed after this. */
const ABANDONED_MS = 24 * 3_600_000;
const PART = '.part-';

/** The names in a directory. Throws FatalError when it cannot be read. */
export async function directoriesIn(root: string): Promise<readonly string[]> {
  try {
    return await readdir(root);
  } catch (error) {
    throw new FatalError(
      `the archive ${root} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** An archive in a directory, which several replicas may share: files come and go by one rename or remove. */
export class DirectoryTarget implements ArchiveTarget {
  readonly #directory: string;

  constructor(root: string, cluster: string) {
    this.#directory = join(root, cluster);
  }

  async list(): Promise<readonly string[]> {
    makeDirectory(this.#directory, 0o700);
    const names = await readdir(this.#directory);
    for (const name of names) if (name.startsWith(PART)) await this.#removeAbandoned(name);
    return names.filter((name) => !name.startsWith(PART));
  }

  async #removeAbandoned(name: string): Promise<void> {
    try {
      const { mtimeMs } = await stat(this.path(name));
      if (mtimeMs < Date.now() - ABANDONED_MS) await this.remove(name);
    } catch (error) {
      // Whoever writes it has just renamed it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  async put(name: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    const part = this.path(`${PART}${randomBytes(6).toString('hex')}`);
    try {
      const file = await open(part, 'wx', 0o600);
      try {
        for await (const chunk of bytes) await file.writeFile(chunk);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, this.path(name));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  /** Where a file lies. */
  path(name: string): string {
    return join(this.#directory, name);
  }

  async read(name: string): Promise<Buffer> {
    try {
      return await readFile(this.path(name));
    } catch (error) {
      throw new FatalError(`the archive ${this.#directory} cannot be read: ${messageOf(error)}. Try it once more.`);
    }
  }

  file(name: string): Promise<string> {
    return Promise.resolve(this.path(name));
  }

  async remove(name: string): Promise<void> {
    await rm(this.path(name), { force: true });
  }
}
