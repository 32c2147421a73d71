export { checkAnswerShape, checkShape } from './body-shape.js';
export type { Decoded } from './json.js';
export {
  JsonSyntaxError,
  decodeJson,
  decodeUntyped,
  decodeValue,
  parseJson,
  parseJsonInTurns,
  parsePatch,
} from './json.js';
export { encodeJson, jsonText } from './json-encode.js';
export { type StoredForm, encodeForStorage, encodeObjectJson, metaText, objectText, typedText } from './go-text.js';
export { strictText } from './errors.js';
export { yamlWarnings } from './yaml-decode.js';
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
export {
  type EncodeOptions,
  decodeBody,
  decodeUntypedBody,
  decodeYaml,
  prepareBody,
  encodeObject,
  parseStored,
  transcodeStored,
} from './body.js';
export { type DecodedProtobuf, decodeProtobuf } from './protobuf-decode.js';
export {
  PROTOBUF_MAGIC,
  encodeProtobuf,
  PROTOBUF_LIST_TAIL,
  protobufList,
  protobufListHead,
  protobufListItem,
  protobufMessage,
  protobufWatchFrame,
} from './protobuf-encode.js';
export { YamlError, yamlToJson } from './yaml-decode.js';
export { prepareYaml, yamlJson } from './yaml-thread.js';
export { encodeYaml, encodeYamlInTurns } from './yaml-encode.js';
