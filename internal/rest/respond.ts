import { LARGE_BYTES } from '../machinery/breathe.js';
import type { JsonObject } from '../machinery/json.js';
import type { StatusError } from '../machinery/status.js';
import {
  ALL_MEDIA_TYPES,
  encodeObjectJson,
  JSON_MEDIA_TYPE,
  negotiateAccept,
  objectText,
  PROTOBUF_MEDIA_TYPE,
  wantsPretty,
  YAML_MEDIA_TYPE,
} from '../schema/codec/index.js';
import type { ResourceDef } from '../schema/types.js';
import type { RestDeps } from './deps.js';
import { compress } from './gzip.js';
import { indentJson } from './json-scan.js';
import { LazyObject } from './lazy.js';
import { protobufStatus } from './protobuf.js';
import { objectEncoding } from './representation.js';
import type { ApiRequest, BytesReply, Reply } from './types.js';
import { yamlOf } from './yaml.js';

/**
 * Answers with one object given as stored bytes (storage version), in the version and form that are asked for. What was
 * read from the store tells its modRevision: it may be of an older schema.
 */
export function respondStored(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  value: Buffer,
  status: number,
  warnings: readonly string[] = [],
  modRevision?: number,
): Reply | Promise<Reply> {
  const encoding = objectEncoding(deps, request, def);
  const object = new LazyObject('', value, modRevision);
  const answer = (body: Buffer | string): Reply | Promise<Reply> =>
    compress(request, {
      status,
      contentType: encoding.contentType,
      body,
      ...(warnings.length === 0 ? {} : { warnings }),
    });
  const reply = (): Reply | Promise<Reply> => {
    const isLarge = value.length >= LARGE_BYTES;
    const body = isLarge ? (encoding.oneInTurns?.(object) ?? encoding.one(object)) : encoding.one(object);
    return body instanceof Promise ? body.then(answer) : answer(body);
  };
  if (encoding.prepare !== undefined) return encoding.prepare([object]).then(reply);
  const { madeInTurns } = encoding;
  return madeInTurns === undefined || value.length < LARGE_BYTES ? reply() : madeInTurns(object).then(reply);
}

/** Answers with one object in its storage version: what a write made of it. */
export function respondObject(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
  obj: JsonObject,
  status: number,
  warnings: readonly string[] = [],
): Reply | Promise<Reply> {
  return respondStored(deps, request, def, encodeObjectJson(obj), status, warnings);
}

/** Answers with a metav1.Status (success or failure) in JSON, YAML or protobuf; what cannot be negotiated is JSON. */
export function respondStatus(request: ApiRequest, status: object, code: number): BytesReply {
  const negotiated = negotiateAccept(request.header('accept'), ALL_MEDIA_TYPES);
  const json = objectText({ ...status });
  switch (negotiated?.mediaType) {
    case YAML_MEDIA_TYPE:
      return { status: code, contentType: YAML_MEDIA_TYPE, body: yamlOf(json) };
    case PROTOBUF_MEDIA_TYPE:
      return { status: code, contentType: PROTOBUF_MEDIA_TYPE, body: protobufStatus(status) };
    case JSON_MEDIA_TYPE:
    case undefined: {
      const pretty =
        negotiated !== undefined && wantsPretty(negotiated, request.query.get('pretty'), request.header('user-agent'));
      return { status: code, contentType: JSON_MEDIA_TYPE, body: pretty ? indentJson(json) : `${json}\n` };
    }
  }
}

/** The answer that tells the client of an error; `Retry-After` goes along where the status has it. */
export function respondError(request: ApiRequest, error: StatusError, warnings: readonly string[] = []): BytesReply {
  const reply = respondStatus(request, error.status, error.code);
  const retry = error.status.details?.retryAfterSeconds;
  return {
    ...reply,
    ...(retry === undefined ? {} : { headers: { 'retry-after': String(retry) } }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}
