import { Client } from '@grpc/grpc-js';
import type { Envelope } from './envelope.js';
import { identityMetadata } from './metadata.js';
import { PEER } from './service.js';
import { clientCredentials, clientOptions } from './tls.js';
import type { PeerIdentity, TransportTls } from './types.js';

const VERSION = 1;

/** Asks the member at an address for a copy of its state, over a connection of its own. Throws grpc's ServiceError. */
export async function* fetchState(
  address: string,
  tls: TransportTls | undefined,
  self: PeerIdentity,
  to: number,
): AsyncGenerator<Buffer> {
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
  try {
    for await (const envelope of call as AsyncIterable<Envelope>) yield envelope.payload;
  } finally {
    call.cancel();
    client.close();
  }
}
