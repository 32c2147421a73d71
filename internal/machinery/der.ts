/** One element of DER (X.690): its tag, its contents, and the whole with tag and length. */
export interface DerElement {
  readonly tag: number;
  readonly contents: Buffer;
  readonly raw: Buffer;
}

export const DER_SEQUENCE = 0x30;
export const DER_SET = 0x31;
export const DER_OID = 0x06;
export const DER_BIT_STRING = 0x03;

/** The bytes are no DER of the form that was expected. */
export class DerError extends Error {
  override name = 'DerError';
}

/** Reads one element at an offset. Throws DerError. */
export function readDer(bytes: Buffer, offset = 0): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('asn1: syntax error: truncated tag or length');
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    // A request of more than 4 GiB does not exist; indefinite lengths are not DER.
    if (count === 0 || count > 4) throw new DerError('asn1: structure error: length too large');
    if (start + count > bytes.length) throw new DerError('asn1: syntax error: truncated base 128 integer');
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw new DerError('asn1: syntax error: data truncated');
  return { tag, contents: bytes.subarray(start, end), raw: bytes.subarray(offset, end) };
}

/** The elements that follow each other in some contents. Throws DerError. */
export function readDerList(contents: Buffer): DerElement[] {
  const out: DerElement[] = [];
  for (let at = 0; at < contents.length; ) {
    const element = readDer(contents, at);
    out.push(element);
    at += element.raw.length;
  }
  return out;
}

/** The elements of a sequence or set. Throws DerError when it is something else. */
export function childrenOf(element: DerElement | undefined, tag = DER_SEQUENCE): DerElement[] {
  if (element?.tag !== tag) throw new DerError("asn1: structure error: tags don't match");
  return readDerList(element.contents);
}

/** An object identifier in dotted form. Throws DerError. */
export function oidOf(element: DerElement | undefined): string {
  if (element?.tag !== DER_OID || element.contents.length === 0) {
    throw new DerError("asn1: structure error: tags don't match");
  }
  const numbers: number[] = [];
  let n = 0;
  for (const byte of element.contents) {
    n = n * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    if (numbers.length === 0) {
      const root = Math.min(2, Math.floor(n / 40));
      numbers.push(root, n - root * 40);
    } else numbers.push(n);
    n = 0;
  }
  return numbers.join('.');
}
