/** Takes the place of node:crypto in the replica while it is simulated: chance comes from the seed. */
export { createHash } from 'node:crypto';

export function randomBytes(size: number): Buffer {
  const out = Buffer.alloc(size);
  for (let i = 0; i < size; i += 1) out[i] = Math.floor(Math.random() * 256);
  return out;
}
