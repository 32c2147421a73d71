import type { Readable } from 'node:stream';
import type { UserInfo } from '../auth/types.js';
import type { JsonObject } from '../machinery/json.js';
import type { Route } from './route.js';
import type { HandOverReply, UpgradeReply } from './web-socket.js';

/** What the path and method ask for (apiserver's RequestInfo). */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  readonly path: string;
  /** get list watch create update patch delete deletecollection; the lower-cased method for other paths. */
  readonly verb: string;
  /** `api` or `apis`. */
  readonly apiPrefix: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path segments from the resource on, for connect subresources such as `proxy`. */
  readonly parts: readonly string[];
  /** What it asks for but for names, by identity; undefined for other paths, and for routes that are too many (`routeOf`). */
  readonly route: Route | undefined;
}

/** Takes what the client sent, for audit events. */
export interface BodyAudit {
  /** The object as it is decoded, with its defaults; `served` shows it in the version of the request. Neither is changed. */
  requestObject(object: JsonObject, served?: () => JsonObject): void;
  /** Whether what the client sent is recorded. */
  readonly recordsRequest: boolean;
  /** A patch as it was sent. */
  requestPatch(patch: Buffer): void;
}

/** One request as the verbs see it; the body is read whole before (at most 3 MiB, else 413). */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Value of a request header by its lower-case name; '' when absent. */
  header(name: string): string;
  readonly body: Buffer;
  /**
   * The body piece by piece, of any length, for the subresource `proxy` and others that pass it on: `body` is empty there.
   * Undefined where the method has none. The client is held back while nobody reads.
   */
  openBody?(): Readable | undefined;
  /** Calls `listener` once when the client goes away before it has its whole answer; at once when it is gone. */
  onAborted?(listener: () => void): void;
  /** The client was told that it took too long: nobody waits for what becomes of it. */
  readonly isTerminated?: boolean;
  /** Its connection may be taken over with a HandOverReply. */
  readonly handsOver?: boolean;
  /** Every header as it came: lower-case names and values, one after the other. */
  readonly headers?: readonly string[];
  /** Where the client connects from, an IP address; '' when it is gone. */
  remoteAddress?(): string;
  /** As sent, without the question mark. */
  readonly rawQuery?: string;
  readonly user: UserInfo;
  /** Who authenticated, where `user` is impersonated. */
  readonly originalUser?: UserInfo;
  /** Adds an annotation to the audit event of the request, where it has one. */
  annotate?(key: string, value: string): void;
  /** To be called by a watch once its client has the state that it begins with. */
  watchBegun?(): void;
  /** What is told of the request's body to its audit event, where it has one. */
  readonly audit?: BodyAudit | undefined;
  readonly info: RequestInfo;
}

/** Where a stream goes. Bounded: when `write` says false the producer stops until `onWritable` fires. */
export interface Sink {
  /** Queues bytes; false means backpressure (the bytes were taken all the same). */
  write(chunk: Buffer | string): boolean;
  /** A chunk is the caller's again, to be changed, when `write` returns. */
  readonly copies?: boolean;
  onWritable(listener: () => void): void;
  /** The client went away or `end` was called; nothing may be written after it. */
  onClose(listener: () => void): void;
  readonly closed: boolean;
  /** Ends the stream behind `last`. */
  end(last?: Buffer | string): void;
  /** Closes the connection, so that the client sees that the answer is not whole. */
  break?(): void;
}

/**
 * What one byte may be written ahead of the next event of a stream without a meaning of its own, so that the event
 * before it is complete on the wire: a blank before a JSON value, or the first byte of a protobuf frame's four bytes of
 * length, which is zero in every frame of less than 16 MiB. A client that splits by line must not see it as a line.
 */
export type Ahead = 'blank' | 'frameLength';

/** A whole answer. */
export interface BytesReply {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of an answer of another server, which are passed on as they came. */
  readonly passedOn?: readonly (readonly [string, string])[];
  /** RFC 9110 Warning texts (`299 - "..."` is added by the server). */
  readonly warnings?: readonly string[];
  readonly body: Buffer | string;
  /** Called once where it is known that nobody will read `body` any more, for its memory to be used again. */
  readonly written?: () => void;
}
/** An answer written piece by piece: a long LIST, a WATCH. */
export interface StreamReply {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly passedOn?: readonly (readonly [string, string])[];
  readonly warnings?: readonly string[];
  /** For streams of events: the headers are sent at once, and each `write` is on the wire as whole chunks. */
  readonly ahead?: Ahead;
  readonly stream: (sink: Sink) => void;
  /** Called instead of `stream` where nobody wants it: the client is gone, or asked for the head alone. */
  readonly abandoned?: () => void;
}
export type Reply = BytesReply | StreamReply;
/** What a handler may answer: also with a WebSocket, where the client asked for one, or with another protocol. */
export type HandlerReply = Reply | UpgradeReply | HandOverReply;

/** Answers one request; throws or rejects with StatusError for what the client caused. */
export type Handler = (request: ApiRequest) => HandlerReply | Promise<HandlerReply>;
