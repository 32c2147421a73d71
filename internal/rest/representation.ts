import { assert } from '../machinery/assert.js';
import { nextTurn } from '../machinery/breathe.js';
import type { JsonObject } from '../machinery/json.js';
import { partialListOfObject, partialObjectOfList } from '../schema/codec/index.js';
import type { Negotiated } from '../schema/codec/index.js';
import { JSON_MEDIA_TYPE, objectText, PROTOBUF_MEDIA_TYPE, typedText, YAML_MEDIA_TYPE } from '../schema/codec/index.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import { bookmarksOf } from './bookmark.js';
import type { Converter } from './convert.js';
import { apiVersionOf, beginsWith, converterFor } from './convert.js';
import type { RestDeps } from './deps.js';
import type { Encoding, EventEncoding, EventType, ListMeta, TextList, WholeList } from './encoding.js';
import { indentJson, withLineEnd } from './json-scan.js';
import type { LazyObject } from './lazy.js';
import { goKindName, isPretty, negotiate, notStreamable } from './negotiation.js';
import type { MetadataReader } from './partial.js';
import { metadataReader, partialJson } from './partial.js';
import { protobufEvents, protobufList, protobufObject, protobufPartial, protobufPartialList } from './protobuf.js';
import { includeObjectOf, TableWriter } from './table.js';
import type { ApiRequest } from './types.js';
import { yamlInTurns, yamlOf } from './yaml.js';

/** For what is parsed to be encoded. */
const PARSED_PAGE_BYTES = 256 * 1024;

/** How the objects of `def` are answered to this request, one by one. Throws 406. */
export function objectEncoding(deps: RestDeps, request: ApiRequest, def: ResourceDef): Encoding {
  const negotiated = negotiate(request, def);
  if (negotiated.as?.kind === 'PartialObjectMetadataList') throw partialListOfObject(goKindName(def, ''));
  return encodingOf(deps, request, def, negotiated);
}

/** How lists of `def` are answered to this request. Throws 406. */
export function listEncoding(deps: RestDeps, request: ApiRequest, def: ResourceDef): Encoding {
  const negotiated = negotiate(request, def, true);
  if (negotiated.as?.kind === 'PartialObjectMetadata') throw partialObjectOfList(goKindName(def, 'List'));
  return encodingOf(deps, request, def, negotiated);
}

function encodingOf(deps: RestDeps, request: ApiRequest, def: ResourceDef, negotiated: Negotiated): Encoding {
  const converter = converterFor(deps, def);
  const encoding = encodingWith(deps, request, def, negotiated, converter);
  const { prepare, madeInTurns } = converter;
  return prepare === undefined && madeInTurns === undefined ? encoding : { ...encoding, prepare, madeInTurns };
}

function encodingWith(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  negotiated: Negotiated,
  converter: Converter,
): Encoding {
  const text = textEncoding(deps, request, def, negotiated, converter);
  switch (negotiated.mediaType) {
    case JSON_MEDIA_TYPE:
      return isPretty(request, negotiated) ? prettyEncoding(text) : compactEncoding(text);
    case YAML_MEDIA_TYPE:
      return yamlEncoding(text);
    case PROTOBUF_MEDIA_TYPE:
      return {
        contentType: PROTOBUF_MEDIA_TYPE,
        one: negotiated.as === undefined ? protobufObject(def, converter) : protobufPartial(negotiated.as.version),
        list: negotiated.as === undefined ? protobufList(def, converter) : protobufPartialList(negotiated.as.version),
        pageBytes: PARSED_PAGE_BYTES,
      };
  }
}

function textEncoding(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  { as }: Negotiated,
  converter: Converter,
): TextEncoding {
  if (as === undefined) {
    return {
      contentType: JSON_MEDIA_TYPE,
      one: (obj) => converter.json(obj),
      list: isCustom(def) ? untypedList(def, converter) : typedList(def, converter),
    };
  }
  if (as.kind === 'Table') {
    const table = tableWriter(deps, request, def, converter, as.version);
    return {
      contentType: JSON_MEDIA_TYPE,
      one: (obj) => table.single(obj, true),
      list: {
        open: (meta: ListMeta) => table.open(meta),
        item: (obj) => table.row(obj),
        separator: ',',
        close: () => table.close,
        empty: (meta) => table.empty(meta),
      },
      pageBytes: PARSED_PAGE_BYTES,
    };
  }
  const read = metadataReader(def);
  return {
    contentType: JSON_MEDIA_TYPE,
    one: (obj) => partialJson(obj, as.version, read),
    list: partialList(as.version, read),
    pageBytes: PARSED_PAGE_BYTES,
  };
}

type TextEncoding = Omit<Encoding, 'list'> & { readonly list: TextList };

function tableWriter(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  converter: Converter,
  version: string,
): TableWriter {
  const strategy = deps.strategyFor(def.group, def.resource, def.version);
  return new TableWriter(strategy, converter, version, metadataReader(def), includeObjectOf(request.query), () =>
    deps.now(),
  );
}

function listHead(kind: string, apiVersion: string, meta: ListMeta): string {
  return `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(meta)},"items":`;
}

/** Items of built-in lists have no kind and apiVersion: their stored bytes are written from `"metadata"` on. */
function typedList(def: ResourceDef, converter: Converter): TextList {
  const apiVersion = apiVersionOf(def);
  const kind = `${def.kind}List`;
  const { head } = converter;
  return {
    open: (meta) => `${listHead(kind, apiVersion, meta)}[{`,
    item: (obj) => {
      const json = converter.json(obj);
      if (beginsWith(json, head)) return json.subarray(head.length);
      const rest: JsonObject = { ...converter.object(obj) };
      delete rest['kind'];
      delete rest['apiVersion'];
      return typedText(rest, def.type).slice(1);
    },
    separator: ',{',
    close: () => CLOSE,
    empty: (meta) => `${listHead(kind, apiVersion, meta)}[]}`,
  };
}

/** A list of custom resources is a map in Go: its keys are sorted, so that kind and metadata stand behind the items. */
function untypedList(def: ResourceDef, converter: Converter): TextList {
  const open = `{"apiVersion":${JSON.stringify(apiVersionOf(def))},"items":[`;
  const kind = JSON.stringify(`${def.kind}List`);
  const close = (meta: ListMeta): string => `],"kind":${kind},"metadata":${sortedMeta(meta)}}`;
  return {
    open: () => open,
    item: (obj) => converter.json(obj),
    separator: ',',
    close,
    empty: (meta) => open + close(meta),
  };
}

function sortedMeta(meta: ListMeta): string {
  return JSON.stringify({
    continue: meta.continue ?? '',
    remainingItemCount: meta.remainingItemCount,
    resourceVersion: meta.resourceVersion,
  });
}

function partialList(version: string, read: MetadataReader): TextList {
  const head = (meta: ListMeta): string => listHead('PartialObjectMetadataList', `meta.k8s.io/${version}`, meta);
  return {
    open: (meta) => `${head(meta)}[`,
    item: (obj) => partialJson(obj, version, read),
    separator: ',',
    close: () => CLOSE,
    // kube-apiserver never makes the list of items when there is none.
    empty: (meta) => `${head(meta)}null}`,
  };
}

/** The encoder of kube-apiserver ends compact JSON with a line end, and indented JSON without one. */
function compactEncoding(text: TextEncoding): Encoding {
  const { list } = text;
  return {
    ...text,
    one: (obj) => withLineEnd(text.one(obj)),
    list: { ...list, close: (meta) => `${list.close(meta)}\n`, empty: (meta) => `${list.empty(meta)}\n` },
  };
}

function prettyEncoding(text: TextEncoding): Encoding {
  return {
    ...text,
    pageBytes: PARSED_PAGE_BYTES,
    one: (obj) => indentJson(text.one(obj).toString()),
    list: prettyList(text.list),
  };
}

/** A list indented piece by piece: curl is answered so, also when it asks for a hundred thousand objects. */
function prettyList(list: TextList): TextList {
  // What each item begins with may be written with what stands before it.
  const begin = list.separator.slice(1);
  return {
    open: (meta) =>
      `${indentJson(list.open(meta).slice(0, -begin.length || undefined) + CLOSE).slice(0, -PRETTY_CLOSE.length)}[${NEXT_ITEM}`,
    item: (obj) => indentJson(begin + list.item(obj).toString(), ITEM_INDENT),
    separator: `,${NEXT_ITEM}`,
    close: (meta) => {
      // What stands behind the items, indented as the end of an object that holds an empty list.
      const end = indentJson(`{"items":[${list.close(meta)}`);
      return `\n  ${end.slice(end.indexOf('[]') + 1)}`;
    },
    empty: (meta) => indentJson(list.empty(meta)),
  };
}

const CLOSE = ']}';
/** How an empty array at the end of an object is indented. */
const PRETTY_CLOSE = '[]\n}';
const ITEM_INDENT = '    ';
const NEXT_ITEM = `\n${ITEM_INDENT}`;

/** Items in YAML take fifty times what their bytes in JSON take to be copied. */
const YAML_PAGE_BYTES = 64 * 1024;

function yamlEncoding(text: TextEncoding): Encoding {
  return {
    contentType: YAML_MEDIA_TYPE,
    one: (obj) => yamlOf(text.one(obj).toString()),
    async oneInTurns(obj) {
      const json = text.one(obj).toString();
      await nextTurn();
      return yamlInTurns(json);
    },
    list: yamlList(text.list),
    pageBytes: YAML_PAGE_BYTES,
  };
}

/** What stands around the items is that of the list without any: its empty array is the only one at the root. */
const NO_ITEMS = /\n(items|rows): \[\]\n/;

function yamlList(list: TextList): WholeList {
  // What each item begins with may be written with what stands before it.
  const begin = list.separator.slice(1);
  return {
    item: (obj) => yamlInTurns(`[${begin}${list.item(obj).toString()}]`),
    whole: (meta, items) => {
      if (items.length === 0) return yamlOf(list.empty(meta));
      const around = yamlOf(list.open(meta).slice(0, -begin.length || undefined) + list.close(meta)).toString();
      const at = NO_ITEMS.exec(around);
      assert(at !== null, 'a list has items');
      const from = at.index + at[0].length;
      return Buffer.concat([
        Buffer.from(`${around.slice(0, at.index)}\n${at[1] ?? ''}:\n`),
        ...items,
        Buffer.from(around.slice(from)),
      ]);
    },
  };
}

/** How the events of a watch on `def` are written to this request. Throws 406. */
export function watchEncoding(deps: RestDeps, request: ApiRequest, def: ResourceDef): EventEncoding {
  const negotiated = negotiate(request, def, true);
  if (negotiated.mediaType === YAML_MEDIA_TYPE) throw notStreamable(def);
  const converter = converterFor(deps, def);
  const encoding = eventEncoding(deps, request, def, negotiated, converter);
  return converter.prepare === undefined ? encoding : { ...encoding, prepare: converter.prepare };
}

function eventEncoding(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  { mediaType, as }: Negotiated,
  converter: Converter,
): EventEncoding {
  const version = apiVersionOf(def);
  const key = `${def.kind} ${version} ${mediaType} ${as?.kind ?? ''} ${as?.version ?? ''}`;
  if (mediaType === PROTOBUF_MEDIA_TYPE) {
    return protobufEvents(key, def, converter, as === undefined ? undefined : as.version);
  }
  if (as?.kind === 'Table') {
    const include = includeObjectOf(request.query);
    const table = tableWriter(deps, request, def, converter, as.version);
    return jsonEvents(`${key} ${include}`, def, (obj, first) => table.single(obj, first), true, true);
  }
  if (as !== undefined) {
    const read = metadataReader(def);
    return jsonEvents(key, def, (obj) => partialJson(obj, as.version, read), false, true);
  }
  return jsonEvents(key, def, (obj) => converter.json(obj), false, false);
}

const EVENT_END = Buffer.from('}\n');
const EVENT_HEAD: Readonly<Record<EventType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};

function jsonEvents(
  key: string,
  def: ResourceDef,
  write: (obj: LazyObject, first: boolean) => Buffer | string,
  firstDiffers: boolean,
  rewritten: boolean,
): EventEncoding {
  const bookmark = bookmarksOf(def);
  return {
    key,
    contentType: JSON_MEDIA_TYPE,
    ahead: 'blank',
    firstDiffers,
    event: (type, obj, first) => {
      const body = write(obj, first);
      return Buffer.concat([EVENT_HEAD[type], typeof body === 'string' ? Buffer.from(body) : body, EVENT_END]);
    },
    bookmark: (revision, end) => {
      const mark = bookmark(revision, end);
      const body = rewritten ? write(mark, false) : mark.value;
      return Buffer.from(`{"type":"BOOKMARK","object":${body.toString()}}\n`);
    },
    error: (status) => Buffer.from(`{"type":"ERROR","object":${objectText({ ...status })}}\n`),
  };
}
