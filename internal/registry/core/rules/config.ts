import { semanticEqual } from '../../../machinery/equal.js';
import { invalidValue } from '../../../machinery/field.js';
import type { JsonObject } from '../../../machinery/json.js';
import { maxLengthText, regexText } from '../../../machinery/names.js';
import { FieldNode, validating } from '../../generic/field-node.js';
import type { Strategy } from '../../types.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation, ValidateConfigMap and ValidateSecret.

type Rules = Pick<Strategy, 'validate' | 'validateUpdate'>;

const KEY_FMT = '[-._a-zA-Z0-9]+';
const KEY = new RegExp(`^${KEY_FMT}$`);
const KEY_TEXT = regexText(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  KEY_FMT,
  'key.name',
  'KEY_NAME',
  'key-name',
);
/** One mebibyte of values, keys not counted. */
const MAX_DATA_BYTES = 1024 * 1024;

/** Field errors of a key of a config map or secret: it may become the name of a file (IsConfigMapKey). */
export function configKey(key: string): string[] {
  const out: string[] = [];
  if (key.length > 253) out.push(maxLengthText(253, 'characters'));
  if (!KEY.test(key)) out.push(KEY_TEXT);
  if (key === '.') out.push("must not be '.'");
  else if (key === '..') out.push("must not be '..'");
  else if (key.startsWith('..')) out.push("must not start with '..'");
  return out;
}

/** Bytes that a base64 text (whole, padded) stands for. */
const decodedBytes = (text: string): number => Math.floor((text.replace(/=+$/, '').length * 3) / 4);

function checkConfigMap(root: FieldNode): void {
  let bytes = 0;
  for (const [map, other] of [
    ['data', 'binaryData'],
    ['binaryData', 'data'],
  ] as const) {
    const elsewhere = root.struct(other);
    for (const [key, value] of root.entries(map)) {
      root.checkText(`${map}[${key}]`, configKey, key);
      if (elsewhere.has(key)) root.add(invalidValue(`${map}[${key}]`, key, `duplicate of key present in ${other}`));
      bytes += map === 'data' ? Buffer.byteLength(value) : decodedBytes(value);
    }
  }
  if (bytes > MAX_DATA_BYTES) root.tooLong('[]', MAX_DATA_BYTES); // what Go prints for a path without a name
}

const IMMUTABLE_SET = 'field is immutable when `immutable` is set';

function checkKept(root: FieldNode, old: JsonObject, maps: readonly string[]): void {
  if (old['immutable'] !== true) return;
  if (!root.flag('immutable')) root.forbidden('immutable', IMMUTABLE_SET);
  for (const map of maps) if (!semanticEqual(root.get(map), old[map])) root.forbidden(map, IMMUTABLE_SET);
}

export const configMapRules: Rules = {
  validate: (o) => validating(o, checkConfigMap),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      checkKept(root, old, ['data', 'binaryData']);
      checkConfigMap(root);
    }),
};

const ACCOUNT = 'kubernetes.io/service-account.name';
/** The one key of secrets that hold a JSON document, by type. */
const DOCUMENTS: Readonly<Record<string, string>> = {
  'kubernetes.io/dockercfg': '.dockercfg',
  'kubernetes.io/dockerconfigjson': '.dockerconfigjson',
};

/** What is wrong with a JSON object, in base64; undefined when it is one. */
function jsonProblem(base64: string): string | undefined {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  if (text.trim() === '') return 'unexpected end of JSON input';
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && !Array.isArray(value)) return undefined;
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch (e) {
    const first = text.trim().charAt(0);
    if ('{["-0123456789tfn'.includes(first)) return (e as Error).message;
    return `invalid character '${first}' looking for beginning of value`;
  }
}

function checkSecretType(root: FieldNode): void {
  const data = root.struct('data');
  const needs = (...keys: string[]): void => {
    for (const key of keys) if (!data.has(key)) root.required(`data[${key}]`);
  };
  const type = root.text('type');
  const document = DOCUMENTS[type];
  if (document !== undefined) {
    needs(document);
    const problem = data.has(document) ? jsonProblem(data.text(document)) : undefined;
    if (problem !== undefined) root.add(invalidValue(`data[${document}]`, '<secret contents redacted>', problem));
  }
  switch (type) {
    case 'kubernetes.io/service-account-token':
      if (root.struct('metadata').struct('annotations').text(ACCOUNT) === '') {
        root.required(`metadata.annotations[${ACCOUNT}]`);
      }
      return;
    case 'kubernetes.io/basic-auth':
      if (!data.has('username') && !data.has('password')) needs('username', 'password');
      return;
    case 'kubernetes.io/ssh-auth':
      if (data.text('ssh-privatekey') === '') root.required('data[ssh-privatekey]');
      return;
    case 'kubernetes.io/tls':
      needs('tls.crt', 'tls.key');
  }
}

function checkSecret(root: FieldNode): void {
  let bytes = 0;
  for (const [key, value] of root.entries('data')) {
    root.checkText(`data[${key}]`, configKey, key);
    bytes += decodedBytes(value);
  }
  if (bytes > MAX_DATA_BYTES) root.tooLong('data', MAX_DATA_BYTES);
  checkSecretType(root);
}

export const secretRules: Rules = {
  validate: (o) => validating(o, checkSecret),
  validateUpdate: (o, old) =>
    validating(o, (root) => {
      root.immutable('type', old);
      checkKept(root, old, ['data']);
      checkSecret(root);
    }),
};
