import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogFile, type LogFileOptions } from './log-file.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const lines = (text: string): Uint8Array => Buffer.from(text);

describe('the log file', () => {
  const file = (more: Partial<LogFileOptions> = {}): LogFile =>
    new LogFile({ path: join(dir, 'audit.log'), maxBytes: 0, maxBackups: 0, maxAgeDays: 0, compress: false, ...more });
  const backups = (): string[] =>
    readdirSync(dir)
      .filter((name) => name !== 'audit.log')
      .sort();

  test('has every line, in order, when who wrote it is told', async () => {
    const log = file();
    const all = Array.from({ length: 500 }, (_, i) => log.write(lines(`line ${i}\n`)));
    await log.write(lines('last\n'));
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
    const written = log.write(lines('line\n'));
    while (log.keepsUp()) await new Promise((resolve) => setImmediate(resolve));
    expect(await Promise.race([written, Promise.resolve('waits')])).toBe('waits');
    const reader = await open(path, 'r');
    await written;
    expect(log.keepsUp()).toBe(true);
    await log.close();
    await reader.close();
  });

  test('writes lines larger than a batch, each whole and in its place', async () => {
    const log = file();
    const texts = [10, 70_000, 40_000, 40_000, 200_000, 10].map((length, i) => `${String(i).repeat(length)}\n`);
    await Promise.all(texts.map((text) => log.write(lines(text))));
    await log.close();
    expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toBe(texts.join(''));
  });

  test('is appended to when it is there', async () => {
    writeFileSync(join(dir, 'audit.log'), 'before\n');
    const log = file();
    await log.write(lines('after\n'));
    await log.close();
    expect(readFileSync(join(dir, 'audit.log'), 'utf8')).toBe('before\nafter\n');
  });

  test('is set aside when it is full, and only so many are kept', async () => {
    const log = file({ maxBytes: 10, maxBackups: 2 });
    for (let i = 0; i < 5; i++) {
      await log.write(lines(`line ${i}\n`));
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
    for (const text of ['line 1\n', 'line 2\n']) await log.write(lines(text));
    await log.close();
    expect(existsSync(join(dir, 'audit-notes.log'))).toBe(true);
    expect(backups()).toHaveLength(2);
  });

  test('old ones are compressed where that is wanted', async () => {
    const log = file({ maxBytes: 10, compress: true });
    for (const text of ['line 1\n', 'line 2\n']) await log.write(lines(text));
    await log.close();
    const [only = ''] = backups();
    expect(only).toMatch(/\.log\.gz$/);
    expect(gunzipSync(readFileSync(join(dir, only))).toString()).toBe('line 1\n');
  });

  test('says so when it cannot be written, and goes on when it can again', async () => {
    const path = join(dir, 'below', 'audit.log');
    const log = file({ path });
    await expect(log.write(lines('lost\n'))).rejects.toThrow('ENOENT');
    await expect(file({ maxBytes: 3 }).write(lines('too long\n'))).rejects.toThrow('exceeds maximum file size');
    rmSync(join(dir, 'below'), { recursive: true, force: true });
    await log.close();
  });
});
