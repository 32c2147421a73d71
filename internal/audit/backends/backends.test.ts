import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Callout } from '../../callout/index.js';
import { event, KeepingBackend, metrics as ownMetrics } from '../testing/events.js';
import type { AuditEvent } from '../types.js';
import { BufferedBackend, type BatchOptions } from './buffered.js';
import { logBackend } from './log.js';
import { LogFile, type LogFileOptions } from './log-file.js';
import { truncateBackend } from './truncate.js';
import { ignoringErrors, unionBackend } from './union.js';
import { webhookBackend } from './webhook.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const ids = (events: readonly AuditEvent[]): string[] => events.map((e) => e.request.auditId);

describe('the log file', () => {
  const file = (more: Partial<LogFileOptions> = {}): LogFile =>
    new LogFile({ path: join(dir, 'audit.log'), maxBytes: 0, maxBackups: 0, maxAgeDays: 0, compress: false, ...more });
  const backups = (): string[] =>
    readdirSync(dir)
      .filter((name) => name !== 'audit.log')
      .sort();

  test('has every line, in order, when who wrote it is told', async () => {
    const log = file();
    const all = Array.from({ length: 500 }, (_, i) => log.write(`line ${i}\n`));
    await log.write('last\n');
    expect(readFileSync(join(dir, 'audit.log'), 'utf8').split('\n').at(-2)).toBe('last');
    await Promise.all(all);
    await log.close();
    expect(readFileSync(join(dir, 'audit.log'), 'utf8').split('\n')).toHaveLength(502);
  });

  test('keeps up while its lines are written, and says when one waits', async () => {
    const path = join(dir, 'audit.log');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const log = file();
    expect(log.keepsUp()).toBe(true);
    // Nobody reads the pipe: it cannot even be opened.
    const written = log.write('line\n');
    while (log.keepsUp()) await new Promise((resolve) => setImmediate(resolve));
    expect(await Promise.race([written, Promise.resolve('waits')])).toBe('waits');
    const reader = await open(path, 'r');
    await written;
    expect(log.keepsUp()).toBe(true);
    await log.close();
    await reader.close();
  });

  test('takes lines that nobody waits for along with the next one, or writes them soon', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const log = file();
      const first = log.write('first\n', true);
      // Time for many turns; none of them writes it.
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
      const second = log.write('second\n');
      expect(second).toBe(first);
      await second;
      expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toBe('first\nsecond\n');
      const alone = log.write('alone\n', true);
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(10);
      await alone;
      expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toBe('first\nsecond\nalone\n');
      void log.write('left\n', true);
      await log.close();
      expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toMatch(/left\n$/);
    } finally {
      vi.useRealTimers();
    }
  });

  test('writes lines larger than a batch, each whole and in its place', async () => {
    const log = file();
    const lines = [10, 70_000, 40_000, 40_000, 200_000, 10].map((length, i) => `${String(i).repeat(length)}\u00e9\n`);
    await Promise.all(lines.map((line, i) => log.write(line, i % 2 === 0)));
    await log.close();
    expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toBe(lines.join(''));
  });

  test('is appended to when it is there', async () => {
    writeFileSync(join(dir, 'audit.log'), 'before\n');
    const log = file();
    await log.write('after\n');
    await log.close();
    expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toBe('before\nafter\n');
  });

  test('is set aside when it is full, and only so many are kept', async () => {
    const log = file({ maxBytes: 10, maxBackups: 2 });
    for (let i = 0; i < 5; i++) {
      await log.write(`line ${i}\n`);
      // Each has the time in its name.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await log.close();
    expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toBe('line 4\n');
    expect(backups().map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(['line 2\n', 'line 3\n']);
    for (const name of backups()) expect(name).toMatch(/^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
  });

  test('old ones go by the time in their names, and nothing else does', async () => {
    const names = ['audit-2020-01-02T03-04-05.678.log', 'audit-2020-01-02T03-04-05.678.log.gz', 'audit-notes.log'];
    for (const name of names) writeFileSync(join(dir, name), name);
    utimesSync(join(dir, 'audit-notes.log'), 0, 0);
    const log = file({ maxBytes: 10, maxAgeDays: 1 });
    for (const text of ['line 1\n', 'line 2\n']) await log.write(text);
    await log.close();
    expect(existsSync(join(dir, 'audit-notes.log'))).toBe(true);
    expect(backups()).toHaveLength(2);
  });

  test('old ones are compressed where that is wanted', async () => {
    const log = file({ maxBytes: 10, compress: true });
    for (const text of ['line 1\n', 'line 2\n']) await log.write(text);
    await log.close();
    const [only = ''] = backups();
    expect(only).toMatch(/\.log\.gz$/);
    expect(gunzipSync(readFileSync(join(dir, only))).toString()).toBe('line 1\n');
  });

  test('says so when it cannot be written, and goes on when it can again', async () => {
    const path = join(dir, 'below', 'audit.log');
    const log = file({ path });
    await expect(log.write('lost\n')).rejects.toThrow('ENOENT');
    await expect(file({ maxBytes: 3 }).write('too long\n')).rejects.toThrow('exceeds maximum file size');
    rmSync(join(dir, 'below'), { recursive: true, force: true });
    await log.close();
  });
});

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
    const lines: string[] = [];
    const writer = {
      write: (text: string) => {
        lines.push(text);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const bad = event('bad', { unencodable: 'no JSON' });
    expect(await logBackend(writer, 'json', metrics).processEvents([event('a'), bad, event('b')])).toBe(false);
    expect(lines.map((line) => (JSON.parse(line) as { auditID: string }).auditID)).toEqual(['a', 'b']);
    expect(await lost('log')).toBe(1);
    expect(await logBackend(writer, 'legacy', metrics).processEvents([bad])).toBe(true);
    expect(lines.at(-1)).toBe(
      '2026-01-02T03:04:05.0006Z AUDIT: id="bad" stage="ResponseComplete" ip="127.0.0.1" method="list" user="ann" ' +
        'groups="\\"g\\"" as="<self>" asgroups="<lookup>" user-agent="test/1" namespace="<none>" uri="/api/v1/pods" response="200"\n',
    );
  });
});

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

describe('the buffer', () => {
  const options: BatchOptions = {
    bufferSize: 10,
    maxBatchSize: 3,
    maxBatchWaitMs: 60_000,
    throttle: undefined,
    async: false,
  };

  test('hands on full batches at once, and the rest at the end', async () => {
    const kept = new KeepingBackend();
    const buffered = new BufferedBackend(kept, options, ownMetrics().metrics);
    expect(buffered.processEvents(['a', 'b', 'c', 'd'].map((id) => event(id)))).toBe(true);
    await kept.came(3);
    expect(kept.batches.map(ids)).toEqual([['a', 'b', 'c']]);
    await buffered.shutdown();
    expect(kept.batches.map(ids)).toEqual([['a', 'b', 'c'], ['d']]);
    expect(kept.isDown).toBe(true);
  });

  test('hands on what there is when the time is over', async () => {
    const kept = new KeepingBackend();
    const buffered = new BufferedBackend(kept, { ...options, maxBatchWaitMs: 10 }, ownMetrics().metrics);
    buffered.processEvents([event('a')]);
    // The process would not be kept alive by what waits.
    const alive = setInterval(() => undefined, 10);
    await kept.came(1);
    clearInterval(alive);
    await buffered.shutdown();
  });

  test('loses what does not fit, counts it, and takes nothing after its end', async () => {
    const { metrics, lost } = ownMetrics();
    const kept = new KeepingBackend();
    const buffered = new BufferedBackend(kept, options, metrics);
    expect(buffered.processEvents(Array.from({ length: 12 }, (_, i) => event(`${i}`)))).toBe(true);
    expect(await lost('buffered')).toBe(2);
    await buffered.shutdown();
    expect(kept.events).toHaveLength(10);
    buffered.processEvents([event('late')]);
    expect(await lost('buffered')).toBe(3);
  });

  test('sends no more batches in a time than the throttle lets through', async () => {
    const kept = new KeepingBackend();
    const throttle = { qps: 20, burst: 2 };
    const buffered = new BufferedBackend(kept, { ...options, maxBatchSize: 1, throttle }, ownMetrics().metrics);
    const since = performance.now();
    buffered.processEvents(['a', 'b', 'c', 'd'].map((id) => event(id)));
    await kept.came(4);
    expect(performance.now() - since).toBeGreaterThanOrEqual(95);
    await buffered.shutdown();
  });
});

test('several backends get every event; one that fails fails the event, unless errors are ignored', async () => {
  const [good, bad] = [new KeepingBackend(), new KeepingBackend(() => Promise.resolve(false))];
  expect(await unionBackend([good, bad]).processEvents([event('a')])).toBe(false);
  expect(await unionBackend([good, ignoringErrors(bad)]).processEvents([event('b')])).toBe(true);
  expect(unionBackend([good]).processEvents([event('c')])).toBe(true);
  expect(ids(good.events)).toEqual(['a', 'b', 'c']);
  await unionBackend([good, bad]).shutdown();
  expect([good.isDown, bad.isDown]).toEqual([true, true]);
});

describe('the webhook', () => {
  interface Received {
    readonly authorization: string | undefined;
    readonly body: { kind: string; items: { auditID: string }[] };
  }
  async function receiver(
    answer: (n: number) => number,
  ): Promise<{ url: string; got: Received[]; readonly close: () => void }> {
    const got: Received[] = [];
    const server = createServer((req: IncomingMessage, res: ServerResponse) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Received['body'];
        got.push({ authorization: req.headers.authorization, body });
        res.writeHead(answer(got.length)).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const close = (): void => {
      server.closeAllConnections();
      server.close();
    };
    return { url: `http://127.0.0.1:${port}/events`, got, close };
  }
  const backendFor = (url: string, metrics = ownMetrics().metrics) =>
    webhookBackend(new Callout(), { target: { url }, token: 'secret', initialBackoffMs: 1 }, metrics);

  test('gets an EventList, and again what it did not take', async () => {
    const { url, got, close } = await receiver((n) => (n === 1 ? 500 : 200));
    expect(await backendFor(url).processEvents([event('a'), event('b')])).toBe(true);
    expect(got).toHaveLength(2);
    expect(got[1]?.body.kind).toBe('EventList');
    expect(got[1]?.body.items.map((e) => e.auditID)).toEqual(['a', 'b']);
    expect(got[1]?.authorization).toBe('Bearer secret');
    close();
  });

  test('that takes nothing loses the batch after five attempts, and it is counted', async () => {
    const { metrics, lost } = ownMetrics();
    const { url, got, close } = await receiver(() => 403);
    expect(await backendFor(url, metrics).processEvents([event('a'), event('b')])).toBe(false);
    expect(got).toHaveLength(5);
    expect(await lost('webhook')).toBe(2);
    close();
  });
});
