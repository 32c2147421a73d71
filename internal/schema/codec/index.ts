export type { Decoded } from './json.js';
export { JsonSyntaxError, decodeJson, decodeUntyped, parseJson } from './json.js';
export { type StoredForm, encodeForStorage, encodeJson, jsonText } from './json-encode.js';
export { type FieldValidation, groupVersionText } from './errors.js';
export {
  ALL_MEDIA_TYPES,
  JSON_MEDIA_TYPE,
  type MediaType,
  type Negotiated,
  PROTOBUF_MEDIA_TYPE,
  type Transform,
  type TransformKind,
  UNTYPED_MEDIA_TYPES,
  YAML_MEDIA_TYPE,
  contentTypeHeader,
  contentTypeOf,
  negotiateAccept,
  partialListOfObject,
  partialObjectOfList,
  representations,
  routeNotAcceptable,
  routeProduces,
  routeUnsupportedMediaType,
  wantsPretty,
} from './negotiate.js';
