// Replays ../shared/oracle against a fresh replica and compares each area with its floor. See scripts/oracle.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareAudit } from './audit.js';
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
    audit: { type: 'boolean' },
    spdy: { type: 'boolean' },
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

/** Starts a fresh replica, hands its directory to `use`, and takes all of it away again. */
async function withReplica(serveFlags: readonly string[], dir: string, use: () => Promise<number>): Promise<number> {
  const port = values.port ?? String(await freeClusterBase(1));
  const flags = serveFlags.length === 0 ? [] : ['--', ...serveFlags];
  try {
    run('scripts/up', ['--replicas', '1', '--dir', dir, '--port', port, ...flags], 180_000);
    return await use();
  } finally {
    run('scripts/down', ['--dir', dir], 60_000);
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

const temporary = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-oracle-'));

/** Areas that a full run asks on the port for SPDY as well. */
const ON_SPDY = 'kubelet';
/** What stands behind the names of areas that were asked there, in floors.json. */
const SPDY_SUFFIX = '@spdy';

/** The kubeconfig of r1 with the port for SPDY in it. */
function forSpdy(dir: string): string {
  const text = fs.readFileSync(path.join(dir, 'r1.conf'), 'utf8');
  const file = path.join(dir, 'r1-spdy.conf');
  const moved = text.replace(
    /(server: https:\/\/[^:]+:)(\d+)/,
    (_all, start, port) => `${start}${Number(port) + 3000}`,
  );
  fs.writeFileSync(file, moved);
  return file;
}

/** Replays these areas, all when undefined, and compares them with their floors; returns how many are below. */
function compareAreas(dir: string, areas: string | undefined, spdy: boolean): number {
  const json = path.join(dir, 'results.json');
  const args = [replay, '--kubeconfig', spdy ? forSpdy(dir) : path.join(dir, 'r1.conf'), '--json', json];
  if (areas !== undefined) args.push('--area', areas);
  if (values.show !== undefined) args.push('--show', values.show);
  process.stdout.write(run('node', args, 900_000));
  const suffix = spdy ? SPDY_SUFFIX : '';
  const results = (JSON.parse(fs.readFileSync(json, 'utf8')) as CaseResult[]).map((result) => ({
    ...result,
    area: `${result.area}${suffix}`,
  }));
  const floors = JSON.parse(fs.readFileSync(floorsFile, 'utf8')) as Floors;
  const all = Object.keys(floors).filter((area) => !area.endsWith(SPDY_SUFFIX));
  const wanted = areas?.split(',').map((area) => `${area}${suffix}`) ?? all;
  if (values.raise === true) raise(floors, results);
  const faults = shortfalls(floors, results, wanted);
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  if (values.raise === true) fs.writeFileSync(floorsFile, `${JSON.stringify(floors, null, 2)}\n`);
  return faults.length;
}

/** The areas, and the bytes of some hundred answers. */
async function compareAnswers(dir: string): Promise<number> {
  let below = 0;
  if (values.bytes !== true) {
    below = compareAreas(dir, values.area, values.spdy === true);
    if (values.area === undefined && values.spdy !== true) below += compareAreas(dir, ON_SPDY, true);
  }
  if (values.area === undefined) below += await compareBytes(path.dirname(replay), path.join(dir, 'r1.conf'));
  return below;
}

/** The events of the recorded audit sample, with its policy. */
function compareEvents(): Promise<number> {
  const dir = temporary();
  const sample = path.join(path.dirname(replay), 'audit');
  const log = path.join(dir, 'audit.log');
  const flags = ['--audit-policy-file', path.join(sample, 'policy.yaml'), '--audit-log-path', log];
  return withReplica(flags, dir, () =>
    compareAudit(sample, path.join(dir, 'r1.conf'), path.join(dir, 'pki'), log, Number(values.show ?? 0)),
  );
}

let failed = 0;
if (values.audit !== true) {
  const dir = temporary();
  failed += await withReplica([], dir, () => compareAnswers(dir));
}
if (values.audit === true || (values.area === undefined && values.bytes !== true)) failed += await compareEvents();
process.stdout.write(
  failed === 0 ? 'oracle: every area is at or above its floor\n' : `oracle: ${failed} below floor\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
