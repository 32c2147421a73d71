import { describe, expect, test } from 'vitest';
import { event, KeepingBackend, metrics as ownMetrics } from '../testing/events.js';
import type { AuditEvent } from '../types.js';
import { truncateBackend } from './truncate.js';

const ids = (events: readonly AuditEvent[]): string[] => events.map((e) => e.request.auditId);

describe('truncation', () => {
  test('takes bodies out of large events, loses what is still too large, splits batches', async () => {
    const { metrics, lost } = ownMetrics();
    const kept = new KeepingBackend();
    const backend = truncateBackend(kept, { maxBatchBytes: 1500, maxEventBytes: 800 }, metrics);
    const body = JSON.stringify({ data: 'x'.repeat(1000) });
    const large = event('large', { request: { level: 'Request' }, requestObject: body });
    const huge = event('huge', { request: { requestUri: `/${'x'.repeat(1000)}` } });
    await backend.processEvents([event('a'), large, huge, event('b'), event('c'), event('d')]);
    expect(ids(kept.events)).toEqual(['a', 'large', 'b', 'c', 'd']);
    expect(kept.batches.length).toBeGreaterThan(1);
    expect(kept.events[1]?.requestObject).toBeUndefined();
    expect(kept.events[1]?.annotations.get('audit.k8s.io/truncated')).toBe('true');
    expect(await lost('truncate')).toBe(1);
  });
});
