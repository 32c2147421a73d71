import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { decodeEnvelope, encodeEnvelope, type Envelope } from './envelope.js';

/** Largest message that either side takes: a Raft message may hold one entry of 8 MiB and what comes with it. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Envelope, Envelope> {
  return {
    path: `/quorate.peer.v1.Peer/${name}`,
    requestStream,
    responseStream,
    requestSerialize: encodeEnvelope,
    requestDeserialize: decodeEnvelope,
    responseSerialize: encodeEnvelope,
    responseDeserialize: decodeEnvelope,
    originalName: name,
  };
}

/** The service of proto/quorate/peer/v1/peer.proto. */
export const PEER = {
  messages: method('Messages', true, true),
  snapshot: method('Snapshot', true, false),
  call: method('Call', false, false),
  fetch: method('Fetch', false, true),
} as const;

export const PEER_SERVICE: ServiceDefinition = PEER;
