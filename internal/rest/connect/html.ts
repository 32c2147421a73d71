import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { OpenResponse } from '../../callout/index.js';
import { Breath } from '../../machinery/breathe.js';
import { Gathered } from '../../machinery/gathered.js';
import { serviceUnavailable } from '../../machinery/status.js';
import type { BytesReply, Reply } from '../types.js';
import { flow } from './flow.js';
import { type Place, rewritten } from './places.js';

const gunzipped = promisify(gunzip);
const inflated = promisify(inflate);
/** Bytes of a page, as it comes and unpacked, in which links are rewritten. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 8 * 1024 * 1024;
/** What becomes of it: each link gets the path of the proxy before it. */
const MAX_REWRITTEN_BYTES = 32 * 1024 * 1024;
/** Characters of a link that is rewritten; a longer one stays as it is. */
const MAX_LINK = 65_536;
/** Characters of the longest name that is known here, and some. */
const MAX_NAME = 32;
/** So much of a page is made at a time, characters. */
const PIECE = 64 * 1024;

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
  const gathered = new Gathered();
  const encoding = headers['content-encoding'] ?? '';
  const known = encoding === '' || encoding === 'gzip' || encoding === 'deflate';
  try {
    while (known && gathered.bytes <= MAX_PAGE_BYTES) {
      const chunk = (await nextOf(body)) as Buffer | undefined;
      if (chunk === undefined) {
        const page = await unpacked(gathered.take(), encoding);
        return { ...head, passedOn: withoutEncoding(head.passedOn ?? []), body: await withLinks(page, place) };
      }
      gathered.push(chunk);
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
      if (gathered.bytes > 0) sink.write(gathered.take());
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

/**
 * A page with the places of its elements rewritten; bytes as characters, so that no encoding is touched. Others have
 * their turn meanwhile. Rejects with Error where too much becomes of it.
 */
async function withLinks(page: string, place: Place): Promise<Buffer> {
  const whole = new Gathered();
  const breath = new Breath();
  let text = '';
  let copied = 0;
  const add = (more: string): void => {
    text += more;
    if (text.length < PIECE) return;
    whole.push(Buffer.from(text, 'latin1'));
    text = '';
    if (whole.bytes > MAX_REWRITTEN_BYTES) throw new Error(`a page of more than ${MAX_REWRITTEN_BYTES} bytes`);
  };
  const addUpTo = async (end: number): Promise<void> => {
    for (; copied < end; copied = Math.min(copied + PIECE, end)) {
      add(page.slice(copied, Math.min(copied + PIECE, end)));
      if (breath.isDue(text.length)) await breath.rest();
    }
  };
  for (const found of placesIn(page)) {
    if (found !== undefined && found.to - found.from <= MAX_LINK) {
      await addUpTo(found.from);
      add(rewritten(page.slice(found.from, found.to), place));
      copied = found.to;
    }
    if (breath.isDue(8)) await breath.rest();
  }
  await addUpTo(page.length);
  whole.push(Buffer.from(text, 'latin1'));
  return whole.take();
}

/* Runs of characters: a page may be one of millions, which are not looked at one by one. */

const ELEMENT = /[^ \t\n\r\f/=><]*/y;
const ATTRIBUTE = /[^ \t\n\r\f/=>]*/y;
const BETWEEN = /[ \t\n\r\f/=]*/y;
const SPACES = /[ \t\n\r\f]*/y;
const BARE_VALUE = /[^ \t\n\r\f>]*/y;

/** Where a run that begins at `at` ends. */
function endOf(run: RegExp, page: string, at: number): number {
  run.lastIndex = at;
  run.test(page);
  return run.lastIndex;
}

/** A name in lower case; '' for one that is longer than any that is looked for. */
const nameAt = (page: string, from: number, to: number): string =>
  to - from > MAX_NAME ? '' : page.slice(from, to).toLowerCase();

/**
 * Where the values of attributes stand that hold places, and undefined for what else was passed over. Every character is
 * looked at once; an open tag ends it.
 */
function* placesIn(page: string): Generator<{ from: number; to: number } | undefined> {
  const end = page.length;
  for (let at = 0; ; ) {
    yield undefined;
    at = page.indexOf('<', at);
    if (at < 0) return;
    if (page.startsWith('<!--', at)) {
      at = page.indexOf('-->', at + 4);
      if (at < 0) return;
      continue;
    }
    const elementAt = at + 1;
    at = endOf(ELEMENT, page, elementAt);
    if (!/[a-z]/i.test(page.charAt(elementAt))) continue;
    const names = PLACES.get(nameAt(page, elementAt, at)) ?? NO_NAMES;
    while (at < end) {
      at = endOf(BETWEEN, page, at);
      if (at >= end || page.charAt(at) === '>') break;
      const attributeAt = at;
      at = endOf(ATTRIBUTE, page, at);
      const isPlace = names.includes(nameAt(page, attributeAt, at));
      at = endOf(SPACES, page, at);
      yield undefined;
      if (page.charAt(at) !== '=') continue;
      at = endOf(SPACES, page, at + 1);
      const mark = page.charAt(at);
      const quoted = mark === '"' || mark === "'";
      const from = quoted ? at + 1 : at;
      at = quoted ? page.indexOf(mark, from) : endOf(BARE_VALUE, page, at);
      if (at < 0) return;
      if (isPlace) yield { from, to: at };
      if (quoted) at++;
    }
  }
}
const NO_NAMES: readonly string[] = [];
