import { readBounded } from '../../machinery/bounded-file.js';
import { FatalError } from '../../machinery/assert.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { StatusError } from '../../machinery/status.js';
import { checkAnswerShape } from './body-shape.js';
import { YamlError } from './yaml-decode.js';
import { yamlJson } from './yaml-thread.js';

/** The bytes of a file that a flag or another file names, at most 1 MiB. Throws FatalError. */
export function readConfigurationFile(path: string, what: string): Buffer {
  try {
    return readBounded(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FatalError(`${what}: cannot read ${path}: ${why}. Name a file that can be read.`);
  }
}

/**
 * The object that a configuration file holds, as YAML or JSON, which must be of this kind in one of these versions
 * (`group/version` each). Keys that are set twice are an error. Throws FatalError, which names the file.
 */
export function decodeConfiguration(
  bytes: Buffer,
  path: string,
  kind: string,
  versions: readonly string[],
): JsonObject {
  const object = decodeUnknownConfiguration(bytes, path);
  checkKind(object, path, kind, versions);
  return object;
}

/**
 * The object that a configuration file holds, of whatever kind. Long YAML takes no time where `prepareYaml` has converted it.
 * Throws FatalError, which names the file, also for one of more than 98,304 values.
 */
export function decodeUnknownConfiguration(bytes: Buffer, path: string): JsonObject {
  try {
    const { json, duplicates } = yamlJson(bytes);
    if (duplicates !== undefined) throw new YamlError(duplicates);
    checkAnswerShape(json);
    const value = JSON.parse(json.toString()) as JsonValue;
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof YamlError || error instanceof StatusError)) throw error;
    throw new FatalError(`${path}: ${error.message}. Mend the file.`);
  }
  throw new FatalError(`${path}: there is no object in the file. Mend it.`);
}

/** Throws FatalError unless the object is of this kind in one of these versions (`group/version` each). */
export function checkKind(object: JsonObject, path: string, kind: string, versions: readonly string[]): void {
  const [apiVersion, itsKind] = [object['apiVersion'], object['kind']];
  if (itsKind === kind && typeof apiVersion === 'string' && versions.includes(apiVersion)) return;
  throw new FatalError(
    `${path}: no kind ${JSON.stringify(itsKind ?? '')} is registered for version ${JSON.stringify(apiVersion ?? '')}: ` +
      `write apiVersion: ${versions[0]} and kind: ${kind}.`,
  );
}

/** Throws FatalError for members of an object that its kind does not have. `at` is the object's place, with a dot at its end. */
export function checkFields(object: JsonObject, path: string, at: string, known: readonly string[]): void {
  const unknown = Object.keys(object).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const texts = unknown.map((name) => `unknown field ${JSON.stringify(at + name)}`);
  throw new FatalError(`${path}: strict decoding error: ${texts.join(', ')}. Mend the file.`);
}

/**
 * Throws FatalError for lists whose items are not all of their type: what is silently left out of a list may make a rule
 * match everything. (YAML takes `n`, `no` and `off` for false: they must be quoted.)
 */
export function checkLists(
  object: JsonObject,
  path: string,
  at: string,
  type: 'string' | 'object',
  names: readonly string[],
): void {
  const isOfType = (v: JsonValue): boolean => (type === 'string' ? typeof v === 'string' : isObject(v));
  for (const name of names) {
    const list = object[name];
    if (list === undefined || list === null || (Array.isArray(list) && list.every(isOfType))) continue;
    throw new FatalError(
      `${path}: ${at}${name} must be a list of ${type}s: it is ${JSON.stringify(list)}. Mend the file.`,
    );
  }
}
