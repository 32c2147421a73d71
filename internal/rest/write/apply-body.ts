import { load, YAMLException, YAML11_SCHEMA } from 'js-yaml';
import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import { JsonSyntaxError, parseJson } from '../../schema/codec/index.js';
import type { ApiRequest } from '../types.js';

function parse(body: Buffer): JsonValue {
  const text = body.toString();
  if (/^\s*\{/.test(text)) {
    try {
      return parseJson(body);
    } catch (e) {
      // Flow style YAML begins with a brace too.
      if (!(e instanceof JsonSyntaxError)) throw e;
    }
  }
  try {
    // The reference's parser speaks YAML 1.1; what it makes of a document, JSON can carry.
    return JSON.parse(JSON.stringify(load(text, { schema: YAML11_SCHEMA }) ?? null)) as JsonValue;
  } catch (e) {
    if (!(e instanceof YAMLException)) throw e;
    throw badRequest(`error decoding YAML: ${e.message}`);
  }
}

/** The body of a server-side apply: an object in YAML or JSON. Throws 400. */
export function readApplyPatch(request: ApiRequest): JsonObject {
  const patch = parse(request.body);
  if (isObject(patch)) return patch;
  if (patch === null) return {};
  const what = Array.isArray(patch) ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch;
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
  );
}
