import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from './until.js';

/** Who is dead and was not fetched by anybody (the new parent may not) still answers signals. */
const isAlive = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
};

test('a child goes with its parent, though that is killed', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-orphans-'));
  const program = join(dir, 'parent.ts');
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
     import { noOrphan } from '${join(import.meta.dirname, 'orphans.js')}';
     const child = noOrphan(spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']));
     process.send?.(child.pid);`,
  );
  const parent = fork(program, { execArgv: ['--import', 'tsx'], cwd: join(import.meta.dirname, '../..') });
  try {
    const [pid] = (await once(parent, 'message')) as [number];
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid));
  } finally {
    parent.kill('SIGKILL');
    rmSync(dir, { recursive: true });
  }
});
