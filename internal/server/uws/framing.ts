/** How the end of a request's body is found. */
export type Framing = 'length' | 'chunked' | 'invalid';

const DIGITS = /^[0-9]{1,19}$/;

/**
 * Decides from the headers (lower-case name, value, ...) whether everybody on the way must agree where the body ends
 * (RFC 9112, section 6.3). Invalid: Content-Length headers that differ or are no number, any Transfer-Encoding but one
 * `chunked`, or both headers at once. What follows such a request must not be read as another one.
 */
export function framingOf(headers: readonly string[]): Framing {
  let length: string | undefined;
  let chunked = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i];
    if (name === 'content-length') {
      const value = headers[i + 1] ?? '';
      if (!DIGITS.test(value) || (length !== undefined && length !== value)) return 'invalid';
      length = value;
    } else if (name === 'transfer-encoding') {
      if (chunked || headers[i + 1]?.toLowerCase() !== 'chunked') return 'invalid';
      chunked = true;
    }
  }
  if (!chunked) return 'length';
  return length === undefined ? 'chunked' : 'invalid';
}
