// How long writes stand still when leadership moves: kill -9 of the leader, and `quorate move-leader`, under clients that
// write through the load balancer. scripts/bench runs three kills of it; this is the long form.
//
//   npx tsx bench/failover.ts [--kills 20] [--moves 20] [--replicas 3] [--verbose]
import { parseArgs } from 'node:util';
import { has, startCluster } from '../internal/testing/e2e/cluster.js';
import { leaderEvents } from './leader-events.js';
import { failoverGap, moveGap, type Gap } from './failover-gap.js';
import { median } from './report.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    moves: { type: 'string', default: '20' },
    replicas: { type: 'string', default: '3' },
    /** For gaps over 500 ms: what the replicas logged about leaders, in ms from the kill. */
    verbose: { type: 'boolean', default: false },
  },
});

const SLOW_MS = 500;

function report(what: string, gaps: readonly Gap[]): void {
  const ms = gaps.map((g) => g.gapMs);
  const codes = new Map<string, number>();
  for (const gap of gaps) for (const [code, n] of gap.refusals) codes.set(code, (codes.get(code) ?? 0) + n);
  const refused = [...codes].map(([code, n]) => `${code}: ${n}`).join(', ');
  console.log(
    `${what}, longest time without an acknowledged write: median ${median(ms).toFixed(0)} ms, maximum ` +
      `${Math.max(...ms).toFixed(0)} ms of ${ms.length} (${ms.map((g) => g.toFixed(0)).join(', ')})\n` +
      `  slowest single write: ${Math.max(...gaps.map((g) => g.slowestMs)).toFixed(0)} ms; not acknowledged: ${refused || 'none'}`,
  );
}

const cluster = await startCluster({ replicas: Number(values.replicas) });
try {
  console.log(has('haproxy') ? '8 clients through HAProxy' : '8 clients of one replica: no haproxy here');
  const measure = async (what: string, times: number, run: (tag: string) => Promise<Gap>): Promise<void> => {
    const gaps: Gap[] = [];
    for (let k = 0; k < times; k++) {
      const gap = await run(`${what}-${process.pid}-${k}`);
      gaps.push(gap);
      if (!values.verbose || gap.gapMs < SLOW_MS) continue;
      console.log(`gap of ${gap.gapMs.toFixed(0)} ms:\n  ${leaderEvents(cluster, gap.at).join('\n  ')}`);
    }
    if (gaps.length > 0) report(what, gaps);
  };
  await measure('kill', Number(values.kills), (tag) => failoverGap(cluster, tag));
  await measure('move', Number(values.moves), (tag) => moveGap(cluster, tag));
} finally {
  await cluster.down();
}
