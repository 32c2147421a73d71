import { Counter, type Registry } from 'prom-client';
import { logger } from '../machinery/log.js';
import { eventLine } from './event-text.js';
import type { AuditEvent, Level } from './types.js';

const log = logger('audit.ts');
/** Lost events whose lines are logged at a time; more are only counted. */
const MAX_LOGGED = 10;

/** What is counted of audit, under kube-apiserver's names. */
export class AuditMetrics {
  private readonly events;
  private readonly errors;
  private readonly levels;
  private readonly rejected;

  constructor(registry: Registry) {
    const counter = (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name: `apiserver_audit_${name}`, help, labelNames, registers: [registry] });
    this.events = counter('event_total', 'Counter of audit events generated and sent to the audit backend.');
    this.errors = counter(
      'error_total',
      'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
      ['plugin'],
    );
    this.levels = counter('level_total', 'Counter of policy levels for audit events (1 per request).', ['level']);
    this.rejected = counter(
      'requests_rejected_total',
      'Counter of apiserver requests rejected due to an error in audit logging backend.',
    );
  }

  generated(): void {
    this.events.inc();
  }
  level(level: Level): void {
    this.levels.inc({ level });
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
