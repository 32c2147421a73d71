import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectory } from '../machinery/directory.js';
import { writeWhole } from '../pki/pki.js';

/** How long a process may take to end after SIGTERM before it is killed. */
const STOP_MS = 20_000;
const POLL_MS = 50;

/** The process id in a pid file when that process lives and was started with `mark` in its command line. */
export function runningPid(pidFile: string, mark: string): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number(readFileSync(pidFile, 'utf8').trim());
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  // A pid file outlives a crash, and its number may belong to somebody else by now.
  const commandLine = `/proc/${pid}/cmdline`;
  if (existsSync('/proc/self/cmdline')) {
    try {
      if (!readFileSync(commandLine, 'utf8').includes(mark)) return undefined;
    } catch {
      return undefined; // it ended meanwhile
    }
  }
  return pid;
}

/**
 * Whether nothing of a process runs any more, by what /proc/PID/stat says of it: a zombie whose last thread has ended. Its main
 * thread may end first, and until the last one has the process keeps its ports (proc(5), `num_threads`).
 */
export function hasEnded(stat: string): boolean {
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' && Number(fields[16]) <= 1;
}

/** True for a process that runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  try {
    return !existsSync(stat) || !hasEnded(readFileSync(stat, 'utf8'));
  } catch {
    return false; // it ended between the two looks
  }
}

/** Starts a program that outlives this one, in a session of its own; its output is appended to `logFile`. */
export function startDetached(program: string, args: readonly string[], logFile: string, pidFile: string): number {
  makeDirectory(dirname(logFile));
  const out = openSync(logFile, 'a');
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', out, out] });
    if (child.pid === undefined) throw new Error(`${program} could not be started`);
    child.unref();
    writeWhole(pidFile, `${child.pid}\n`, 0o644);
    return child.pid;
  } finally {
    closeSync(out);
  }
}

/** Ends a process with SIGTERM, after 20 s with SIGKILL, and waits until it is gone. */
export async function stopProcess(pid: number, pidFile: string): Promise<void> {
  signal(pid, 'SIGTERM');
  const until = Date.now() + STOP_MS;
  while (isAlive(pid)) {
    if (Date.now() > until) signal(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  rmSync(pidFile, { force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It may have ended by itself since we looked.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
