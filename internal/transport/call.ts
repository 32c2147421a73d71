import { Client, Metadata } from '@grpc/grpc-js';
import { identityMetadata } from './metadata.js';
import { PEER } from './service.js';
import { clientCredentials, clientOptions } from './tls.js';
import type { PeerIdentity, TransportTls } from './types.js';

const VERSION = 1;

/** As whom a question is asked, and of whom. */
export interface Caller {
  readonly self: PeerIdentity;
  /** Undefined when it is not known who is at the address. */
  readonly to: number | undefined;
}

/** Asks one question over a connection. Rejects with grpc's ServiceError. */
export function ask(client: Client, payload: Buffer, timeoutMs: number, caller?: Caller): Promise<Buffer> {
  const { path, requestSerialize, responseDeserialize } = PEER.call;
  return new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { version: VERSION, payload },
      caller === undefined ? new Metadata() : identityMetadata(caller.self, caller.to),
      { deadline: Date.now() + timeoutMs },
      (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer?.payload ?? Buffer.alloc(0));
      },
    );
  });
}

/** Asks one question of the member at an address, over a connection of its own. Rejects with grpc's ServiceError. */
export async function askAt(
  address: string,
  tls: TransportTls | undefined,
  payload: Buffer,
  timeoutMs: number,
  caller?: Caller,
): Promise<Buffer> {
  const client = new Client(address, clientCredentials(address, tls), clientOptions(address));
  try {
    return await ask(client, payload, timeoutMs, caller);
  } finally {
    client.close();
  }
}
