import { append } from '../../machinery/append.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { badRequest } from '../../machinery/status.js';
import { decodeBody, decodeUntypedBody, strictText } from '../../schema/codec/index.js';
import type { FieldValidation } from '../../schema/codec/index.js';
import type { ApiRequest } from '../types.js';
import { type Kind, metaOf, metaText, type Writing } from './target.js';

/** Decodes the body as the kind of the endpoint, and fills its defaults: the object in its storage version. */
export function decodeObject(kind: Kind, request: ApiRequest, validation: FieldValidation, ctx: Writing): JsonObject {
  const stored = toStored(kind, decodeSent(kind, request, validation, ctx));
  request.audit?.requestObject(stored, () => toServed(kind, stored));
  return stored;
}

function decodeSent(kind: Kind, request: ApiRequest, validation: FieldValidation, ctx: Writing): JsonObject {
  const { body } = request;
  const contentType = request.header('content-type');
  const { type } = kind.def;
  if (type === '') return decodeCustom(kind, body, contentType, validation, ctx.warnings);
  const decoded = decodeBody(body, contentType, type, kind.gvk, validation);
  append(ctx.warnings, decoded.warnings);
  return decoded.object;
}

/** A custom resource, brought to its schema. With `Strict`, one 400 says all that is twice or unknown in it. */
function decodeCustom(
  kind: Kind,
  body: Buffer,
  contentType: string,
  validation: FieldValidation,
  warnings: string[],
): JsonObject {
  const strict = validation === 'Strict';
  const lenient = strict ? 'Warn' : validation;
  const decoded = decodeUntypedBody(body, contentType, kind.gvk, lenient);
  const told = strict ? [...(decoded.strict ?? decoded.warnings)] : warnings;
  if (!strict) for (const warning of decoded.warnings) warnings.push(warning);
  kind.strategy.coerce?.(decoded.object, lenient, told);
  if (strict && told.length > 0) {
    const { kind: name, version } = kind.gvk;
    throw badRequest(`${name} in version "${version}" cannot be handled as a ${name}: ${strictText(told)}`);
  }
  return decoded.object;
}

/** An object of the request's version in its storage version, with defaults. */
export function toStored(kind: Kind, obj: JsonObject): JsonObject {
  let stored = obj;
  if (!kind.sameVersion) {
    stored = kind.strategy.fromVersion?.(obj, kind.def.version) ?? obj;
    stored['apiVersion'] = kind.storedApiVersion;
  }
  kind.strategy.defaults?.(stored);
  return stored;
}

/** A stored object in the request's version. The argument is not changed; the answer may share parts of it. */
export function toServed(kind: Kind, stored: JsonObject): JsonObject {
  if (kind.sameVersion) return stored;
  const out = kind.strategy.toVersion?.({ ...stored }, kind.def.version) ?? { ...stored };
  out['apiVersion'] = kind.apiVersion;
  return out;
}

/**
 * Makes the object's namespace that of the path, or throws 400 when it names another
 * (rest.EnsureObjectNamespaceMatchesRequestNamespace). Cluster-scoped objects lose theirs.
 */
export function matchNamespace(meta: JsonObject, namespace: string): void {
  const own = metaText(meta, 'namespace');
  if (own === namespace) return;
  if (namespace === '') delete meta['namespace'];
  else if (own === '') meta['namespace'] = namespace;
  else throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** Throws 400 unless the object is the one that the path names (apiserver's checkName). */
export function checkName(obj: JsonObject, name: string, namespace: string): void {
  const meta = isObject(obj['metadata']) ? obj['metadata'] : {};
  const own = metaText(meta, 'name');
  if (own === '') {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
  const ownNamespace = metaText(meta, 'namespace');
  if (namespace !== '' && ownNamespace !== '' && ownNamespace !== namespace) {
    throw badRequest(
      `the namespace of the object (${ownNamespace}) does not match the namespace on the request (${namespace})`,
    );
  }
}

/** Clears what only the server sets on a new object (rest.WipeObjectMetaSystemFields). */
export function wipeSystemFields(meta: JsonObject): void {
  for (const f of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'uid', 'selfLink']) {
    if (meta[f] !== undefined) delete meta[f];
  }
}

/** Metadata of the object, created when absent. */
export const metadata = metaOf;
