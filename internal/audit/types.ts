import type { UserInfo } from '../auth/types.js';
import type { Awaitable } from '../machinery/awaitable.js';
import type { JsonObject } from '../machinery/json.js';

/** How much of a request is recorded. */
export type Level = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export const LEVELS: readonly Level[] = ['None', 'Metadata', 'Request', 'RequestResponse'];

/** When an event is made. `ResponseStarted` is only of requests that go on for long, and of failed authentication. */
export type Stage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';
export const STAGES: readonly Stage[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** Whether `level` records at least what `other` does. */
export const isAtLeast = (level: Level, other: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(other);

/** What a request is about. Empty texts are left out. */
export interface ObjectReference {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly subresource: string;
}

/** What all events of one request say alike. Nobody changes it. */
export interface RequestFacts {
  readonly level: Level;
  readonly auditId: string;
  readonly requestUri: string;
  readonly verb: string;
  /** Undefined when nobody was authenticated. */
  readonly user: UserInfo | undefined;
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  /** When it came, milliseconds since the epoch, with fractions. */
  readonly receivedMs: number;
}

/** One event (audit.k8s.io/v1 Event). Nobody changes it. */
export interface AuditEvent {
  readonly request: RequestFacts;
  readonly stage: Stage;
  readonly impersonatedUser: UserInfo | undefined;
  /** The verb that allowed that, where it is one of constrained impersonation; else ''. */
  readonly impersonationConstraint: string;
  readonly objectRef: ObjectReference | undefined;
  /** metav1.Status without its kind. */
  readonly responseStatus: JsonObject | undefined;
  /** JSON on one line. */
  readonly requestObject: string | undefined;
  readonly responseObject: string | undefined;
  /** Why the event cannot be written as JSON: kube-apiserver loses events whose patch is no JSON. */
  readonly unencodable: string | undefined;
  /** When the stage was reached, milliseconds since the epoch, with fractions. */
  readonly stageMs: number;
  readonly annotations: ReadonlyMap<string, string>;
}

/** Where events go. */
export interface AuditBackend {
  /**
   * Takes events; false when they could not be recorded. Who buffers them answers at once. With `mayWait` nobody waits for
   * them: they are recorded with what comes within milliseconds.
   */
  processEvents(events: readonly AuditEvent[], mayWait?: boolean): Awaitable<boolean>;
  /**
   * Whether a request may be worked on while its coming is still being recorded: nothing is refused because of it, what
   * is recorded later stands behind it, and it takes no longer than usual. It may not where this is absent.
   */
  mayGoOn?(): boolean;
  /** Writes what is left, and takes nothing more. */
  shutdown(): Promise<void>;
}
