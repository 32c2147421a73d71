import { internalError } from '../machinery/status.js';
import type { ResourceDef } from '../schema/types.js';
import type { Converter } from './convert.js';
import type { EventEncoding, WholeList } from './encoding.js';
import type { LazyObject } from './lazy.js';

const later = (): never => {
  throw internalError('protobuf is not there yet');
};

export function protobufObject(_def: ResourceDef, _converter: Converter): (obj: LazyObject) => Buffer {
  return later;
}
export function protobufPartial(_version: string): (obj: LazyObject) => Buffer {
  return later;
}
export function protobufList(_def: ResourceDef, _converter: Converter): WholeList {
  return { item: later, whole: later };
}
export function protobufPartialList(_version: string): WholeList {
  return { item: later, whole: later };
}
export function protobufEvents(
  _key: string,
  _def: ResourceDef,
  _converter: Converter,
  _partialVersion: string | undefined,
): EventEncoding {
  return later();
}
export function protobufStatus(status: object): Buffer {
  return Buffer.from(JSON.stringify(status));
}
