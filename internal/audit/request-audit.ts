import type { UserInfo } from '../auth/types.js';
import { str } from '../machinery/access.js';
import type { Awaitable } from '../machinery/awaitable.js';
import { isObject, type JsonObject } from '../machinery/json.js';
import { JsonSyntaxError, jsonText, objectText, parseJson } from '../schema/codec/index.js';
import { dropManagedFields } from './managed-fields.js';
import type { AuditMetrics } from './metrics.js';
import type { AuditConfig } from './policy.js';
import {
  type AuditBackend,
  type AuditEvent,
  isAtLeast,
  type Level,
  type ObjectReference,
  type RequestFacts,
  type Stage,
} from './types.js';

/** What of a request does not change any more when its audit begins. */
export interface RequestBeginning extends RequestFacts {
  readonly objectRef: ObjectReference | undefined;
  /** What to add to a moment of `performance.now()` to have it in milliseconds since the epoch. */
  readonly epochMs: number;
}

/** What is known of a request at one stage. */
export interface StageFacts {
  readonly impersonatedUser?: UserInfo | undefined;
  readonly impersonationConstraint?: string;
  readonly responseStatus?: JsonObject | undefined;
  /** The answer, where it is recorded. */
  readonly response?: JsonObject | undefined;
  /** Nobody changes them any more. */
  readonly annotations: ReadonlyMap<string, string>;
}

/** The audit of one request (apiserver's AuditContext). */
export class RequestAudit {
  private objectRef: ObjectReference | undefined;
  private body: string | undefined;
  private unencodable: string | undefined;
  private described = false;
  /** The record of its coming that is being made while the request is worked on. */
  private coming: Awaitable<boolean> = true;

  constructor(
    private readonly config: AuditConfig,
    private readonly beginning: RequestBeginning,
    private readonly backend: AuditBackend,
    private readonly metrics: AuditMetrics,
  ) {
    this.objectRef = beginning.objectRef;
  }

  get level(): Level {
    return this.config.level;
  }
  /** Whether what clients send is recorded. */
  get recordsRequest(): boolean {
    return isAtLeast(this.config.level, 'Request');
  }
  /** Whether answers are recorded. */
  get wantsResponse(): boolean {
    return this.config.level === 'RequestResponse';
  }

  /**
   * The object that the client sent, decoded and with its defaults: it tells what the request is about, and is recorded
   * where bodies are. `served` is the object in the version of the request; neither is changed. The first call counts:
   * an attempt that is made anew decodes anew.
   */
  requestObject(object: JsonObject, served?: () => JsonObject): void {
    if (this.described) return;
    this.described = true;
    this.objectRef = named(this.objectRef, object);
    if (!this.recordsRequest) return;
    let shown = served?.() ?? object;
    if (this.config.omitManagedFields && isObject(shown['metadata'])) {
      shown = { ...shown, metadata: { ...shown['metadata'] } };
      dropManagedFields(shown);
    }
    this.body = objectText(shown);
  }

  /** The patch as it was sent. One that is no JSON makes the event unreadable, as in kube-apiserver. */
  requestPatch(patch: Buffer): void {
    if (this.described || !this.recordsRequest) return;
    this.described = true;
    try {
      parseJson(patch);
      // Line ends stand between values only; strings have them escaped.
      this.body = patch.toString('utf8').replace(/[\r\n]+/g, '');
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      this.unencodable = `the patch is no JSON: ${error.message}`;
    }
  }

  /**
   * Records that the request came. Whoever gets a promise waits for it. Where the backend lets the request go on before
   * (`mayGoOn`), whoever records its next stage waits for both, and so does who asks `comingIsRecorded`. Where the answer
   * is recorded before it is given (`isAnsweredAtOnce`), both are recorded together when it comes soon.
   */
  recordComing(annotations: ReadonlyMap<string, string>, isAnsweredAtOnce: boolean): Awaitable<boolean> {
    const facts: StageFacts = { annotations };
    if (this.backend.mayGoOn?.() !== true) return this.record('RequestReceived', facts);
    const mayWait = isAnsweredAtOnce && !this.config.omitStages.has('ResponseComplete');
    this.coming = this.record('RequestReceived', facts, mayWait);
    return true;
  }

  /** A promise while the record of the request's coming is still being made. */
  comingIsRecorded(): Awaitable<boolean> {
    return this.coming;
  }

  /**
   * Records a stage, unless the policy leaves it out. False when the backend could not. `mayWait`: see AuditBackend. `at`
   * is a moment of `performance.now()`.
   */
  record(stage: Stage, stageFacts: StageFacts, mayWait = false, at = performance.now()): Awaitable<boolean> {
    const { impersonatedUser, impersonationConstraint = '', responseStatus, response, annotations } = stageFacts;
    if (this.config.omitStages.has(stage)) return this.coming;
    const { beginning } = this;
    if (response !== undefined && this.config.omitManagedFields) dropManagedFields(response);
    this.metrics.generated();
    const events: AuditEvent[] = [
      {
        request: beginning,
        stage,
        impersonatedUser,
        impersonationConstraint,
        objectRef: this.objectRef,
        responseStatus,
        requestObject: this.body,
        responseObject: response === undefined ? undefined : jsonText(response),
        unencodable: this.unencodable,
        stageMs: stage === 'RequestReceived' ? beginning.receivedMs : at + beginning.epochMs,
        annotations,
      },
    ];
    return this.backend.processEvents(events, mayWait);
  }
}

/** What the path does not tell of an object: its body does. */
function named(ref: ObjectReference | undefined, object: JsonObject): ObjectReference | undefined {
  const meta = object['metadata'];
  if (ref === undefined || !isObject(meta)) return ref;
  const namespace = ref.namespace || str(meta, 'namespace');
  const name = ref.name || str(meta, 'name');
  const uid = str(meta, 'uid');
  const resourceVersion = str(meta, 'resourceVersion');
  if (namespace === ref.namespace && name === ref.name && uid === '' && resourceVersion === '') return ref;
  return { ...ref, namespace, name, uid, resourceVersion };
}
