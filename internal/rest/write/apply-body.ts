import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import {
  checkShape,
  type FieldValidation,
  JsonSyntaxError,
  parseJson,
  parsePatch,
  prepareYaml,
  YamlError,
  yamlJson,
  yamlWarnings,
} from '../../schema/codec/index.js';
import type { ApiRequest } from '../types.js';

/** The body of a server-side apply. */
export interface ApplyBody {
  readonly object: JsonObject;
  /** goyaml's field error of keys that occur twice, one line for each; undefined when there are none. */
  readonly duplicates: string | undefined;
}

interface Parsed {
  readonly value: JsonValue;
  readonly duplicates: string | undefined;
}

async function parse(body: Buffer): Promise<Parsed> {
  if (/^\s*\{/.test(body.toString('utf8', 0, 64))) {
    try {
      const { value, strict } = parsePatch(body);
      if (strict.length === 0) return { value, duplicates: undefined };
    } catch (e) {
      // Flow style YAML begins with a brace too.
      if (!(e instanceof JsonSyntaxError)) throw e;
    }
  }
  await prepareYaml(body);
  try {
    const { json, duplicates } = yamlJson(body);
    checkShape(json, false);
    return { value: parseJson(json), duplicates };
  } catch (e) {
    if (!(e instanceof YamlError) && !(e instanceof JsonSyntaxError)) throw e;
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${e.message}`);
  }
}

/** What field validation makes of keys that occur twice: warnings, or a 400. */
export function tellDuplicates(duplicates: string | undefined, validation: FieldValidation, warnings: string[]): void {
  if (duplicates === undefined || validation === 'Ignore') return;
  if (validation === 'Strict') {
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${duplicates}`);
  }
  for (const warning of yamlWarnings(duplicates)) warnings.push(warning);
}

/**
 * Reads the body of a server-side apply: an object in YAML or JSON, its last value where a key occurs twice. Rejects with
 * 400, 413, 429 or 504.
 */
export async function readApplyPatch(request: ApiRequest): Promise<ApplyBody> {
  const { value, duplicates } = await parse(request.body);
  if (isObject(value)) return { object: value, duplicates };
  if (value === null) return { object: {}, duplicates };
  const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
  );
}
