import { Client } from '@grpc/grpc-js';
import type { Envelope } from './envelope.js';
import { identityMetadata } from './metadata.js';
import { PEER } from './service.js';
import { clientCredentials, clientOptions } from './tls.js';
import type { PeerIdentity, TransportTls } from './types.js';

const VERSION = 1;

/**
 * Asks the member at an address for a copy of its state, over a connection of its own, which `return` ends at once: no
 * generator, for that would first wait for a chunk that may never come, and the member keep the copy ready for ever.
 * `next` rejects with grpc's ServiceError.
 */
export function fetchState(
  address: string,
  tls: TransportTls | undefined,
  self: PeerIdentity,
  to: number,
): AsyncIterableIterator<Buffer> {
  const client = new Client(address, clientCredentials(address, tls), clientOptions(address));
  const { path, requestSerialize, responseDeserialize } = PEER.fetch;
  const question = { version: VERSION, payload: Buffer.alloc(0) };
  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    question,
    identityMetadata(self, to),
  );
  call.on('error', () => undefined); // `next` tells it; once that is over nobody else listens.
  const envelopes = (call as AsyncIterable<Envelope>)[Symbol.asyncIterator]();
  const end = (): IteratorReturnResult<undefined> => {
    call.cancel();
    client.close();
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      try {
        const result = await envelopes.next();
        return result.done === true ? end() : { done: false, value: result.value.payload };
      } catch (error) {
        end();
        throw error;
      }
    },
    return: () => Promise.resolve(end()),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
