// How long a replica takes to start after kill -9 with many objects and a long log: from the start of its process until
// /readyz answers 200. 100,000 objects of 1 KB are more than the 128 MiB of log that are kept. Beside another build, in turn.
// Not part of scripts/bench.
//
//   npx tsx bench/start.ts [--other CHECKOUT] [--objects 100000] [--starts 5]
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { call } from '../internal/testing/e2e/cluster.js';
import { type Build, endBuilds, inTurn, pause, startBuilds } from './builds.js';
import { load } from './load.js';
import { startMs } from './process-figures.js';
import { median } from './report.js';
import { configMap } from './seed.js';

const { values } = parseArgs({
  options: {
    other: { type: 'string', default: '' },
    objects: { type: 'string', default: '100000' },
    starts: { type: 'string', default: '5' },
  },
});
const MIB = 1024 * 1024;
let unique = 0;

/** Milliseconds since a process began, in steps of 10 (starttime of /proc/PID/stat). */
function ageMs(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000 - Number(fields[19]) * 10;
}

/** How old the new process is when /readyz answers 200. */
async function readyAfter({ cluster }: Build): Promise<number> {
  const before = cluster.pid(1);
  await cluster.kill(1, 'SIGKILL');
  const up = cluster.up();
  for (;;) {
    try {
      const { status } = await call(`${cluster.url(1)}/readyz`, { timeoutMs: 1_000 });
      if (status === 200) break;
    } catch (error) {
      if (!(error instanceof Error)) throw error; // it does not listen yet
    }
    await pause(10);
  }
  await up;
  const pid = cluster.pid(1);
  if (pid === before) throw new Error('the process was not started anew');
  return ageMs(pid);
}

const builds = await startBuilds(values.other, 1);
try {
  for (const { name, cluster } of builds) {
    const url = `${cluster.address}/api/v1/namespaces/default/configmaps`;
    const amount = Number(values.objects);
    await load({ url, connections: 32, amount, body: () => configMap(`s-${process.pid}-${unique++}`, 1000) });
    const wal = path.join(cluster.dir, 'r1/data/wal');
    const files = fs.existsSync(wal) ? fs.readdirSync(wal).filter((file) => file.endsWith('.wal')) : [];
    const bytes = files.reduce((sum, file) => sum + fs.statSync(path.join(wal, file)).size, 0);
    console.log(`${name}: ${amount} objects, a log of ${(bytes / MIB).toFixed(0)} MiB in ${files.length} segments`);
  }
  const ready = new Map<Build, number[]>(builds.map((build) => [build, []]));
  const told = new Map<Build, number[]>(builds.map((build) => [build, []]));
  for (let round = 0; round < Number(values.starts); round++) {
    for (const build of inTurn(builds, round)) {
      ready.get(build)?.push(await readyAfter(build));
      told.get(build)?.push(startMs(build.cluster, 1));
    }
  }
  for (const build of builds) {
    const [all, own] = [ready.get(build) ?? [], told.get(build) ?? []];
    console.log(
      `${build.name}: /readyz is 200 ${median(all).toFixed(0)} ms after the process began, ready by its own word after ` +
        `${median(own)} ms (each: ${all.map((ms) => ms.toFixed(0)).join(', ')})`,
    );
  }
} finally {
  await endBuilds(builds);
}
