// Replays ../shared/oracle against a fresh replica and compares each area with its floor. See scripts/oracle.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareBytes } from './bytes.js';
import { freeClusterBase } from '../ports.js';
import { type CaseResult, type Floors, raise, shortfalls } from './floors.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const floorsFile = path.join(root, 'internal/testing/oracle/floors.json');
const replay = path.resolve(root, '../shared/oracle/replay.mjs');

const { values } = parseArgs({
  options: {
    raise: { type: 'boolean' },
    bytes: { type: 'boolean' },
    area: { type: 'string' },
    show: { type: 'string' },
    port: { type: 'string' },
  },
});

function run(command: string, args: string[], timeoutMs: number): string {
  const r = spawnSync(command, args, { cwd: root, encoding: 'utf8', timeout: timeoutMs, maxBuffer: 256 << 20 });
  if (r.status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${r.status}):\n${r.stdout}\n${r.stderr}`);
  return r.stdout;
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-oracle-'));
const json = path.join(dir, 'results.json');
let failed = 0;
try {
  run(
    'scripts/up',
    ['--replicas', '1', '--dir', dir, '--port', values.port ?? String(await freeClusterBase(1))],
    180_000,
  );
  const kubeconfig = path.join(dir, 'r1.conf');
  if (values.bytes !== true) {
    const args = [replay, '--kubeconfig', kubeconfig, '--json', json];
    if (values.area !== undefined) args.push('--area', values.area);
    if (values.show !== undefined) args.push('--show', values.show);
    process.stdout.write(run('node', args, 900_000));

    const results = JSON.parse(fs.readFileSync(json, 'utf8')) as CaseResult[];
    const floors = JSON.parse(fs.readFileSync(floorsFile, 'utf8')) as Floors;
    const wanted = values.area?.split(',') ?? Object.keys(floors);
    if (values.raise === true) raise(floors, results);
    const faults = shortfalls(floors, results, wanted);
    for (const fault of faults) process.stdout.write(`${fault}\n`);
    failed = faults.length;
    if (values.raise === true) fs.writeFileSync(floorsFile, `${JSON.stringify(floors, null, 2)}\n`);
  }
  if (values.area === undefined) failed += await compareBytes(path.dirname(replay), kubeconfig);
} finally {
  run('scripts/down', ['--dir', dir], 60_000);
  fs.rmSync(dir, { recursive: true, force: true });
}
process.stdout.write(
  failed === 0 ? 'oracle: every area is at or above its floor\n' : `oracle: ${failed} below floor\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
