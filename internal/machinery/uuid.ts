import { randomFillSync } from 'node:crypto';

const BYTES = 16;
/** Random bytes that are fetched at a time. */
const POOL_BYTES = 256 * BYTES;
const DASH = 0x2d;

const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;
const text = Buffer.alloc(36);
/** The two characters of each byte. */
const hex = Buffer.from(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join(''),
  'latin1',
);

/**
 * A random UUID (version 4), lower case. `crypto.randomUUID` puts its text together from twenty pieces, for which a request
 * that has to have one pays several times as much as for its randomness.
 */
export function randomUuid(): string {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  let at = 0;
  for (let i = 0; i < BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text[at++] = DASH;
    let byte = pool[used + i] ?? 0;
    if (i === 6) byte = (byte & 0x0f) | 0x40;
    else if (i === 8) byte = (byte & 0x3f) | 0x80;
    text[at++] = hex[2 * byte] ?? 0;
    text[at++] = hex[2 * byte + 1] ?? 0;
  }
  // Nobody who reads memory later is to find it.
  pool.fill(0, used, used + BYTES);
  used += BYTES;
  return text.toString('latin1');
}
