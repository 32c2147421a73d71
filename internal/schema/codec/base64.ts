const ALPHABET = /^[A-Za-z0-9+/]*$/;

/** The canonical standard base64 of what `text` encodes, or undefined when the slow check must look at it. */
export function canonicalBase64(text: string): string | undefined {
  const n = text.length;
  if (n === 0) return text;
  if (n % 4 !== 0) return undefined;
  if (text.charCodeAt(n - 1) !== 0x3d) return ALPHABET.test(text) ? text : undefined;
  const last = text.slice(n - 4);
  if (!/^[A-Za-z0-9+/]{2}[A-Za-z0-9+/=]=$/.test(last) || !ALPHABET.test(text.slice(0, n - 4))) return undefined;
  // Go takes stray bits below the last byte and writes them as zero.
  const canonical = Buffer.from(last, 'base64').toString('base64');
  return canonical === last ? text : text.slice(0, n - 4) + canonical;
}

/** Offset of the byte that Go's base64.StdEncoding has field errors of, or -1 for good base64 (line breaks are skipped). */
export function base64Fault(bytes: Uint8Array): number {
  const n = bytes.length;
  let i = 0;
  let inGroup = 0;
  const skipBreaks = (): void => {
    while (i < n && (bytes[i] === 0x0a || bytes[i] === 0x0d)) i++;
  };
  for (;;) {
    skipBreaks();
    if (i >= n) return inGroup === 0 ? -1 : i - inGroup;
    const c = bytes[i] as number;
    i++;
    const valid =
      (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2f;
    if (valid) {
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (c !== 0x3d || inGroup < 2) return i - 1;
    if (inGroup === 2) {
      skipBreaks();
      if (i >= n) return n;
      if (bytes[i] !== 0x3d) return i - 1;
      i++;
    }
    skipBreaks();
    return i < n ? i : -1;
  }
}
