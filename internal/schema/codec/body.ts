import { assert } from '../../machinery/assert.js';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { unsupportedMediaType } from '../../machinery/status.js';
import type { GroupVersionKind } from '../types.js';
import { type FieldValidation, cannotBeHandled, strictText, unrecognized } from './errors.js';
import { type Decoded, decodeJson, decodeUntyped, parseJson } from './json.js';
import { encodeJson } from './json-encode.js';
import {
  ALL_MEDIA_TYPES,
  JSON_MEDIA_TYPE,
  type MediaType,
  PROTOBUF_MEDIA_TYPE,
  UNTYPED_MEDIA_TYPES,
  YAML_MEDIA_TYPE,
  contentTypeOf,
} from './negotiate.js';
import { expectedKind } from './gvk.js';
import { decodeProtobuf } from './protobuf-decode.js';
import { encodeProtobuf } from './protobuf-encode.js';
import { YamlError, type YamlJson, yamlWarnings } from './yaml-decode.js';
import { encodeYaml } from './yaml-encode.js';
import { prepareYaml, yamlJson } from './yaml-thread.js';

function yamlBody(body: Buffer, kind: string): YamlJson {
  try {
    return yamlJson(body);
  } catch (e) {
    if (!(e instanceof YamlError)) throw e;
    throw unrecognized(kind, e.message, body);
  }
}

/** Adds what YAML itself had twice to what the JSON decoding found, as the field validation wants it. */
function withDuplicates(
  yaml: YamlJson,
  expected: GroupVersionKind,
  fieldValidation: FieldValidation,
  decode: (validation: FieldValidation) => Decoded,
): Decoded {
  if (yaml.duplicates === undefined || fieldValidation === 'Ignore') return decode(fieldValidation);
  const decoded = decode('Warn');
  const all = [yaml.duplicates, ...decoded.warnings];
  if (fieldValidation === 'Strict') throw cannotBeHandled(expected, expected.kind, strictText(all));
  return { object: decoded.object, warnings: [...yamlWarnings(yaml.duplicates), ...decoded.warnings], strict: all };
}

/** Decodes a YAML body as the type with this definition name; see decodeJson. */
export function decodeYaml(
  body: Buffer,
  typeName: string,
  fieldValidation: FieldValidation,
  expected: GroupVersionKind = expectedKind(typeName),
): Decoded {
  const yaml = yamlBody(body, expected.kind);
  return withDuplicates(yaml, expected, fieldValidation, (validation) =>
    decodeJson(yaml.json, typeName, validation, expected),
  );
}

/**
 * What has to be done before a body of this Content-Type is decoded, or undefined: large YAML is converted in a thread.
 * Rejects with StatusError, see prepareYaml.
 */
export function prepareBody(body: Buffer, contentType: string): Promise<void> | undefined {
  return contentType.startsWith(YAML_MEDIA_TYPE) ? prepareYaml(body) : undefined;
}

/**
 * Decodes a request body as the type with this definition name, by its Content-Type (empty means JSON). Throws
 * StatusError: 415 for another media type, 400 for what cannot be decoded. Protobuf has no unknown fields to report.
 */
export function decodeBody(
  body: Buffer,
  contentType: string,
  typeName: string,
  expected: GroupVersionKind | undefined,
  fieldValidation: FieldValidation,
): Decoded {
  const mediaType = contentTypeOf(contentType);
  const kind = expected ?? expectedKind(typeName);
  switch (mediaType) {
    case JSON_MEDIA_TYPE:
      return decodeJson(body, typeName, fieldValidation, kind);
    case YAML_MEDIA_TYPE:
      return decodeYaml(body, typeName, fieldValidation, kind);
    case PROTOBUF_MEDIA_TYPE:
      return { object: decodeProtobuf(body, typeName, kind).object, warnings: [] };
    case undefined:
      throw unsupportedMediaType(ALL_MEDIA_TYPES);
  }
}

/** Decodes the body of a custom resource: JSON or YAML, everything kept. Throws StatusError: 415 or 400. */
export function decodeUntypedBody(
  body: Buffer,
  contentType: string,
  expected: GroupVersionKind,
  fieldValidation: FieldValidation,
): Decoded {
  switch (contentTypeOf(contentType, UNTYPED_MEDIA_TYPES)) {
    case JSON_MEDIA_TYPE:
      return decodeUntyped(body, fieldValidation, expected);
    case YAML_MEDIA_TYPE: {
      const yaml = yamlBody(body, expected.kind);
      return withDuplicates(yaml, expected, fieldValidation, (validation) =>
        decodeUntyped(yaml.json, validation, expected, body),
      );
    }
    case PROTOBUF_MEDIA_TYPE:
    case undefined:
      throw unsupportedMediaType(UNTYPED_MEDIA_TYPES);
  }
}

export interface EncodeOptions {
  /** Indents JSON by two spaces; other encodings have one form. */
  readonly pretty?: boolean;
}

/** Encodes an object in a media type; `typeName` says how protobuf lays it out. */
export function encodeObject(
  object: JsonObject,
  mediaType: MediaType,
  typeName: string,
  options: EncodeOptions = {},
): Buffer {
  switch (mediaType) {
    case JSON_MEDIA_TYPE:
      return encodeJson(object, options);
    case YAML_MEDIA_TYPE:
      return encodeYaml(object);
    case PROTOBUF_MEDIA_TYPE:
      return encodeProtobuf(object, typeName);
  }
}

/** A stored object as it stands there: JSON that this program wrote itself. */
export function parseStored(value: Buffer): JsonObject {
  const parsed: JsonValue = parseJson(value);
  assert(isObject(parsed), 'what is stored is an object');
  return parsed;
}

/** A stored object's bytes in the encoding asked for; plain JSON is the stored bytes themselves, not a copy. */
export function transcodeStored(value: Buffer, mediaType: MediaType, typeName: string, pretty = false): Buffer {
  if (mediaType === JSON_MEDIA_TYPE && !pretty) return value;
  return encodeObject(parseStored(value), mediaType, typeName, { pretty });
}
