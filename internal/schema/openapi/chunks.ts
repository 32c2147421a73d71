import { once } from 'node:events';
import { createGzip, gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { nextTurn } from '../../machinery/breathe.js';

/** A document is written in slices of at most about this long, with other requests between them. */
const SLICE_MILLISECONDS = 5;

/** Runs a writer to its end without holding up the event loop and returns what it wrote, compressed. */
export async function gzipPieces(pieces: Iterable<string | Buffer>): Promise<Buffer> {
  const gzip = createGzip({ level: 6 });
  const out: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = once(gzip, 'end');
  let started = performance.now();
  for (const piece of pieces) {
    if (piece.length > 0 && !gzip.write(piece)) await once(gzip, 'drain');
    if (performance.now() - started < SLICE_MILLISECONDS) continue;
    await nextTurn();
    started = performance.now();
  }
  gzip.end();
  await ended;
  return Buffer.concat(out);
}

const gunzipped = promisify(gunzip);
/** What is being unpacked at the moment, by its compressed form. */
const unpacking = new WeakMap<Buffer, Promise<Buffer>>();

/** The inverse, for the few clients that do not take gzip; all who ask for one document meanwhile are given the same bytes. */
export function ungzip(compressed: Buffer): Promise<Buffer> {
  const known = unpacking.get(compressed);
  if (known !== undefined) return known;
  const plain = gunzipped(compressed).finally(() => unpacking.delete(compressed));
  unpacking.set(compressed, plain);
  return plain;
}
