/** Texts of addresses that are kept; clients come again and again. All are forgotten beyond so many. */
const MAX_KNOWN = 1024;
const known = new Map<number, string>();
const V4_BYTES = 4;
/** In front of an IPv4 address that came in as an IPv6 one, ::ffff:0:0/96, as three numbers of four bytes. */
const MAPPED = 0x0000ffff;

function v4Text(bytes: DataView, at: number): string {
  const number = bytes.getUint32(at);
  let text = known.get(number);
  if (text === undefined) {
    text = [0, 1, 2, 3].map((i) => bytes.getUint8(at + i)).join('.');
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(number, text);
  }
  return text;
}

/**
 * An IP address of 4 or 16 bytes in its usual form, an IPv4 client of an IPv6 socket as IPv4; '' for anything else. Read
 * from bytes, because uWS makes a new text of it for each request.
 */
export function addressText(address: ArrayBuffer): string {
  const bytes = new DataView(address);
  if (bytes.byteLength === V4_BYTES) return v4Text(bytes, 0);
  if (bytes.byteLength !== 16) return '';
  if (bytes.getUint32(0) === 0 && bytes.getUint32(4) === 0 && bytes.getUint32(8) === MAPPED) return v4Text(bytes, 12);
  const groups = Array.from({ length: 8 }, (_, i) => bytes.getUint16(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
