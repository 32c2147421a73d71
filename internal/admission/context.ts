import type { Authorizer } from '../auth/types.js';
import type { JsonObject } from '../machinery/json.js';
import type { Compare, Op } from '../store/types.js';
import { Reinvocation } from './reinvocation.js';
import type { AdmissionContext, ObjectReader, ResourceLookup } from './types.js';

export interface AdmissionParts {
  readonly reader: ObjectReader;
  readonly resources: ResourceLookup;
  readonly authorizer: Authorizer;
  readonly warnings: string[];
  /** '' for cluster-scoped resources. */
  readonly namespace: string;
  /** Where audit annotations go; nowhere when the request has no audit event. */
  readonly annotate: ((key: string, value: string) => void) | undefined;
  /** Whether its audit event records what the client sent. */
  readonly isRecorded: boolean;
}

/** The context of one attempt. Whoever makes it calls `finish` when the attempt is over. */
export class AttemptContext implements AdmissionContext {
  readonly compares: Compare[] = [];
  readonly operations: Op[] = [];
  private again: Reinvocation | undefined;
  private listeners: (() => void)[] | undefined;

  constructor(private readonly parts: AdmissionParts) {}

  get reader(): ObjectReader {
    return this.parts.reader;
  }
  get resources(): ResourceLookup {
    return this.parts.resources;
  }
  get authorizer(): Authorizer {
    return this.parts.authorizer;
  }
  get warnings(): string[] {
    return this.parts.warnings;
  }
  get reinvocation(): Reinvocation {
    this.again ??= new Reinvocation();
    return this.again;
  }
  /** Whether a plugin asked for a second run, which then begins. */
  beginReinvocation(): boolean {
    return this.again !== undefined && this.again.begin();
  }
  annotate(key: string, value: string): void {
    this.parts.annotate?.(key, value);
  }
  get isRecorded(): boolean {
    return this.parts.isRecorded;
  }
  namespaceObject(): JsonObject | undefined {
    const { namespace, reader } = this.parts;
    return namespace === '' ? undefined : reader.get('', 'namespaces', '', namespace);
  }
  afterAttempt(listener: () => void): void {
    this.listeners ??= [];
    this.listeners.push(listener);
  }
  /** The attempt is over: committed, refused, undone by a compare, or a dry run. */
  finish(): void {
    const { listeners } = this;
    if (listeners === undefined) return;
    this.listeners = undefined;
    for (const listener of listeners) listener();
  }
}
