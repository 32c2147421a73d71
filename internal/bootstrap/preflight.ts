import { existsSync, readdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { FatalError } from '../machinery/assert.js';
import { whyNotFree } from '../machinery/port.js';
import type { Progress } from './progress.js';

/** One look at the machine before anything is made; the sentence says what is wrong. */
export interface PreflightCheck {
  /** kubeadm's name for it, which `--ignore-preflight-errors` takes. */
  readonly name: string;
  readonly warning?: boolean;
  failure(): Promise<string | undefined> | string | undefined;
}

/** Names that a replica may have in its cluster. */
const MEMBER_NAME = /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/;
const MIN_MEMORY_MIB = 1024;

/** Runs all checks. Throws FatalError with every failure that is not ignored (`all` ignores each). */
export async function preflight(
  checks: readonly PreflightCheck[],
  ignored: readonly string[],
  progress: Progress,
): Promise<void> {
  const ignores = new Set(ignored.map((name) => name.toLowerCase()));
  const errors: string[] = [];
  for (const check of checks) {
    const failure = await check.failure();
    if (failure === undefined) continue;
    const isIgnored = ignores.has('all') || ignores.has(check.name.toLowerCase());
    if (check.warning === true || isIgnored) progress.warn(`${check.name}: ${failure}`);
    else errors.push(`\t[ERROR ${check.name}]: ${failure}`);
  }
  if (errors.length === 0) return;
  throw new FatalError(
    `[preflight] Some fatal errors occurred:\n${errors.join('\n')}\n[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\``,
  );
}

/** Is this process root? Where files go below another root, or nothing is installed, nobody needs to be. */
export const isPrivileged: PreflightCheck = {
  name: 'IsPrivilegedUser',
  failure: () => (process.getuid?.() === 0 ? undefined : 'user is not running as root'),
};

export function portFree(host: string, port: number): PreflightCheck {
  return {
    name: `Port-${port}`,
    failure: async () => {
      const why = await whyNotFree(host, port);
      if (why === undefined) return undefined;
      return why === 'EADDRINUSE' ? `Port ${port} is in use` : `Port ${port} of ${host} cannot be had (${why})`;
    },
  };
}

export function fileAbsent(path: string): PreflightCheck {
  return {
    name: `FileAvailable-${path.replaceAll('/', '-')}`,
    failure: () => (existsSync(path) ? `${path} already exists` : undefined),
  };
}

export function directoryEmpty(path: string): PreflightCheck {
  return {
    name: `DirAvailable-${path.replaceAll('/', '-')}`,
    failure: () => (existsSync(path) && readdirSync(path).length > 0 ? `${path} is not empty` : undefined),
  };
}

export function memberName(name: string): PreflightCheck {
  return {
    name: 'Hostname',
    failure: () =>
      MEMBER_NAME.test(name)
        ? undefined
        : `the node name ${JSON.stringify(name)} must be lower-case letters, digits, '-' or '.', at most 63: give another --node-name`,
  };
}

export const enoughMemory: PreflightCheck = {
  name: 'Mem',
  warning: true,
  failure: () => {
    const mib = Math.floor(totalmem() / 1024 / 1024);
    return mib < MIN_MEMORY_MIB ? `the system RAM (${mib} MB) is less than ${MIN_MEMORY_MIB} MB` : undefined;
  },
};
