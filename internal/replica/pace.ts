/** Bytes of a snapshot that leave in one go while there are writes, and the time that they are given. */
const SLICE_BYTES = 256 * 1024;
const SLICE_MS = 12.5;
/** The same while nothing is written. */
const IDLE_SLICE_MS = SLICE_MS / 4;

/**
 * Passes a snapshot's chunks on at 20 MiB a second, or 80 while nothing is written: those who write do not wait behind
 * a member that is being brought in.
 */
export async function* paced(chunks: AsyncIterable<Buffer>, lastIndex: () => number): AsyncGenerator<Buffer> {
  let began = performance.now();
  let index = lastIndex();
  let bytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    bytes += chunk.length;
    if (bytes < SLICE_BYTES) continue;
    const isIdle = lastIndex() === index;
    const restMs = ((isIdle ? IDLE_SLICE_MS : SLICE_MS) * bytes) / SLICE_BYTES - (performance.now() - began);
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    began = performance.now();
    index = lastIndex();
    bytes = 0;
  }
}
