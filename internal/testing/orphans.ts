import { type ChildProcess, spawn } from 'node:child_process';

/** Ends a child with SIGKILL, at most a second after this process is gone, however that ended. */
export function noOrphan<T extends ChildProcess>(child: T): T {
  const watch = `while kill -0 ${process.pid} 2>/dev/null; do kill -0 "$1" 2>/dev/null || exit 0; sleep 1; done; kill -9 "$1"`;
  spawn('sh', ['-c', watch, 'guard', String(child.pid)], { detached: true, stdio: 'ignore' }).unref();
  return child;
}
