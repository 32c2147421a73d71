/** The message of peer.proto; written by hand because two fields do not need a generator. */
export interface Envelope {
  readonly version: number;
  readonly payload: Buffer;
}

/** An envelope that is not protobuf as peer.proto has it. */
export class EnvelopeError extends Error {
  constructor(reason: string) {
    super(`malformed envelope: ${reason}`);
    this.name = 'EnvelopeError';
  }
}

const VERSION_TAG = 0x08; // field 1, varint
const PAYLOAD_TAG = 0x12; // field 2, length-delimited

export function encodeEnvelope(envelope: Envelope): Buffer {
  const { version, payload } = envelope;
  const out = Buffer.allocUnsafe(1 + varintSize(version) + 1 + varintSize(payload.length) + payload.length);
  let at = 0;
  out[at++] = VERSION_TAG;
  at = writeVarint(out, at, version);
  out[at++] = PAYLOAD_TAG;
  at = writeVarint(out, at, payload.length);
  payload.copy(out, at);
  return out;
}

/** Skips fields that a later release may add. `payload` is a view into `bytes`. Throws EnvelopeError. */
export function decodeEnvelope(bytes: Buffer): Envelope {
  let version = 0;
  let payload: Buffer = EMPTY;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new EnvelopeError('cut off');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new EnvelopeError('number too long');
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) {
      const value = varint();
      if (tag === VERSION_TAG) version = value;
    } else if (wireType === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new EnvelopeError('cut off');
      if (tag === PAYLOAD_TAG) payload = bytes.subarray(at, at + length);
      at += length;
    } else if (wireType === 5) at += 4;
    else if (wireType === 1) at += 8;
    else throw new EnvelopeError(`wire type ${wireType}`);
  }
  return { version, payload };
}

const EMPTY: Buffer = Buffer.alloc(0);

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}
function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    out[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}
