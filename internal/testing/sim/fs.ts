/** Takes the place of node:fs in the replica and the store while they are simulated: they only handle directories. */
import { currentMachine } from './machine.js';

/** Names of the environments in a directory of the machine. */
export function readdirSync(directory: string): string[] {
  const names = new Set<string>();
  for (const path of currentMachine().disk.files.keys()) {
    if (path.startsWith(`${directory}/`)) names.add(path.slice(directory.length + 1).split('/')[0] ?? '');
  }
  return [...names];
}

export function rmSync(path: string, _options?: object): void {
  currentMachine().disk.files.delete(path);
}

/** Nothing but environments is kept; space held back in reserve is taken to be there, and no log of an earlier release. */
export function existsSync(path: string): boolean {
  return !path.endsWith('/log/data.mdb');
}

/** Never called: there is no log of an earlier release. */
export function renameSync(from: string, _to: string): void {
  throw new Error(`${from} cannot be renamed in a simulation`);
}

/** Free space: plenty or none. */
export function statfsSync(_path: string): { readonly bavail: number; readonly bsize: number } {
  return { bavail: currentMachine().disk.temper.full ? 0 : 2 ** 20, bsize: 4096 };
}
