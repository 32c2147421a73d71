import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { FatalError } from './assert.js';

/**
 * Makes a directory and those above it; `mode` is that of the new ones. Throws FatalError, naming the path and the
 * reason, when that cannot be. (Node's own recursive mkdir never returns where a parent answers ENOENT, as /proc does.)
 */
export function makeDirectory(path: string, mode = 0o755): void {
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (isDirectory(path)) return; // somebody else was as fast
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const why = exists ? 'there is a file of that name' : reasonOf(error);
    throw new FatalError(
      `cannot make the directory ${path}: ${why}. Choose another place, or correct its permissions.`,
    );
  }
}

/**
 * Is there anything at this path? Throws FatalError where this user may not look, which Node's existsSync tells as no: what is
 * not seen must not be taken for what is gone.
 */
export function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw new FatalError(
      `cannot look at ${path}: ${reasonOf(error)}. Be the user whose it is, or correct its permissions.`,
    );
  }
}

/** What an error of the file system says, in words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return REASONS[code] ?? code;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  ENOENT: 'no directory can be made there',
  ENOTDIR: 'part of the path is a file',
};

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // making it will say why
  }
}
