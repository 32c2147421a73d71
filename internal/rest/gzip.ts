import { constants, createGzip, gzip } from 'node:zlib';
import type { ApiRequest, BytesReply, Reply, Sink } from './types.js';

/** Bodies up to this many bytes are sent as they are (kube-apiserver's defaultGzipThresholdBytes). */
export const GZIP_THRESHOLD_BYTES = 128 * 1024;
/** kube-apiserver's defaultGzipContentEncodingLevel: CPU matters more than bytes here. */
const LEVEL = 1;
const HEADERS = { 'content-encoding': 'gzip', vary: 'Accept-Encoding' };

/** Whether the client takes gzip. */
export function acceptsGzip(request: ApiRequest): boolean {
  const header = request.header('accept-encoding');
  return header !== '' && header.split(',').some((e) => e.split(';')[0]?.trim() === 'gzip');
}

/** The reply compressed when it is large and the client takes gzip; off the main thread. */
export function compress(request: ApiRequest, reply: BytesReply): Reply | Promise<Reply> {
  if (reply.body.length <= GZIP_THRESHOLD_BYTES || !acceptsGzip(request)) return reply;
  return new Promise((resolve, reject) => {
    const { written, ...rest } = reply;
    gzip(reply.body, { level: LEVEL }, (error, body) => {
      written?.();
      if (error !== null) reject(error);
      else resolve({ ...rest, headers: { ...reply.headers, ...HEADERS }, body });
    });
  });
}

/** A sink that compresses into another; backpressure goes through it. */
export function gzipSink(sink: Sink): Sink {
  const gz = createGzip({ level: LEVEL, flush: constants.Z_NO_FLUSH });
  const writable: (() => void)[] = [];
  gz.on('data', (chunk: Buffer) => {
    if (!sink.closed && !sink.write(chunk)) gz.pause();
  });
  gz.on('end', () => {
    if (!sink.closed) sink.end();
  });
  gz.on('drain', () => {
    for (const listener of writable) listener();
  });
  sink.onWritable(() => {
    gz.resume();
  });
  sink.onClose(() => {
    gz.destroy();
  });
  return {
    write: (chunk) => gz.write(chunk),
    onWritable: (listener) => {
      writable.push(listener);
    },
    onClose: (listener) => {
      sink.onClose(listener);
    },
    get closed() {
      return sink.closed || gz.destroyed;
    },
    end: (last) => {
      if (last === undefined) gz.end();
      else gz.end(last);
    },
  };
}
