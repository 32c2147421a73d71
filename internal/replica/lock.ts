import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { messageOf } from '../store/lmdb.js';
import { RESERVE } from './space.js';

/** Holds a data directory for this process. */
export interface DirectoryLock {
  release(): void;
}

/**
 * Takes a data directory for this process by a `lock` file that names it. A lock left by a process that is gone (also
 * when its pid is in use again, or the machine was restarted) is taken over. Throws FatalError when the holder lives.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, 'lock');
  const own = `${process.pid} ${startOf(process.pid)} ${bootId()}\n`;
  const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  try {
    writeNew(mine, own);
  } catch (error) {
    const isFull = codeOf(error) === 'ENOSPC';
    const what = isFull ? 'Make room on its disk' : 'Make it writable';
    throw new FatalError(`cannot write to the data directory ${directory}: ${messageOf(error)}. ${what}.`);
  }
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      try {
        linkSync(mine, path);
        return { release: () => releaseIfOwn(path, own) };
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      removeStale(directory, path, mine);
    }
  } finally {
    unlinkSync(mine);
  }
  throw inUse(directory, 'another process');
}

function removeStale(directory: string, path: string, mine: string): void {
  const held = readIfThere(path);
  if (held === undefined) return;
  const [pid = '', start = '', boot = ''] = held.trim().split(' ');
  if (boot === bootId() && start !== '' && startOf(Number(pid)) === start) throw inUse(directory, `process ${pid}`);
  // Renaming picks one winner among several takers; what was renamed may still be a newer lock: then it goes back.
  const aside = `${mine}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (readIfThere(aside) !== held) {
    renameSync(aside, path);
    throw inUse(directory, 'another process');
  }
  unlinkSync(aside);
}

function inUse(directory: string, holder: string): FatalError {
  return new FatalError(
    `the data directory ${directory} is in use by ${holder}. Stop it first, or give this replica a --data-dir of its own.`,
  );
}

function releaseIfOwn(path: string, own: string): void {
  if (readIfThere(path) === own) unlinkSync(path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** When the process started, as /proc has it; '' when there is none (or no /proc: then a lock counts as stale). */
function startOf(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return '';
  // Field 22, counted behind the command name, which may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie holds nothing any more; only nobody has asked how it ended.
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

function bootId(): string {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Writes a new file; on a full disk with the space that was held back for this (`space.ts`), so that deletes can be taken. */
function writeNew(path: string, text: string): void {
  try {
    writeWhole(path, text);
  } catch (error) {
    if (codeOf(error) !== 'ENOSPC') throw error;
    rmSync(join(dirname(path), RESERVE), { force: true });
    writeWhole(path, text);
  }
}

function writeWhole(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(path, { force: true });
    throw error;
  }
}
