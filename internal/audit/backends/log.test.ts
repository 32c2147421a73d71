import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { event, metrics as ownMetrics } from '../testing/events.js';
import { logBackend } from './log.js';
import { LogFile } from './log-file.js';
import { ignoringErrors } from './union.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('the log backend', () => {
  test('loses all that could not be written together, each once', async () => {
    const { metrics, lost } = ownMetrics();
    const log = new LogFile({
      path: join(dir, 'below', 'audit.log'),
      maxBytes: 0,
      maxBackups: 0,
      maxAgeDays: 0,
      compress: false,
    });
    const backend = ignoringErrors(logBackend(log, 'json', metrics));
    const plain = logBackend(log, 'json', metrics);
    expect(await Promise.all([backend.processEvents([event('a')]), backend.processEvents([event('b')])])).toEqual([
      true,
      true,
    ]);
    expect(await lost('log')).toBe(2);
    expect(await plain.processEvents([event('c'), event('d')])).toBe(false);
    expect(await lost('log')).toBe(4);
    await backend.shutdown();
  });

  test('writes JSON or the lines of old, and loses what is no JSON only in JSON', async () => {
    const { metrics, lost } = ownMetrics();
    let text = '';
    const lines = (): string[] => text.trimEnd().split('\n');
    const writer = {
      write: (bytes: Uint8Array) => {
        text += Buffer.from(bytes).toString();
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const bad = event('bad', { unencodable: 'no JSON' });
    expect(await logBackend(writer, 'json', metrics).processEvents([event('a'), bad, event('b')])).toBe(false);
    expect(lines().map((line) => (JSON.parse(line) as { auditID: string }).auditID)).toEqual(['a', 'b']);
    expect(await lost('log')).toBe(1);
    expect(await logBackend(writer, 'legacy', metrics).processEvents([bad])).toBe(true);
    expect(lines().at(-1)).toBe(
      '2026-01-02T03:04:05.0005Z AUDIT: id="bad" stage="ResponseComplete" ip="127.0.0.1" method="list" user="ann" ' +
        'groups="\\"g\\"" as="<self>" asgroups="<lookup>" user-agent="test/1" namespace="<none>" uri="/api/v1/pods" response="200"',
    );
  });
});
