import { Counter, type Registry } from 'prom-client';
import { logger } from '../machinery/log.js';
import { eventLine } from './event-text.js';
import { type AuditEvent, type Level, LEVELS } from './types.js';

const log = logger('audit.ts');
/** Lost events whose lines are logged at a time; more are only counted. */
const MAX_LOGGED = 10;

/** What is counted of audit, under kube-apiserver's names. */
export class AuditMetrics {
  private readonly errors;
  private readonly rejected;
  /** Numbers, because every request counts. */
  private events = 0;
  private readonly levels: Record<Level, number> = { None: 0, Metadata: 0, Request: 0, RequestResponse: 0 };

  constructor(registry: Registry) {
    const counter = (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name: `apiserver_audit_${name}`, help, labelNames, registers: [registry] });
    const [numbers, { levels }] = [() => this.events, this];
    new Counter({
      name: 'apiserver_audit_event_total',
      help: 'Counter of audit events generated and sent to the audit backend.',
      registers: [registry],
      collect() {
        this.reset();
        this.inc(numbers());
      },
    });
    new Counter({
      name: 'apiserver_audit_level_total',
      help: 'Counter of policy levels for audit events (1 per request).',
      labelNames: ['level'],
      registers: [registry],
      collect() {
        this.reset();
        for (const level of LEVELS) if (levels[level] > 0) this.inc({ level }, levels[level]);
      },
    });
    this.errors = counter(
      'error_total',
      'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
      ['plugin'],
    );
    this.rejected = counter(
      'requests_rejected_total',
      'Counter of apiserver requests rejected due to an error in audit logging backend.',
    );
  }

  generated(): void {
    this.events++;
  }
  level(level: Level): void {
    this.levels[level]++;
  }
  requestRejected(): void {
    this.rejected.inc();
  }
  /** Events that a backend lost: they are counted, and told in the log without their bodies (HandlePluginError). */
  lost(plugin: string, why: string, events: readonly AuditEvent[]): void {
    this.errors.inc({ plugin }, events.length);
    const lines = events.slice(0, MAX_LOGGED).map(eventLine);
    if (events.length > MAX_LOGGED) lines.push(`... and ${events.length - MAX_LOGGED} more`);
    log.error(
      `Error in audit plugin '${plugin}' affecting ${events.length} audit events: ${why}; impacted events: ${lines.join(' ')}`,
    );
  }
}
