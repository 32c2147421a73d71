import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { StatusError } from '../machinery/status.js';
import {
  decodeProtobuf,
  JSON_MEDIA_TYPE,
  JsonSyntaxError,
  parseJson,
  PROTOBUF_MEDIA_TYPE,
  YAML_MEDIA_TYPE,
  YamlError,
  yamlToJson,
} from '../schema/codec/index.js';
import type { BytesReply, Sink, StreamReply } from '../rest/types.js';

// What audit events say of an answer, read from its bytes: whatever form the client asked for, events have it in JSON.

/** Answers beyond this many bytes are not recorded in events. */
export const MAX_RECORDED_BYTES = 3 * 1024 * 1024;
/** A Status of success is never larger. */
const MAX_STATUS_BYTES = 4096;
const STATUS_HEAD = '{"kind":"Status"';
/** Where its kind begins: most answers are told from a Status by this byte. */
const KIND_AT = STATUS_HEAD.indexOf('Status');
const KIND_BYTE = STATUS_HEAD.charCodeAt(KIND_AT);
const unzip = promisify(gunzip);

/** The object in these bytes; undefined for what is no object of Kubernetes. */
function parsed(body: Buffer, contentType: string): JsonObject | undefined {
  const value = decoded(body, contentType);
  return isObject(value) && typeof value['kind'] === 'string' ? value : undefined;
}

function decoded(body: Buffer, contentType: string): JsonValue | undefined {
  const mediaType = contentType.split(';')[0]?.trim();
  try {
    if (mediaType === JSON_MEDIA_TYPE) return parseJson(body);
    if (mediaType === YAML_MEDIA_TYPE) return parseJson(yamlToJson(body).json);
    if (mediaType === PROTOBUF_MEDIA_TYPE) return decodeProtobuf(body).object;
  } catch (error) {
    // A page that only looks like one of the forms, or a kind that is not built in.
    if (!(error instanceof JsonSyntaxError || error instanceof YamlError || error instanceof StatusError)) throw error;
  }
  return undefined;
}

const bytesOf = (body: Buffer | string): Buffer => (typeof body === 'string' ? Buffer.from(body) : body);

function mayBeStatus({ status, body, contentType }: BytesReply, verb: string): boolean {
  if (status === 406) return false;
  if (status >= 400) return true;
  if (contentType.startsWith(JSON_MEDIA_TYPE)) {
    if (typeof body === 'string') return body.startsWith(STATUS_HEAD);
    return body[KIND_AT] === KIND_BYTE && body.toString('latin1', 0, STATUS_HEAD.length) === STATUS_HEAD;
  }
  return body.length <= MAX_STATUS_BYTES && (verb === 'delete' || verb === 'create');
}

/** Of a Status that is answered what events keep of it; undefined for any other answer. */
export function statusOfReply(reply: BytesReply, verb: string): JsonObject | undefined {
  if (!mayBeStatus(reply, verb)) return undefined;
  const object = parsed(bytesOf(reply.body), reply.contentType);
  if (object?.['kind'] !== 'Status') return undefined;
  const { status, message, reason, details } = object;
  return {
    ...(status === undefined ? {} : { status }),
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
  };
}

/** The object that is answered, for events that record it; undefined where there is none, or it is too large. */
export function objectOf(reply: BytesReply): JsonObject | undefined | Promise<JsonObject | undefined> {
  // An answer in a form that the client does not take has no object.
  if (reply.status === 406 || reply.body.length > MAX_RECORDED_BYTES) return undefined;
  const body = bytesOf(reply.body);
  if (reply.headers?.['content-encoding'] !== 'gzip') return parsed(body, reply.contentType);
  return unzip(body, { maxOutputLength: MAX_RECORDED_BYTES }).then(
    (whole) => parsed(whole, reply.contentType),
    // Larger than what is recorded.
    () => undefined,
  );
}

/** A stream whose bytes are kept while they are written, as far as they are recorded. */
export function recorded(reply: StreamReply): { readonly reply: StreamReply; read(): BytesReply } {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const keep = (chunk: Buffer | string): void => {
    if (bytes > MAX_RECORDED_BYTES) return;
    bytes += chunk.length;
    if (bytes > MAX_RECORDED_BYTES) chunks = [];
    else chunks.push(Buffer.from(bytesOf(chunk)));
  };
  const stream = (sink: Sink): void => {
    reply.stream({
      write(chunk) {
        keep(chunk);
        return sink.write(chunk);
      },
      onWritable: (listener) => sink.onWritable(listener),
      onClose: (listener) => sink.onClose(listener),
      get closed() {
        return sink.closed;
      },
      end(last) {
        if (last !== undefined) keep(last);
        sink.end(last);
      },
    });
  };
  const read = (): BytesReply => ({
    status: reply.status,
    contentType: reply.contentType,
    ...(reply.headers === undefined ? {} : { headers: reply.headers }),
    body: Buffer.concat(chunks),
  });
  return { reply: { ...reply, stream }, read };
}
