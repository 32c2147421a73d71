import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { OpenResponse } from '../../callout/index.js';
import { serviceUnavailable } from '../../machinery/status.js';
import type { BytesReply, Reply } from '../types.js';
import { flow } from './flow.js';
import { type Place, rewritten } from './places.js';

const gunzipped = promisify(gunzip);
const inflated = promisify(inflate);
/** Bytes of a page, as it comes and unpacked, in which links are rewritten. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 8 * 1024 * 1024;

/** Attributes that hold places, by element (those that apimachinery's proxy transport rewrites). */
const PLACES: ReadonlyMap<string, readonly string[]> = new Map([
  ['a', ['href']],
  ['applet', ['codebase']],
  ['area', ['href']],
  ['audio', ['src']],
  ['base', ['href']],
  ['blockquote', ['cite']],
  ['body', ['background']],
  ['button', ['formaction']],
  ['command', ['icon']],
  ['del', ['cite']],
  ['embed', ['src']],
  ['form', ['action']],
  ['frame', ['longdesc', 'src']],
  ['head', ['profile']],
  ['html', ['manifest']],
  ['iframe', ['longdesc', 'src']],
  ['img', ['longdesc', 'src', 'usemap']],
  ['input', ['src', 'usemap', 'formaction']],
  ['ins', ['cite']],
  ['link', ['href']],
  ['object', ['classid', 'codebase', 'data', 'usemap']],
  ['q', ['cite']],
  ['script', ['src']],
  ['source', ['src']],
  ['video', ['poster', 'src']],
]);

export function isHtml(headers: IncomingHttpHeaders): boolean {
  const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
  return type.trim() === 'text/html';
}

/**
 * Reads the whole page and has its links lead through the proxy. One that is larger than 3 MiB, or packed in a way that
 * is not known here, is passed on as it is.
 */
export async function rewriteHtml(
  head: Omit<BytesReply, 'body'>,
  { headers, body }: OpenResponse,
  place: Place,
): Promise<Reply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const encoding = headers['content-encoding'] ?? '';
  const known = encoding === '' || encoding === 'gzip' || encoding === 'deflate';
  try {
    while (known && bytes <= MAX_PAGE_BYTES) {
      const chunk = (await nextOf(body)) as Buffer | undefined;
      if (chunk === undefined) {
        const page = await unpacked(Buffer.concat(chunks), encoding);
        return { ...head, passedOn: withoutEncoding(head.passedOn ?? []), body: withLinks(page, place) };
      }
      chunks.push(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    body.destroy();
    throw serviceUnavailable(
      `error trying to reach service: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return {
    ...head,
    stream: (sink) => {
      for (const chunk of chunks) sink.write(chunk);
      flow(body, sink, true);
    },
    abandoned: () => body.destroy(),
  };
}

/** The next piece of a body; undefined at its end. Rejects when it breaks off. */
async function nextOf(body: Readable): Promise<unknown> {
  for (;;) {
    const chunk: unknown = body.read();
    if (chunk !== null) return chunk;
    if (body.readableEnded) return undefined;
    if (body.destroyed) throw body.errored ?? new Error('unexpected EOF');
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of EVENTS) body.off(event, done);
        resolve();
      };
      for (const event of EVENTS) body.on(event, done);
    });
  }
}
const EVENTS = ['readable', 'end', 'error', 'close'] as const;

async function unpacked(page: Buffer, encoding: string): Promise<string> {
  const bounded = { maxOutputLength: MAX_UNPACKED_BYTES };
  const whole =
    encoding === 'gzip'
      ? await gunzipped(page, bounded)
      : encoding === 'deflate'
        ? await inflated(page, bounded)
        : page;
  return whole.toString('latin1');
}

type Lines = NonNullable<BytesReply['passedOn']>;

function withoutEncoding(lines: Lines): Lines {
  return lines.filter(([name]) => name.toLowerCase() !== 'content-encoding');
}

/** A page with the places of its elements rewritten; bytes as characters, so that no encoding is touched. */
function withLinks(page: string, place: Place): Buffer {
  const out: string[] = [];
  let copied = 0;
  for (const { from, to } of placesIn(page)) {
    out.push(page.slice(copied, from), rewritten(page.slice(from, to), place));
    copied = to;
  }
  out.push(page.slice(copied));
  return Buffer.from(out.join(''), 'latin1');
}

const SPACE = new Set([' ', '\t', '\n', '\r', '\f', '/']);
const isNameEnd = (c: string): boolean => SPACE.has(c) || c === '=' || c === '>';

/** Where the values of attributes stand that hold places. Every character is looked at once; an open tag ends it. */
function* placesIn(page: string): Generator<{ from: number; to: number }> {
  const end = page.length;
  let at = 0;
  const skip = (is: (c: string) => boolean): number => {
    while (at < end && is(page.charAt(at))) at++;
    return at;
  };
  for (;;) {
    at = page.indexOf('<', at);
    if (at < 0) return;
    if (page.startsWith('<!--', at)) {
      at = page.indexOf('-->', at + 4);
      if (at < 0) return;
      continue;
    }
    at++;
    const nameAt = at;
    const element = page
      .slice(
        nameAt,
        skip((c) => !isNameEnd(c) && c !== '<'),
      )
      .toLowerCase();
    const names = PLACES.get(element) ?? NO_NAMES;
    if (!/^[a-z]/.test(element)) continue;
    while (at < end) {
      skip((c) => SPACE.has(c) || c === '=');
      if (at >= end || page.charAt(at) === '>') break;
      const attributeAt = at;
      const attribute = page
        .slice(
          attributeAt,
          skip((c) => !isNameEnd(c)),
        )
        .toLowerCase();
      skip((c) => c !== '/' && SPACE.has(c));
      if (page.charAt(at) !== '=') continue;
      at++;
      skip((c) => c !== '/' && SPACE.has(c));
      const mark = page.charAt(at);
      const quoted = mark === '"' || mark === "'";
      const from = quoted ? at + 1 : at;
      if (quoted) at = page.indexOf(mark, from);
      else skip((c) => c !== '>' && (c === '/' || !SPACE.has(c)));
      if (at < 0) return;
      if (names.includes(attribute)) yield { from, to: at };
      if (quoted) at++;
    }
  }
}
const NO_NAMES: readonly string[] = [];
