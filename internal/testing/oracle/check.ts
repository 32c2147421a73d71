// Replays ../shared/oracle against a fresh replica and compares each area with its floor. See scripts/oracle.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Shares of an area's cases that agree, in percent with one decimal: status and reason; the body; everything. */
interface Floor {
  status: number;
  body: number;
  exact: number;
}
/** One case as replay.mjs reports it: level 0 nothing, 1 status, 2 body but message texts, 3 everything. */
interface CaseResult {
  area: string;
  level: number;
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const floorsFile = path.join(root, 'internal/testing/oracle/floors.json');
const replay = path.resolve(root, '../shared/oracle/replay.mjs');
/** A run may fall short of a floor by this much before it fails: a few watch cases depend on wall-clock time. */
const SLACK_CASES = 1;

const { values } = parseArgs({
  options: { raise: { type: 'boolean' }, area: { type: 'string' }, show: { type: 'string' }, port: { type: 'string' } },
});

function run(command: string, args: string[], timeoutMs: number): string {
  const r = spawnSync(command, args, { cwd: root, encoding: 'utf8', timeout: timeoutMs, maxBuffer: 256 << 20 });
  if (r.status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${r.status}):\n${r.stdout}\n${r.stderr}`);
  return r.stdout;
}

const percent = (n: number, of: number): number => Math.floor((1000 * n) / of) / 10;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-oracle-'));
const json = path.join(dir, 'results.json');
let failed = 0;
try {
  run('scripts/up', ['--replicas', '1', '--dir', dir, '--port', values.port ?? '26943'], 180_000);
  const args = [replay, '--kubeconfig', path.join(dir, 'r1.conf'), '--json', json];
  if (values.area !== undefined) args.push('--area', values.area);
  if (values.show !== undefined) args.push('--show', values.show);
  process.stdout.write(run('node', args, 900_000));

  const byArea = new Map<string, CaseResult[]>();
  for (const r of JSON.parse(fs.readFileSync(json, 'utf8')) as CaseResult[]) {
    byArea.set(r.area, [...(byArea.get(r.area) ?? []), r]);
  }
  const floors = JSON.parse(fs.readFileSync(floorsFile, 'utf8')) as Record<string, Floor>;
  for (const [area, results] of [...byArea].sort(([a], [b]) => a.localeCompare(b))) {
    const floor = (floors[area] ??= { status: 0, body: 0, exact: 0 });
    for (const [i, what] of (['status', 'body', 'exact'] as const).entries()) {
      const agree = results.filter((r) => r.level >= i + 1).length;
      if (percent(agree + SLACK_CASES, results.length) < floor[what]) {
        failed += 1;
        process.stdout.write(`BELOW FLOOR: ${area} ${what} ${percent(agree, results.length)} % < ${floor[what]} %\n`);
      } else if (values.raise === true) floor[what] = Math.max(floor[what], percent(agree, results.length));
    }
  }
  if (values.raise === true) fs.writeFileSync(floorsFile, `${JSON.stringify(floors, null, 2)}\n`);
} finally {
  run('scripts/down', ['--dir', dir], 60_000);
  fs.rmSync(dir, { recursive: true, force: true });
}
process.stdout.write(
  failed === 0 ? 'oracle: every area is at or above its floor\n' : `oracle: ${failed} below floor\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
