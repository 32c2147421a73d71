import type { Readable } from 'node:stream';
import type { ApiRequest, Sink } from '../types.js';

/**
 * Writes a body to a client as it comes, and holds the source back while the client does not read. A body that breaks
 * off ends the answer, or breaks it where `wholeOrBroken` says that the client must be able to tell.
 */
export function flow(body: Readable, sink: Sink, wholeOrBroken: boolean): void {
  body.on('data', (chunk: Buffer) => {
    if (!sink.write(chunk)) body.pause();
  });
  sink.onWritable(() => body.resume());
  sink.onClose(() => body.destroy());
  body.on('end', () => sink.end());
  body.on('error', () => undefined); // `close` comes as well
  const closed = (): void => {
    if (sink.closed) return;
    if (wholeOrBroken && sink.break !== undefined) sink.break();
    else sink.end();
  };
  body.on('close', closed);
  // One that broke off before anybody listened tells of it no more.
  if (body.destroyed) closed();
}

/** Is aborted when the client goes away. */
export function clientSignal(request: ApiRequest): AbortSignal {
  const abort = new AbortController();
  request.onAborted?.(() => abort.abort());
  return abort.signal;
}
