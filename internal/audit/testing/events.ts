import { Registry } from 'prom-client';
import type { Awaitable } from '../../machinery/awaitable.js';
import { AuditMetrics } from '../metrics.js';
import type { AuditBackend, AuditEvent, RequestFacts } from '../types.js';

/** An event for tests of backends. */
export function event(
  auditId: string,
  { request, ...more }: Partial<Omit<AuditEvent, 'request'>> & { readonly request?: Partial<RequestFacts> } = {},
): AuditEvent {
  return {
    request: {
      level: 'Metadata',
      auditId,
      requestUri: '/api/v1/pods',
      verb: 'list',
      user: { username: 'ann', uid: '', groups: ['g'], extra: {} },
      sourceIPs: ['127.0.0.1'],
      userAgent: 'test/1',
      receivedMs: Date.UTC(2026, 0, 2, 3, 4, 5) + 0.5,
      ...request,
    },
    stage: 'ResponseComplete',
    impersonatedUser: undefined,
    impersonationConstraint: '',
    objectRef: undefined,
    responseStatus: { metadata: {}, code: 200 },
    requestObject: undefined,
    responseObject: undefined,
    unencodable: undefined,
    stageMs: Date.UTC(2026, 0, 2, 3, 4, 6),
    annotations: new Map(),
    ...more,
  };
}

/** A backend that keeps what it is given, in the batches in which it comes. */
export class KeepingBackend implements AuditBackend {
  readonly batches: (readonly AuditEvent[])[] = [];
  /** Of each batch whether it may wait for others. */
  readonly mayWait: boolean[] = [];
  isDown = false;
  private listeners: (() => void)[] = [];

  constructor(
    private readonly answer: () => Awaitable<boolean> = () => true,
    readonly mayGoOn: () => boolean = () => false,
  ) {}

  get events(): AuditEvent[] {
    return this.batches.flat();
  }
  processEvents(events: readonly AuditEvent[], mayWait = false): Awaitable<boolean> {
    this.batches.push(events);
    this.mayWait.push(mayWait);
    for (const listener of this.listeners) listener();
    return this.answer();
  }
  shutdown(): Promise<void> {
    this.isDown = true;
    return Promise.resolve();
  }
  /** Resolves when so many events have come. */
  async came(count: number): Promise<void> {
    while (this.events.length < count) await new Promise<void>((resolve) => this.listeners.push(resolve));
  }
}

/** Metrics of their own, and how many events each plugin has lost. */
export function metrics(): { readonly metrics: AuditMetrics; readonly lost: (plugin: string) => Promise<number> } {
  const registry = new Registry();
  return {
    metrics: new AuditMetrics(registry),
    async lost(plugin) {
      const { values } = await registry.getSingleMetric('apiserver_audit_error_total')!.get();
      return values.find(({ labels }) => labels['plugin'] === plugin)?.value ?? 0;
    },
  };
}
