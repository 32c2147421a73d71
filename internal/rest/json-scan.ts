/**
 * Finds members of an object in JSON text without parsing the rest of it. The text is ours (canonical JSON as the store
 * holds it), so it is well-formed and has no white space between tokens.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** Position just after the string that begins at `at`. */
function stringEnd(buf: Buffer, at: number): number {
  let i = at + 1;
  for (;;) {
    const c = buf[i];
    if (c === QUOTE || c === undefined) return i + 1;
    i += c === BACKSLASH ? 2 : 1;
  }
}

/** Position just after the value that begins at `at`. */
export function valueEnd(buf: Buffer, at: number): number {
  const first = buf[at];
  if (first === QUOTE) return stringEnd(buf, at);
  let i = at;
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    for (;;) {
      const c = buf[i];
      if (c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || c === undefined) return i;
      i++;
    }
  }
  let depth = 0;
  for (;;) {
    const c = buf[i];
    if (c === undefined) return i;
    if (c === QUOTE) {
      i = stringEnd(buf, i);
      continue;
    }
    i++;
    if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET) && --depth === 0) return i;
  }
}

/**
 * Start and end of the value of member `name` in the object that begins at `at`, packed as [start, end); undefined when
 * the object has no such member.
 */
export function findMember(buf: Buffer, at: number, name: string): readonly [number, number] | undefined {
  if (buf[at] !== OPEN_BRACE) return undefined;
  let i = at + 1;
  while (buf[i] === QUOTE) {
    const keyStart = i + 1;
    const keyAfter = stringEnd(buf, i);
    const start = keyAfter + 1;
    const end = valueEnd(buf, start);
    if (keyAfter - 1 - keyStart === name.length && buf.toString('latin1', keyStart, keyAfter - 1) === name) {
      return [start, end];
    }
    i = end;
    if (buf[i] !== COMMA) return undefined;
    i++;
  }
  return undefined;
}

/** The bytes of `metadata`, or undefined. */
export function metadataOf(buf: Buffer): Buffer | undefined {
  const range = findMember(buf, 0, 'metadata');
  return range === undefined ? undefined : buf.subarray(range[0], range[1]);
}

/** The object's labels, with nothing else of it parsed. */
export function labelsOf(buf: Buffer): Record<string, string> {
  const meta = findMember(buf, 0, 'metadata');
  if (meta === undefined) return {};
  const labels = findMember(buf, meta[0], 'labels');
  if (labels === undefined) return {};
  return JSON.parse(buf.toString('utf8', labels[0], labels[1])) as Record<string, string>;
}

/** The same object with another metadata.resourceVersion. */
export function withResourceVersion(buf: Buffer, revision: number): Buffer {
  const meta = findMember(buf, 0, 'metadata');
  const at = meta === undefined ? undefined : findMember(buf, meta[0], 'resourceVersion');
  if (at === undefined) return buf;
  return Buffer.concat([buf.subarray(0, at[0]), Buffer.from(`"${revision}"`), buf.subarray(at[1])]);
}

/** JSON text indented by two spaces a level, as Go's MarshalIndent prints it; `lead` comes before every line but the first. */
export function indentJson(text: string, lead = ''): string {
  let out = '';
  let depth = 0;
  let from = 0;
  const newline = (): string => `\n${lead}${'  '.repeat(depth)}`;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i++;
      while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      const next = text.charCodeAt(i + 1);
      if (next === CLOSE_BRACE || next === CLOSE_BRACKET) {
        i++;
        continue;
      }
      depth++;
      out += text.slice(from, i + 1) + newline();
      from = i + 1;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      depth--;
      out += text.slice(from, i) + newline();
      from = i;
    } else if (c === COMMA) {
      out += text.slice(from, i + 1) + newline();
      from = i + 1;
    } else if (c === 0x3a) {
      out += `${text.slice(from, i + 1)} `;
      from = i + 1;
    }
  }
  return out + text.slice(from);
}

const LINE_END = 0x0a;

/** Compact JSON as kube-apiserver answers it: with a line end behind it. */
export function withLineEnd(json: Buffer | string): Buffer {
  if (typeof json === 'string') return Buffer.from(`${json}\n`);
  const line = Buffer.allocUnsafe(json.length + 1);
  line.set(json);
  line[json.length] = LINE_END;
  return line;
}
