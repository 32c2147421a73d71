import type { JsonObject } from '../machinery/json.js';
import {
  contentTypeHeader,
  encodeProtobuf,
  PROTOBUF_LIST_TAIL,
  PROTOBUF_MEDIA_TYPE,
  protobufListHead,
  protobufListItem,
  protobufWatchFrame,
} from '../schema/codec/index.js';
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

function sizedList(apiVersion: string, kind: string, item: (obj: LazyObject) => Buffer): SizedList {
  return {
    item,
    open: (meta, bytes) => protobufListHead(apiVersion, kind, { ...meta }, bytes),
    close: PROTOBUF_LIST_TAIL,
  };
}

/** Lists of `def` as protobuf bodies. */
export function protobufList(def: ResourceDef, converter: Converter): SizedList {
  return sizedList(apiVersionOf(def), `${def.kind}List`, (obj) => protobufListItem(converter.object(obj), def.type));
}

/** Lists of PartialObjectMetadata as protobuf bodies. */
export function protobufPartialList(version: string): SizedList {
  return sizedList(`meta.k8s.io/${version}`, 'PartialObjectMetadataList', (obj) =>
    protobufListItem(partialObject(obj, version), PARTIAL),
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
    ahead: 'frameLength',
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
