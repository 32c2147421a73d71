import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope, EnvelopeError } from './envelope.js';

it('reads back what it wrote', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.uint8Array({ maxLength: 300 }), (version, bytes) => {
      const payload = Buffer.from(bytes);
      expect(decodeEnvelope(encodeEnvelope({ version, payload }))).toEqual({ version, payload });
    }),
  );
});

it.each([0, 127, 128, 129, 16_383, 16_384, 2 ** 31])('writes the number %i, and so many bytes', (number) => {
  const payload = Buffer.alloc(Math.min(number, 20_000), 'x');
  expect(decodeEnvelope(encodeEnvelope({ version: number, payload }))).toEqual({ version: number, payload });
});

it('is the protobuf of peer.proto', () => {
  expect(encodeEnvelope({ version: 300, payload: Buffer.from('ab') }).toString('hex')).toBe('08ac0212026162');
});

it('skips fields of later releases, and takes absent ones for empty', () => {
  const later = Buffer.from('1a03010203' + '210102030405060708' + '2d01020304' + '3005' + '0801', 'hex');
  expect(decodeEnvelope(later)).toEqual({ version: 1, payload: Buffer.alloc(0) });
  expect(decodeEnvelope(Buffer.from('08013005', 'hex')).version).toBe(1);
});

it('refuses junk with an EnvelopeError, never anything else', () => {
  expect(() => decodeEnvelope(Buffer.from('12ff', 'hex'))).toThrow(EnvelopeError);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeEnvelope(Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(EnvelopeError);
      }
    }),
  );
});

it.each([
  ['08', 'cut off'],
  ['0880', 'cut off'],
  ['1203aabb', 'cut off'],
  ['08ffffffffffffff01', 'number too long'],
  ['1b', 'wire type 3'],
  ['0f', 'wire type 7'],
])('says what is wrong with %s', (hex, reason) => {
  const error = new EnvelopeError(reason);
  expect(error).toMatchObject({ name: 'EnvelopeError', message: `malformed envelope: ${reason}` });
  expect(() => decodeEnvelope(Buffer.from(hex, 'hex'))).toThrow(error);
});

it('takes numbers of 49 bits', () => {
  expect(decodeEnvelope(Buffer.from('08ffffffffffff7f', 'hex')).version).toBe(2 ** 49 - 1);
});
