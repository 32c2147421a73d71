import https from 'node:https';
import { str } from '../../../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../../../machinery/json.js';
import { decodeProtobuf } from '../../../schema/codec/index.js';
import { encodeProtobuf } from '../../../schema/codec/protobuf-encode.js';
import { readEnvelope } from '../../../schema/codec/protobuf-envelope.js';
import { parseGroupVersion, typeByKind } from '../../../schema/index.js';

/** How a client writes bodies and wants answers. */
export type Encoding = 'json' | 'protobuf';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** Whom a request comes from: headers that say so. */
export type Identity = Readonly<Record<string, string>>;

export interface Question {
  readonly method: string;
  readonly url: string;
  readonly identity: Identity;
  readonly accept: string;
  readonly contentType?: string;
  readonly body?: Buffer;
}

/** A whole answer, decoded by its Content-Type; `object` is absent for text and other documents. */
export interface CallAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  readonly object: JsonObject | undefined;
}

/** An object as a request body. Its `apiVersion` and `kind` say how protobuf lays it out. */
export function encodeBody(object: JsonObject, encoding: Encoding): { contentType: string; body: Buffer } {
  if (encoding === 'json') return { contentType: 'application/json', body: Buffer.from(JSON.stringify(object)) };
  return {
    contentType: PROTOBUF,
    body: encodeProtobuf(object, typeOf(str(object, 'apiVersion'), str(object, 'kind'))),
  };
}

function typeOf(apiVersion: string, kind: string): string {
  const { group, version } = parseGroupVersion(apiVersion);
  const type = typeByKind(group, version, kind);
  if (type === undefined) throw new Error(`no type is ${kind} of ${apiVersion}`);
  return type.name;
}

/** One object out of an answer or a watch event. */
function decode(contentType: string, body: Buffer): JsonObject | undefined {
  if (contentType.startsWith('application/json')) {
    const value = JSON.parse(body.toString()) as JsonValue;
    return isObject(value) ? value : undefined;
  }
  if (!contentType.startsWith(PROTOBUF)) return undefined;
  const { apiVersion, kind } = readEnvelope(body);
  return { apiVersion, kind, ...decodeProtobuf(body, typeOf(apiVersion, kind)).object };
}

/** Sends one request and reads the answer to its end. */
export function ask(agent: https.Agent, question: Question): Promise<CallAnswer> {
  return new Promise((resolve, reject) => {
    const request = open(agent, question, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (c: Buffer) => chunks.push(c));
      response.on('error', reject);
      response.on('end', () => {
        const contentType = response.headers['content-type'] ?? '';
        const body = Buffer.concat(chunks);
        try {
          resolve({ status: response.statusCode ?? 0, contentType, body, object: decode(contentType, body) });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    request.on('error', reject);
  });
}

function open(agent: https.Agent, question: Question, onResponse: (r: import('node:http').IncomingMessage) => void) {
  const { body } = question;
  const request = https.request(
    question.url,
    {
      agent,
      method: question.method,
      timeout: 15_000,
      headers: {
        ...question.identity,
        accept: question.accept,
        ...(body === undefined
          ? {}
          : { 'content-type': question.contentType ?? 'application/json', 'content-length': body.length }),
      },
    },
    onResponse,
  );
  request.on('timeout', () => request.destroy(new Error(`no answer: ${question.method} ${question.url}`)));
  request.end(body);
  return request;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: JsonObject;
}

/** What a watch answered first, and the events up to the one that `last` recognizes; the watch is then closed. */
export function watchUntil(
  agent: https.Agent,
  question: Question,
  last: (event: WatchEvent) => boolean,
  /** Called when the headers are there: what is written from then on is seen. */
  onOpen: () => Promise<void> = () => Promise.resolve(),
): Promise<{ status: number; contentType: string; events: WatchEvent[] }> {
  return new Promise((resolve, reject) => {
    const events: WatchEvent[] = [];
    const request = open(agent, question, (response) => {
      const status = response.statusCode ?? 0;
      const contentType = response.headers['content-type'] ?? '';
      if (status !== 200) {
        resolve({ status, contentType, events });
        request.destroy();
        return;
      }
      onOpen().catch(reject);
      const frames = contentType.startsWith(PROTOBUF) ? protobufFrames() : jsonLines();
      response.on('data', (chunk: Buffer) => {
        for (const event of frames(chunk)) {
          events.push(event);
          if (!last(event)) continue;
          resolve({ status, contentType, events });
          request.destroy();
          return;
        }
      });
      response.on('end', () => reject(new Error(`the watch ended after ${events.length} events: ${question.url}`)));
    });
    request.on('error', reject); // does nothing once resolved
  });
}

function jsonLines(): (chunk: Buffer) => WatchEvent[] {
  let rest = '';
  return (chunk) => {
    rest += chunk.toString();
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    // A watch may begin with white space.
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown as WatchEvent);
  };
}

/** Frames of `;stream=watch`: four bytes of length, then a WatchEvent {1: type, 2: {1: the object's body}}. */
function protobufFrames(): (chunk: Buffer) => WatchEvent[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const out: WatchEvent[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      const event = fields(rest.subarray(4, end));
      const raw = fields(event.get(2) ?? Buffer.alloc(0)).get(1);
      const object = raw === undefined ? undefined : decode(PROTOBUF, raw);
      out.push({ type: event.get(1)?.toString() ?? '', object: object ?? {} });
      rest = rest.subarray(end);
    }
    return out;
  };
}

/** The length-delimited fields of a message, by number. */
function fields(message: Buffer): Map<number, Buffer> {
  const out = new Map<number, Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if (tag % 8 !== 2) throw new Error(`field ${tag >> 3} of a watch frame is not length-delimited`);
    const length = varint();
    out.set(tag >> 3, message.subarray(at, at + length));
    at += length;
  }
  return out;
}
