import type { JsonObject } from '../machinery/json.js';
import {
  encodeProtobuf,
  PROTOBUF_MAGIC,
  protobufList as encodeList,
  protobufMessage,
  protobufWatchFrame,
} from '../schema/codec/protobuf-encode.js';
import { contentTypeHeader, PROTOBUF_MEDIA_TYPE } from '../schema/codec/index.js';
import type { ResourceDef } from '../schema/types.js';
import { bookmarksOf } from './bookmark.js';
import type { Converter } from './convert.js';
import { apiVersionOf } from './convert.js';
import type { EventEncoding, SizedList } from './encoding.js';
import type { LazyObject } from './lazy.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const PARTIAL = `${META}.PartialObjectMetadata`;

function partialObject(obj: LazyObject, version: string): JsonObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: obj.object['metadata'],
  };
}

/** One object of `def` as a protobuf body. */
export function protobufObject(def: ResourceDef, converter: Converter): (obj: LazyObject) => Buffer {
  return (obj) => encodeProtobuf(converter.object(obj), def.type);
}

/** One object's PartialObjectMetadata as a protobuf body. */
export function protobufPartial(version: string): (obj: LazyObject) => Buffer {
  return (obj) => encodeProtobuf(partialObject(obj, version), PARTIAL);
}

/** Tag of ListMeta's sibling `items` in every list message: field 2, length-delimited. */
const ITEMS_TAG = 0x12;
/** Tag of the raw message in the envelope: field 2, length-delimited. */
const RAW_TAG = 0x12;
/** Empty content encoding and content type end every envelope. */
const ENVELOPE_TAIL_BYTES = 4;

function varint(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** Value and position after the varint at `at`. */
function readVarint(buf: Buffer, at: number): readonly [number, number] {
  let value = 0;
  let scale = 1;
  for (let i = at; ; i++) {
    const b = buf[i] ?? 0;
    value += (b & 0x7f) * scale;
    scale *= 0x80;
    if (b < 0x80) return [value, i + 1];
  }
}

/** A list in protobuf: an empty one is encoded, and its lengths are made to count the items that are put into it. */
function sizedList(apiVersion: string, kind: string, message: (obj: LazyObject) => Buffer): SizedList {
  const tail = encodeList(apiVersion, kind, {}, []).subarray(-ENVELOPE_TAIL_BYTES);
  return {
    item: (obj) => {
      const bytes = message(obj);
      return Buffer.concat([Buffer.from([ITEMS_TAG, ...varint(bytes.length)]), bytes]);
    },
    open: (meta, bytes) => {
      const empty = encodeList(apiVersion, kind, { ...meta }, []);
      const [typeMetaBytes, typeMetaAt] = readVarint(empty, PROTOBUF_MAGIC.length + 1);
      const rawAt = typeMetaAt + typeMetaBytes;
      const [rawBytes, start] = readVarint(empty, rawAt + 1);
      return Buffer.concat([
        empty.subarray(0, rawAt),
        Buffer.from([RAW_TAG, ...varint(rawBytes + bytes)]),
        empty.subarray(start, start + rawBytes),
      ]);
    },
    close: tail,
  };
}

/** Lists of `def` as protobuf bodies. */
export function protobufList(def: ResourceDef, converter: Converter): SizedList {
  return sizedList(apiVersionOf(def), `${def.kind}List`, (obj) => protobufMessage(converter.object(obj), def.type));
}

/** Lists of PartialObjectMetadata as protobuf bodies. */
export function protobufPartialList(version: string): SizedList {
  return sizedList(`meta.k8s.io/${version}`, 'PartialObjectMetadataList', (obj) =>
    protobufMessage(partialObject(obj, version), PARTIAL),
  );
}

/** The events of a watch as protobuf frames; of metadata only when `partialVersion` is given. */
export function protobufEvents(
  key: string,
  def: ResourceDef,
  converter: Converter,
  partialVersion: string | undefined,
): EventEncoding {
  const write = partialVersion === undefined ? protobufObject(def, converter) : protobufPartial(partialVersion);
  const bookmark = bookmarksOf(def);
  return {
    key,
    contentType: contentTypeHeader(PROTOBUF_MEDIA_TYPE, true),
    firstDiffers: false,
    event: (type, obj) => protobufWatchFrame(type, write(obj)),
    bookmark: (revision, end) => {
      const mark = bookmark(revision, end);
      const body =
        partialVersion === undefined ? encodeProtobuf(mark.object, def.type) : protobufPartial(partialVersion)(mark);
      return protobufWatchFrame('BOOKMARK', body);
    },
    error: (status) => protobufWatchFrame('ERROR', protobufStatus(status)),
  };
}

/** A metav1.Status as a protobuf body. */
export function protobufStatus(status: object): Buffer {
  return encodeProtobuf({ ...status }, `${META}.Status`);
}
