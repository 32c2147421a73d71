import type { Readable } from 'node:stream';
import { anonymousUser, type Credentials } from '../auth/authenticator.js';
import type { RequestAudit } from '../audit/request-audit.js';
import type { Decision, UserInfo } from '../auth/types.js';
import type { Awaitable } from '../machinery/awaitable.js';
import { randomUuid } from '../machinery/uuid.js';
import type { ApiRequest, HandlerReply, RequestInfo } from '../rest/types.js';
import type { Answer, IncomingRequest } from './http-listener.js';
import { nonResourceInfo } from './request-info.js';

const EMPTY = Buffer.alloc(0);

/** Records the answer of a request before it is written, and says what is written. */
export type Finishing = (context: RequestContext, answer: Answer) => Awaitable<Answer>;

/**
 * One request on its way through the chain, and what the filters have found out about it. The handlers see it as an
 * ApiRequest. The query is parsed only when somebody asks for it.
 */
export class RequestContext implements ApiRequest, Credentials {
  /** Milliseconds of `performance.now()`. */
  readonly received = performance.now();
  /** When the last step that looked at the clock was done: the next one need not look. Of the same clock. */
  at = this.received;
  /** Percent-decoded. */
  path: string;
  info: RequestInfo;
  /** Who acts: the impersonated user where there is one. */
  user: UserInfo = anonymousUser;
  /** Who sent the request. */
  authenticatedUser: UserInfo = anonymousUser;
  /** The verb that let them act as somebody else; '' where `impersonate` itself did, and where they act as themselves. */
  impersonationConstraint = '';
  /** How long it took to find that out, milliseconds; 0 where it was not asked. */
  impersonationMs = 0;
  /** What the authorizers said. */
  authorization: Decision | undefined;
  /** Milliseconds of `performance.now()` at which the client is told that it took too long; Infinity for long-running requests. */
  deadline = Number.POSITIVE_INFINITY;
  /** The body as far as it is read whole, which is the last thing before the handler. */
  body: Buffer = EMPTY;
  /** How long it waited for a seat, milliseconds; 0 where it did not. */
  queuedMs = 0;
  /** Whether the server gave it up in its own defence: too many requests, too late, a bug. */
  isTerminated = false;
  /** The audit of this request, where the policy wants one. */
  audit: RequestAudit | undefined;
  /** What went wrong through a bug of ours. */
  bug: string | undefined;
  /** The last step of an answer, see `onFinishing`. */
  finishing: Finishing | undefined;
  /** Keeps an answer that is recorded back for a moment before it is written. */
  delaying: ((answer: Awaitable<Answer>) => Awaitable<Answer>) | undefined;
  private id: string | undefined;
  private texts: string[] | undefined;
  private notes: Map<string, string> | undefined;
  private listeners: ((reply: HandlerReply) => void)[] | undefined;
  private parsedQuery: URLSearchParams | undefined;

  /** Names and values of headers, one after the other, as they came but for credentials that nobody else is to see. */
  headers: readonly string[];
  /** When a session that begins with this request ends at the latest, milliseconds since the epoch. */
  sessionEnd = Number.POSITIVE_INFINITY;

  constructor(readonly incoming: IncomingRequest) {
    this.path = incoming.rawPath;
    this.headers = incoming.headers;
    this.info = nonResourceInfo(incoming.method, incoming.rawPath);
  }

  /** Of the client where it sends one; also sent back, as Audit-Id (apiserver's WithAuditInit). */
  get auditId(): string {
    this.id ??= this.header('audit-id') || randomUuid();
    return this.id;
  }
  get method(): string {
    return this.incoming.method;
  }
  get rawQuery(): string {
    return this.incoming.rawQuery;
  }
  get handsOver(): boolean {
    return this.incoming.handsOver === true;
  }
  remoteAddress(): string {
    return this.incoming.remoteAddress();
  }
  onAborted(listener: () => void): void {
    this.incoming.onAborted(listener);
  }
  get peerCertificate(): string {
    return this.incoming.peerCertificate;
  }
  get query(): URLSearchParams {
    const { rawQuery } = this.incoming;
    if (rawQuery === '') return NO_QUERY;
    this.parsedQuery ??= new URLSearchParams(rawQuery);
    return this.parsedQuery;
  }

  /** Warnings for the client, which go with whatever answer it gets. */
  get warnings(): readonly string[] {
    return this.texts ?? NONE;
  }
  /** Adds a warning; one that is there already is not told twice (apiserver's warning recorder). */
  warn(text: string): void {
    this.texts ??= [];
    if (!this.texts.includes(text)) this.texts.push(text);
  }

  /** Annotations for the audit event. */
  get annotations(): ReadonlyMap<string, string> {
    return this.notes ?? NO_NOTES;
  }
  /** Those that are there now. */
  notedSoFar(): ReadonlyMap<string, string> {
    return this.notes === undefined ? NO_NOTES : new Map(this.notes);
  }
  /** Annotates the audit event; what stands there already stays (apiserver's AddAuditAnnotation). */
  annotate(key: string, value: string): void {
    this.notes ??= new Map();
    if (!this.notes.has(key)) this.notes.set(key, value);
  }

  /** What an answer, a refusal too, goes through last; it takes the place of what was registered before. */
  onFinishing(finishing: Finishing | undefined): void {
    this.finishing = finishing;
  }

  /** Headers of whatever answer there will be. */
  answerHeaders: readonly (readonly [name: string, value: string])[] | undefined;
  /** Adds headers to whatever answer there will be. */
  addAnswerHeaders(headers: readonly (readonly [name: string, value: string])[]): void {
    this.answerHeaders = this.answerHeaders === undefined ? headers : [...this.answerHeaders, ...headers];
  }
  /** Called once when the answer is written to its end, or will not be; at most one may ask for it. */
  onFinished: (() => void) | undefined;
  /** Called when a watch has shown its client the state that it begins with; at most one may ask for it. */
  onWatchBegun: (() => void) | undefined;
  /** For the handler of a watch. */
  watchBegun(): void {
    this.onWatchBegun?.();
  }

  /** Calls `listener` once when the answer is known, before it is written. */
  onAnswered(listener: (reply: HandlerReply) => void): void {
    this.listeners ??= [];
    this.listeners.push(listener);
  }
  /** Tells those who asked for it. */
  answered(reply: HandlerReply): void {
    const { listeners } = this;
    if (listeners === undefined) return;
    this.listeners = undefined;
    for (const listener of listeners) listener(reply);
  }

  /** The body piece by piece, for handlers that pass it on (see `handlerReadsBody`); undefined where there is none. */
  openBody(): Readable | undefined {
    return this.incoming.openBody(this.authenticatedUser.username);
  }

  header(name: string): string {
    const { headers } = this;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name) return headers[i + 1] ?? '';
    }
    return '';
  }

  headerValues(name: string): string[] {
    const { headers } = this;
    const values: string[] = [];
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name) values.push(headers[i + 1] ?? '');
    }
    return values;
  }

  headersWithPrefix(prefix: string): [string, string][] {
    const { headers } = this;
    const found: [string, string][] = [];
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? '';
      if (name.startsWith(prefix)) found.push([name, headers[i + 1] ?? '']);
    }
    return found;
  }
}

const NONE: readonly string[] = [];
/** Nobody changes the query of a request. */
const NO_QUERY = new URLSearchParams();
const NO_NOTES: ReadonlyMap<string, string> = new Map();
