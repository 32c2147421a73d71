import { ProtobufError, ProtobufReader } from './protobuf-reader.js';
import { BYTES } from './protobuf-writer.js';

/** Four bytes that begin every protobuf body. */
export const PROTOBUF_MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** runtime.Unknown: what an object is, and its message. */
export interface Envelope {
  apiVersion: string;
  kind: string;
  raw: Buffer;
}

/** Reads runtime.Unknown after its magic. Throws ProtobufError. */
export function readEnvelope(body: Buffer): Envelope {
  if (body.length === 0) throw new ProtobufError('empty data');
  if (!body.subarray(0, 4).equals(PROTOBUF_MAGIC)) {
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  if (body.length === 4) throw new ProtobufError('empty body');
  const out: Envelope = { apiVersion: '', kind: '', raw: Buffer.alloc(0) };
  const r = new ProtobufReader(body);
  r.at = 4;
  while (r.at < body.length) {
    const tag = r.varint(body.length);
    if (tag === 0x0a) {
      r.eachField(body.length, (number, wireType, limit) => {
        if (wireType !== BYTES || number < 1 || number > 2) return false;
        if (number === 1) out.apiVersion = r.string(limit);
        else out.kind = r.string(limit);
        return true;
      });
    } else if (tag === 0x12) {
      out.raw = r.view(body.length);
    } else {
      r.skip(tag % 8, body.length);
    }
  }
  return out;
}
