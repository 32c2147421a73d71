import { append } from '../machinery/append.js';
import { Breath, BREATH_STEPS, mapInTurns } from '../machinery/breathe.js';
import { logger } from '../machinery/log.js';
import { badRequest } from '../machinery/status.js';
import type { ResourceDef } from '../schema/types.js';
import { CompactedError } from '../store/types.js';
import { answerMemory } from './answer-memory.js';
import { decodeContinue, encodeContinue } from './continue.js';
import type { RestDeps } from './deps.js';
import type { Encoding, ListMeta, SizedList, TextList, WholeList } from './encoding.js';
import { isTextList, isWholeList } from './encoding.js';
import { continueTooOld, listTooOld, tooLargeResourceVersion } from './errors.js';
import type { Filter } from './filter.js';
import { filterOf } from './filter.js';
import { acceptsGzip, compress, gzipSink } from './gzip.js';
import type { LazyObject } from './lazy.js';
import { listTurns } from './list-turns.js';
import { converterFor } from './convert.js';
import type { Prepare, Snapshot } from './lister.js';
import { Lister, PAGE_BYTES, STREAM_BYTES } from './lister.js';
import type { ListOptions } from './options.js';
import { parseListOptions, parseResourceVersion } from './options.js';
import { listEncoding } from './representation.js';
import { waitForRevision } from './revision.js';
import type { ApiRequest, Reply, Sink } from './types.js';

const log = logger('list.ts');

/** Encoded items kept while the length of a protobuf list is measured, bytes; a longer one is encoded twice. */
const KEEP_BYTES = 16 * 1024 * 1024;

/** Values read for the first page of a list, and for each piece of one that is streamed, bytes. */
const pageBytes = (encoding: Encoding): number => encoding.pageBytes ?? PAGE_BYTES;
const streamBytes = (encoding: Encoding): number => Math.min(STREAM_BYTES, pageBytes(encoding));

/** Answers a LIST. */
export async function handleList(deps: RestDeps, request: ApiRequest, def: ResourceDef): Promise<Reply> {
  const encoding = listEncoding(deps, request, def);
  const options = parseListOptions(request.query);
  const filter = filterOf(def, deps.strategyFor(def.group, def.resource, def.version), {
    namespace: request.info.namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
  });
  const snapshot = await snapshotFor(deps, options, filter);
  const limit = options.limit > 0 && options.resourceVersion !== '0' ? options.limit : 0;
  const lister = new Lister(deps, filter, snapshot);
  const turn = listTurns.turn();
  if (turn !== undefined) await turn;
  try {
    const before = filter.asksWebhook ? converterFor(deps, def).prepare : undefined;
    const prepare = encoding.prepare ?? before;
    if (prepare !== undefined) return await converted(lister, encoding, { prepare, before }, limit, request);
    return limit > 0 ? await limited(lister, encoding, limit, request) : await unlimited(lister, encoding, request);
  } catch (e) {
    if (!(e instanceof CompactedError)) throw e;
    if (options.continue === '') throw listTooOld();
    throw continueTooOld(encodeContinue(snapshot.start, filter.prefix, -1));
  }
}

/** Decides which revision the list shows, and waits until this replica can show it. */
async function snapshotFor(deps: RestDeps, options: ListOptions, filter: Filter): Promise<Snapshot> {
  const { backend } = deps;
  const { end } = filter;
  if (options.continue !== '') {
    const from = decodeContinue(options.continue, filter.prefix);
    // A token of another list must not make this one show keys outside its range.
    const start = from.start > filter.start ? from.start : filter.start;
    if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
      throw badContinue();
    }
    if (from.revision > 0) {
      await waitForRevision(backend, from.revision);
      return { revision: from.revision, start, end };
    }
    await backend.readBarrier();
    return { revision: backend.revision, start, end };
  }
  const { start } = filter;
  const wanted = parseResourceVersion(options.resourceVersion, 'invalid resource version: ');
  if (options.resourceVersion === '') {
    await backend.readBarrier();
    return { revision: backend.revision, start, end };
  }
  if (wanted === 0) return { revision: backend.revision, start, end };
  const exact = options.resourceVersionMatch === 'Exact' || (options.resourceVersionMatch === '' && options.limit > 0);
  if (!Number.isSafeInteger(wanted)) throw tooLargeResourceVersion(options.resourceVersion, backend.revision);
  await waitForRevision(backend, wanted);
  return { revision: exact ? wanted : backend.revision, start, end };
}

const badContinue = (): Error => badRequest('specifying resource version is not allowed when using continue');

/** Objects that a webhook converts, page by page; they are answered together. `before` they are selected, where they must be. */
async function converted(
  lister: Lister,
  encoding: Encoding,
  { prepare, before }: { readonly prepare: Prepare; readonly before: Prepare | undefined },
  limit: number,
  request: ApiRequest,
): Promise<Reply> {
  const all: LazyObject[] = [];
  for (;;) {
    const most = limit === 0 ? undefined : limit - all.length;
    const page = before === undefined ? lister.page(most) : await lister.convertedPage(before, most);
    await prepare(page);
    append(all, page);
    if (lister.finished || (limit > 0 && all.length >= limit)) break;
  }
  let meta: ListMeta = { resourceVersion: String(lister.snapshot.revision) };
  if (!lister.finished) {
    meta = { ...meta, continue: lister.continueToken() };
    if (!lister.selective) meta = { ...meta, remainingItemCount: lister.remaining(all.length) };
  }
  return wholeInTurns(encoding, meta, all, request);
}

/** Without a limit the header is known at once: what does not fit one page is streamed. */
async function unlimited(lister: Lister, encoding: Encoding, request: ApiRequest): Promise<Reply> {
  const meta: ListMeta = { resourceVersion: String(lister.snapshot.revision) };
  // Among many each holds the event loop for as short as it can.
  const first = lister.page(undefined, listTurns.isCrowded ? streamBytes(encoding) : pageBytes(encoding));
  if (lister.finished) return whole(encoding, meta, first, request);
  return long(lister, encoding, meta, first, request);
}

/** With a limit the header says whether more follows: one pass finds out, and a second writes what was too much to keep. */
async function limited(lister: Lister, encoding: Encoding, limit: number, request: ApiRequest): Promise<Reply> {
  const most = pageBytes(encoding);
  let kept: LazyObject[] | undefined = [];
  let bytes = 0;
  let found = 0;
  for (;;) {
    const page = lister.page(limit - found, most);
    found += page.length;
    for (const obj of page) bytes += obj.value.length;
    if (bytes > most && found > page.length) kept = undefined;
    if (kept !== undefined) append(kept, page);
    if (lister.finished || found >= limit) break;
    await listTurns.next();
  }
  const revision = String(lister.snapshot.revision);
  let meta: ListMeta = { resourceVersion: revision };
  if (!lister.finished) {
    meta = { resourceVersion: revision, continue: lister.continueToken() };
    if (!lister.selective) meta = { ...meta, remainingItemCount: lister.remaining(found) };
  }
  if (kept !== undefined) return whole(encoding, meta, kept, request);
  const again = lister.rewound();
  return long(again, encoding, meta, again.page(undefined, most), request);
}

/** An answer that does not fit one page. */
function long(
  lister: Lister,
  encoding: Encoding,
  meta: ListMeta,
  first: readonly LazyObject[],
  request: ApiRequest,
): Reply | Promise<Reply> {
  const { list } = encoding;
  if (isTextList(list)) return streamed(lister, encoding, list, meta, first, request);
  if (isWholeList(list)) return gathered(lister, encoding, list, meta, first, request);
  return sized(lister, encoding, list, meta, first, request);
}

function joined(list: TextList, objects: readonly LazyObject[], head: string, tail: string): Buffer {
  return together(
    list,
    objects.map((o) => list.item(o)),
    head,
    tail,
  );
}

function together(list: TextList, pieces: readonly (Buffer | string)[], head: string, tail: string): Buffer {
  let size = Buffer.byteLength(head) + Buffer.byteLength(tail) + list.separator.length * pieces.length;
  for (const p of pieces) size += typeof p === 'string' ? Buffer.byteLength(p) : p.length;
  const out = answerMemory.take(size);
  let at = out.write(head);
  pieces.forEach((p, i) => {
    if (i > 0) at += out.write(list.separator, at);
    if (typeof p === 'string') at += out.write(p, at);
    else {
      out.set(p, at);
      at += p.length;
    }
  });
  at += out.write(tail, at);
  return out.subarray(0, at);
}

/** Answers with these objects, none left out; others have their turn between them. */
async function wholeInTurns(
  encoding: Encoding,
  meta: ListMeta,
  objects: readonly LazyObject[],
  request: ApiRequest,
): Promise<Reply> {
  const { list, contentType } = encoding;
  if (isWholeList(list) || objects.length === 0) return whole(encoding, meta, objects, request);
  const items = await mapInTurns<LazyObject, Buffer | string>(objects, (object) => list.item(object));
  const body = isTextList(list)
    ? together(list, items, list.open(meta), list.close(meta))
    : assembled(list, meta, items as readonly Buffer[]);
  return compress(request, { status: 200, contentType, body, written: () => answerMemory.giveBack(body) });
}

/** Answers with these objects, none left out. */
export function whole(
  encoding: Encoding,
  meta: ListMeta,
  objects: readonly LazyObject[],
  request: ApiRequest,
): Reply | Promise<Reply> {
  const { list, contentType } = encoding;
  if (isWholeList(list)) return gathered(undefined, encoding, list, meta, objects, request);
  if (isTextList(list) && objects.length === 0) {
    return compress(request, { status: 200, contentType, body: list.empty(meta) });
  }
  const body = isTextList(list)
    ? joined(list, objects, list.open(meta), list.close(meta))
    : assembled(
        list,
        meta,
        objects.map((o) => list.item(o)),
      );
  return compress(request, { status: 200, contentType, body, written: () => answerMemory.giveBack(body) });
}

/**
 * Reads to the end before it answers: for encodings that cannot be written piece by piece. Without a lister `first` is
 * all.
 */
async function gathered(
  lister: Lister | undefined,
  encoding: Encoding,
  list: WholeList,
  meta: ListMeta,
  first: readonly LazyObject[],
  request: ApiRequest,
): Promise<Reply> {
  const items: Buffer[] = [];
  const breath = new Breath();
  for (let objects = first; ; objects = lister.page(undefined, pageBytes(encoding))) {
    for (const obj of objects) {
      items.push(await list.item(obj));
      if (breath.isDue(BREATH_STEPS)) await breath.rest();
    }
    if (lister === undefined || lister.finished) break;
    await listTurns.next();
  }
  return compress(request, { status: 200, contentType: encoding.contentType, body: list.whole(meta, items) });
}

function assembled(list: SizedList, meta: ListMeta, items: readonly Buffer[]): Buffer {
  const bytes = sum(items);
  const open = list.open(meta, bytes);
  const out = answerMemory.take(open.length + bytes + list.close.length);
  let at = 0;
  for (const piece of [open, ...items, list.close]) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
function sum(items: readonly Buffer[]): number {
  return items.reduce((n, i) => n + i.length, 0);
}

/**
 * The length comes first: one pass measures, keeping the encoded items while they are few, and when they are not a
 * second pass encodes them again and streams.
 */
async function sized(
  lister: Lister,
  encoding: Encoding,
  list: SizedList,
  meta: ListMeta,
  first: readonly LazyObject[],
  request: ApiRequest,
): Promise<Reply> {
  let kept: Buffer[] | undefined = [];
  let bytes = 0;
  for (let objects = first; ; objects = lister.page(undefined, pageBytes(encoding))) {
    for (const obj of objects) {
      const item = list.item(obj);
      bytes += item.length;
      kept?.push(item);
    }
    if (bytes > KEEP_BYTES) kept = undefined;
    if (lister.finished) break;
    await listTurns.next();
  }
  if (kept !== undefined) {
    return compress(request, {
      status: 200,
      contentType: encoding.contentType,
      body: Buffer.concat([list.open(meta, bytes), ...kept, list.close]),
    });
  }
  const again = lister.rewound();
  const text: TextList = {
    open: () => '',
    item: (obj) => list.item(obj),
    separator: '',
    close: () => '',
    empty: () => '',
  };
  const open = list.open(meta, bytes);
  return streaming(encoding, request, (sink) => {
    sink.write(open);
    const pages = streamBytes(encoding);
    pump(sink, again, text, meta, again.page(undefined, pages), pages, () => sink.write(list.close));
  });
}

function streamed(
  lister: Lister,
  encoding: Encoding,
  list: TextList,
  meta: ListMeta,
  first: readonly LazyObject[],
  request: ApiRequest,
): Reply {
  return streaming(encoding, request, (sink) => {
    pump(sink, lister, list, meta, first, streamBytes(encoding));
  });
}

function streaming(encoding: Encoding, request: ApiRequest, write: (sink: Sink) => void): Reply {
  const gzip = acceptsGzip(request);
  return {
    status: 200,
    contentType: encoding.contentType,
    ...(gzip ? { headers: { 'content-encoding': 'gzip', vary: 'Accept-Encoding' } } : {}),
    stream: (sink) => {
      write(gzip ? gzipSink(sink) : sink);
    },
  };
}

/** Writes page after page, one a turn of the event loop, and none while the client is behind. */
function pump(
  sink: Sink,
  lister: Lister,
  list: TextList,
  meta: ListMeta,
  first: readonly LazyObject[],
  pieceBytes: number,
  after?: () => void,
): void {
  let begun = false;
  let waiting = false;
  let pages = 0;
  const write = (objects: readonly LazyObject[]): boolean => {
    const last = lister.finished;
    if (objects.length === 0 && begun) return last ? sink.write(list.close(meta)) : true;
    const head = begun ? list.separator : list.open(meta);
    // A page may hold nothing that is meant: the list has not begun then.
    if (objects.length === 0) return last ? sink.write(list.empty(meta)) : true;
    begun = true;
    const piece = joined(list, objects, head, last ? list.close(meta) : '');
    const flowing = sink.write(piece);
    if (sink.copies === true) answerMemory.giveBack(piece);
    return flowing;
  };
  const step = (objects: readonly LazyObject[]): void => {
    if (sink.closed) return;
    const more = write(objects);
    if (lister.finished) {
      after?.();
      sink.end();
    } else if (more) {
      listTurns.later(next, ++pages);
    } else {
      waiting = true;
    }
  };
  const next = (): void => {
    if (sink.closed) return;
    try {
      step(lister.page(undefined, pieceBytes));
    } catch (e) {
      // The status line is long gone: a list cut short is no JSON, which the client notices.
      if (!(e instanceof CompactedError)) log.error('a list broke', e);
      sink.end();
    }
  };
  sink.onWritable(() => {
    if (!waiting) return;
    waiting = false;
    // Many sockets may have room in one turn of the loop.
    listTurns.soon(next, pages);
  });
  step(first);
}
