/** Takes the place of node:fs/promises in the replica while it is simulated: it asks for free space, and holds some back. */
import { statfsSync } from './fs.js';

export function statfs(path: string): Promise<ReturnType<typeof statfsSync>> {
  return Promise.resolve(statfsSync(path));
}

/** Never called: the space held back is taken to be there (fs.ts). */
export function open(path: string): Promise<never> {
  return Promise.reject(new Error(`${path} cannot be opened in a simulation`));
}
