import { eventJson } from '../event-text.js';
import type { AuditMetrics } from '../metrics.js';
import { type AuditBackend, type AuditEvent, isAtLeast } from '../types.js';

export interface TruncateOptions {
  readonly maxBatchBytes: number;
  readonly maxEventBytes: number;
}

const TRUNCATED = 'audit.k8s.io/truncated';

/** The event without its bodies, and a note that it has none. */
export function withoutBodies(event: AuditEvent): AuditEvent {
  const annotations = new Map(event.annotations).set(TRUNCATED, 'true');
  return { ...event, requestObject: undefined, responseObject: undefined, annotations };
}

/**
 * Takes the bodies out of events that are too large, and loses those that still are; splits batches that are too large
 * (apiserver's truncate backend).
 */
export function truncateBackend(
  delegate: AuditBackend,
  { maxBatchBytes, maxEventBytes }: TruncateOptions,
  metrics: AuditMetrics,
): AuditBackend {
  const sizeOf = (event: AuditEvent): number => Buffer.byteLength(eventJson(event)) + 1;
  return {
    async processEvents(events) {
      let batch: AuditEvent[] = [];
      let batchBytes = 0;
      let success = true;
      const send = async (): Promise<void> => {
        if (batch.length > 0) success = (await delegate.processEvents(batch)) && success;
        batch = [];
        batchBytes = 0;
      };
      for (const whole of events) {
        if (whole.unencodable !== undefined) {
          metrics.lost('truncate', whole.unencodable, [whole]);
          continue;
        }
        let [event, bytes] = [whole, sizeOf(whole)];
        if (bytes > maxEventBytes && isAtLeast(event.request.level, 'Request')) {
          event = withoutBodies(whole);
          bytes = sizeOf(event);
        }
        if (bytes > maxEventBytes) {
          metrics.lost('truncate', 'event is too large even after truncating', [event]);
          continue;
        }
        if (batchBytes + bytes > maxBatchBytes) await send();
        batch.push(event);
        batchBytes += bytes;
      }
      await send();
      return success;
    },
    shutdown: () => delegate.shutdown(),
  };
}
