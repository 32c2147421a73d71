import { existsSync } from './fs.js';

/** Takes the place of machinery/directory.ts in a simulation, where all directories are there. */
export function makeDirectory(_path: string, _mode?: number): void {
  return undefined;
}

/** Nobody is kept from looking there. */
export const isThere = existsSync;
