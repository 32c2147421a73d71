import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { until } from '../testing/until.js';
import { lockDirectory } from './lock.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-lock-owner-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const BOOT = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const file = (): string => join(directory, 'lock');
const startOf = (pid: number): string =>
  execFileSync('awk', ['{print $22}', `/proc/${pid}/stat`])
    .toString()
    .trim();
const inUse = (holder: string): FatalError =>
  new FatalError(
    `the data directory ${directory} is in use by ${holder}. Stop it first, or give this replica a --data-dir of its own.`,
  );

describe('a lock', () => {
  it('names its process, when that began and on which start of the machine, and leaves nothing else', () => {
    const lock = lockDirectory(directory);
    expect(readFileSync(file(), 'utf8')).toBe(`${process.pid} ${startOf(process.pid)} ${BOOT}\n`);
    expect(readdirSync(directory)).toEqual(['lock']);
    expect(() => lockDirectory(directory)).toThrow(inUse(`process ${process.pid}`));
    expect(readdirSync(directory)).toEqual(['lock']);
    lock.release();
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('of another that lives is respected, and released by nobody else', async () => {
    const lock = lockDirectory(directory);
    const other = spawn('sleep', ['60']);
    try {
      await new Promise((resolve) => other.once('spawn', resolve));
      const text = `${other.pid} ${startOf(other.pid ?? 0)} ${BOOT}\n`;
      writeFileSync(file(), text);
      expect(() => lockDirectory(directory)).toThrow(inUse(`process ${other.pid}`));
      lock.release();
      expect(readFileSync(file(), 'utf8')).toBe(text);
    } finally {
      const ended = new Promise((resolve) => other.once('exit', resolve));
      other.kill('SIGKILL');
      await ended;
    }
    lockDirectory(directory).release();
  });

  it.each([
    ['from before the machine was started again', `${process.pid} START other-boot\n`],
    ['of a process that began at another time', `${process.pid} 1 ${BOOT}\n`],
    ['without a time', `${process.pid}  ${BOOT}\n`],
    ['of nobody', `4194305 5 ${BOOT}\n`],
  ])('%s is taken over', (_, text) => {
    writeFileSync(file(), text.replace('START', startOf(process.pid)));
    const lock = lockDirectory(directory);
    expect(readFileSync(file(), 'utf8')).toContain(` ${BOOT}\n`);
    expect(readdirSync(directory)).toEqual(['lock']);
    lock.release();
  });

  it.each([
    ['is released', 'rm lock', 'taken'],
    ['is taken over by another, whose it stays,', 'rm lock; echo newer >lock', 'in use by another process'],
    ['cannot be moved', 'for f in lock.*; do mkdir "$f.stale"; done', 'EISDIR'],
  ])('left by nobody that %s between the look at it and the taking over', async (_, meanwhile, what) => {
    // Who reads from a pipe waits until the writer is done.
    execFileSync('mkfifo', [file()]);
    const writer = spawn('sh', ['-c', `exec 3>lock; ${meanwhile}; echo 4194305 5 x >&3`], { cwd: directory });
    const ended = new Promise((resolve) => writer.once('exit', resolve));
    const takeOver = (): string => {
      try {
        lockDirectory(directory).release();
        return 'taken';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(takeOver()).toContain(what);
    await ended;
    expect(readdirSync(directory).filter((name) => !name.endsWith('.stale'))).toEqual(what === 'taken' ? [] : ['lock']);
    if (what.startsWith('in use')) expect(readFileSync(file(), 'utf8')).toBe('newer\n');
  });

  it('of a process that has ended is taken over, though nobody has asked how it ended', async () => {
    // What the shell becomes does not ask.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [said] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(said.toString());
      await until(() => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
      writeFileSync(file(), `${pid} ${startOf(pid)} ${BOOT}\n`);
      lockDirectory(directory).release();
      expect(readdirSync(directory)).toEqual([]);
    } finally {
      const ended = once(parent, 'exit');
      parent.kill('SIGKILL');
      await ended;
    }
  });

  it('that cannot be read is no lock of nobody', () => {
    mkdirSync(file());
    expect(() => lockDirectory(directory)).toThrow(/EISDIR/);
    expect(readdirSync(directory)).toEqual(['lock']);
  });

  it('cannot be taken where nothing can be written', () => {
    const nowhere = join(directory, 'none');
    expect(() => lockDirectory(nowhere)).toThrow(
      new RegExp(`^cannot write to the data directory ${nowhere}: ENOENT.*\\. Make it writable\\.$`),
    );
  });
});
